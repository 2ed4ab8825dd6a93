import { expect, test } from 'vitest';
import { machineRuntime } from '../runtime/runtime.ts';
import { storeContract } from './testing/contract.ts';
import { checkHistories } from './testing/histories.ts';
import { MemoryServer } from './testing/memory-server.ts';
import { MemoryStore } from './testing/memory-store.ts';

const travel = () => new Promise<void>((resolve) => void setImmediate(resolve));
const storesOn = (server: MemoryServer) => new MemoryStore({ server, travel });

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

test('a guarded write is not made where its guard throws', async () => {
  const server = new MemoryServer(machineRuntime);
  const store = storesOn(server).guarded(() => { throw new Error('not the leader'); });
  await expect(store.createForeign('Lease', { metadata: { namespace: 'a', name: 'b' }, spec: {} })).rejects.toThrow('not the leader');
  expect(await store.listForeign('Lease')).toEqual([]);
});
