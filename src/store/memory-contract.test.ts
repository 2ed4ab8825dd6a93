import { expect, test } from 'vitest';
import { machineRuntime } from '../runtime/runtime.ts';
import { StoreError } from './errors.ts';
import { storeContract } from './testing/contract.ts';
import { checkHistories } from './testing/histories.ts';
import { MemoryServer } from './testing/memory-server.ts';
import { MemoryStore } from './testing/memory-store.ts';

const aTurn = () => new Promise<void>((resolve) => void setImmediate(resolve));
const storesOn = (server: MemoryServer) => new MemoryStore({ server, way: { there: aTurn, back: aTurn } });

storeContract('memory', () => {
  const server = new MemoryServer(machineRuntime);
  return Promise.resolve({ store: storesOn(server), other: storesOn(server) });
});

test('random histories of two processes on one memory', { timeout: 60_000 }, async () => {
  await checkHistories(() => {
    const server = new MemoryServer(machineRuntime);
    return Promise.resolve({
      stores: [storesOn(server), storesOn(server)],
      reopen: () => Promise.resolve(storesOn(server)),
      end: () => Promise.resolve(),
    });
  }, { deletionRaisesGeneration: false, staleWritesMayBeNone: false }, { numRuns: 200, maxCommands: 60, timeLimitMs: 30_000 });
});

test('a call that has left is carried out, whether its answer is lost or nobody waits for it', async () => {
  const server = new MemoryServer(machineRuntime);
  const lost = new MemoryStore({ server, way: { there: aTurn, back: () => Promise.reject(new StoreError('UNAVAILABLE', 'lost')) } });
  await expect(lost.createForeign('Lease', { metadata: { namespace: 'a', name: 'b' }, spec: {} })).rejects.toThrow('lost');
  const stop = new AbortController();
  const abandoned = storesOn(server).deleteForeign('Lease', { namespace: 'a', name: 'b' }, {}, stop.signal);
  expect(server.find('Lease', { namespace: 'a', name: 'b' })).toBeDefined();
  stop.abort(new Error('nobody waits'));
  await expect(abandoned).rejects.toThrow('nobody waits');
  await aTurn();
  await aTurn();
  expect(server.find('Lease', { namespace: 'a', name: 'b' })).toBeUndefined();
});

test('a guarded write is not made where its guard throws', async () => {
  const server = new MemoryServer(machineRuntime);
  const store = storesOn(server).guarded(() => { throw new Error('not the leader'); });
  await expect(store.createForeign('Lease', { metadata: { namespace: 'a', name: 'b' }, spec: {} })).rejects.toThrow('not the leader');
  expect(await store.listForeign('Lease')).toEqual([]);
});
