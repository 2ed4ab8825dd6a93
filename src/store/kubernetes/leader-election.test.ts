import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { kubernetesStoreOver } from './kubernetes-store.ts';
import { LeaderElection } from './leader-election.ts';
import type { Leadership } from './leadership.ts';
import { fixedRandom } from '../../runtime/testing/fixed-random.ts';
import { fakedClock } from '../../runtime/testing/faked-clock.ts';
import { LeaseServer } from './testing/lease-server.ts';

const start = new Date('2026-01-31T12:00:00.000Z');

beforeEach(() => {
  vi.useFakeTimers({ now: start });
});
afterEach(() => {
  vi.useRealTimers();
});

/** One process that stands for election, and works until it is told to stop, or for as long as `work` says. */
function candidate(server: LeaseServer, identity: string, { work }: { readonly work?: (leadership: Leadership) => Promise<void> } = {}) {
  const clock = fakedClock();
  const told: string[] = [];
  const stop = new AbortController();
  let leadership: Leadership | undefined;
  const election = new LeaderElection({
    cluster: kubernetesStoreOver(server.transport(), { component: identity, clock, random: fixedRandom(0) }),
    lease: { namespace: 'rtvm', name: 'leader' },
    identity,
    clock,
    random: fixedRandom(0),
    onChange: (change) => {
      if (change.type === 'lost') told.push(`lost: ${change.reason.message}`);
      else if (change.type === 'following') told.push(`following ${change.leader}`);
      else told.push(change.type);
    },
  });
  const ended = election.run(stop.signal, async (given) => {
    leadership = given;
    await (work ?? untilAborted)(given);
    told.push('stopped');
  });
  // Tests look at it when they end the candidate.
  ended.catch(() => undefined);
  const mayWrite = () => {
    try {
      leadership!.guard();
      return true;
    } catch {
      return false;
    }
  };
  return {
    clock, told, stop, ended, mayWrite, leads: () => leadership?.signal.aborted === false,
    noticed: () => leadership?.noticed,
    onWentBack: (listener: () => void) => leadership?.onWentBack?.(listener),
  };
}

async function untilAborted({ signal }: Leadership): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

test('the first takes the lease, renews it every two seconds, and gives it back when it is stopped', async () => {
  const server = new LeaseServer();
  const a = candidate(server, 'a');
  await pass(0);
  const first = { holderIdentity: 'a', leaseDurationSeconds: 15, acquireTime: '2026-01-31T12:00:00.000000Z', renewTime: '2026-01-31T12:00:00.000000Z', leaseTransitions: 0 };
  expect([server.lease('leader')?.spec, a.leads(), a.mayWrite()]).toStrictEqual([first, true, true]);
  await pass(10_000);
  expect(server.lease('leader')?.spec).toStrictEqual({ ...first, renewTime: '2026-01-31T12:00:10.000000Z' });
  expect(server.requests).toStrictEqual(['GET leader', 'POST leader', ...Array.from({ length: 5 }, () => 'PUT leader')]);
  a.stop.abort();
  await pass(0);
  await a.ended;
  expect(server.lease('leader')?.spec).toStrictEqual({ ...first, holderIdentity: '', leaseDurationSeconds: 1, renewTime: '2026-01-31T12:00:10.000000Z' });
  expect(a.told).toStrictEqual(['leading', 'stopped']);
});

test('another takes over at once what was given back, and counts the change', async () => {
  const server = new LeaseServer();
  server.put('leader', { holderIdentity: '', leaseDurationSeconds: 1, leaseTransitions: 3 });
  candidate(server, 'b');
  await pass(0);
  expect(server.lease('leader')?.spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 4 });
});

test.each(['1999-01-01T00:00:00.000000Z', '2099-01-01T00:00:00.000000Z'])('a lease that is not renewed is taken 15 s after it was first seen, whatever its holder\'s clock says (%s)', async (renewTime) => {
  const server = new LeaseServer();
  server.put('leader', { holderIdentity: 'gone', leaseDurationSeconds: 15, renewTime, acquireTime: renewTime, leaseTransitions: 0 });
  const b = candidate(server, 'b');
  await pass(14_900);
  expect([b.told, server.lease('leader')?.spec?.holderIdentity]).toStrictEqual([['following gone'], 'gone']);
  await pass(2_000);
  expect([b.told, server.lease('leader')?.spec?.holderIdentity]).toStrictEqual([['following gone', 'leading'], 'b']);
});

test('a lease that is renewed is never taken', async () => {
  const server = new LeaseServer();
  const a = candidate(server, 'a');
  await pass(0);
  const b = candidate(server, 'b');
  await pass(120_000);
  expect([a.told, b.told]).toStrictEqual([['leading'], ['following a']]);
});

test('who cannot renew stops ten seconds after the last renewal was sent, five before anybody may take over', async () => {
  const server = new LeaseServer();
  const a = candidate(server, 'a');
  await pass(2_000);
  server.mode = 'down';
  await pass(9_999);
  expect([a.leads(), a.mayWrite()]).toStrictEqual([true, true]);
  await pass(1);
  expect([a.leads(), a.mayWrite()]).toStrictEqual([false, false]);
  expect(a.told.filter((text) => text !== 'failed')).toStrictEqual(['leading', 'stopped', 'lost: this process does not lead any more: the lease was not renewed within 10 s']);
  server.mode = 'up';
  await pass(20_000);
  expect(a.leads()).toBe(true);
});

test('a process that was frozen learns of it from the clock, before any timer fires', async () => {
  const server = new LeaseServer();
  const a = candidate(server, 'a');
  await pass(2_000);
  a.clock.jump(9_999);
  expect([a.mayWrite(), a.leads()]).toStrictEqual([true, true]);
  a.clock.jump(1);
  expect([a.mayWrite(), a.leads()]).toStrictEqual([false, false]);
});

test('a renewal whose answer is lost took place, and is not mistaken for another\'s', async () => {
  const server = new LeaseServer();
  const a = candidate(server, 'a');
  await pass(1_900);
  server.mode = 'lost';
  await pass(200);
  server.mode = 'up';
  await pass(60_000);
  expect(a.told).toStrictEqual(['leading']);
});

test.each<[string, (server: LeaseServer) => void, string]>([
  ['is taken by hand', (server) => server.put('leader', { holderIdentity: 'b', leaseDurationSeconds: 15 }), 'b holds the Lease rtvm/leader now'],
  ['is emptied by hand', (server) => server.put('leader', {}), 'nobody holds the Lease rtvm/leader now'],
  ['is deleted', (server) => server.remove('leader'), 'the Lease rtvm/leader was deleted'],
])('work stops when the lease %s', async (_what, change, reason) => {
  const server = new LeaseServer();
  const a = candidate(server, 'a');
  await pass(100);
  change(server);
  await pass(1_950);
  expect(a.told.slice(0, 3)).toStrictEqual(['leading', 'stopped', `lost: this process does not lead any more: ${reason}`]);
});

test('a label on the lease, put there by somebody, ends nothing', async () => {
  const server = new LeaseServer();
  const a = candidate(server, 'a');
  await pass(100);
  server.put('leader', server.lease('leader')?.spec);
  await pass(60_000);
  expect(a.told).toStrictEqual(['leading']);
});

test('the lease is kept until work that was told to stop has ended', async () => {
  const server = new LeaseServer();
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const a = candidate(server, 'a', { work: () => promise });
  await pass(0);
  a.stop.abort();
  await pass(30_000);
  expect([server.lease('leader')?.spec?.holderIdentity, a.mayWrite()]).toStrictEqual(['a', true]);
  resolve(undefined);
  await pass(0);
  await a.ended;
  expect([server.lease('leader')?.spec?.holderIdentity, a.mayWrite()]).toStrictEqual(['', false]);
});

test('work that fails gives the lease back, and its error is told', async () => {
  const server = new LeaseServer();
  const a = candidate(server, 'a', { work: () => Promise.reject(new Error('out of memory')) });
  await pass(0);
  await expect(a.ended).rejects.toThrow('out of memory');
  expect(server.lease('leader')?.spec?.holderIdentity).toBe('');
});

test('while the server is away nobody leads, and candidates go on asking', async () => {
  const server = new LeaseServer();
  server.mode = 'down';
  const a = candidate(server, 'a');
  await pass(30_000);
  expect(new Set(a.told)).toStrictEqual(new Set(['failed']));
  server.mode = 'up';
  await pass(5_000);
  expect(a.leads()).toBe(true);
  a.stop.abort();
  await pass(0);
  await a.ended;
});

const count = (server: LeaseServer) => server.lease('leader')?.metadata.annotations?.['rtvm.dev/count'];

test('each renewal raises the count that the lease carries, and who takes it over goes on from there', async () => {
  const server = new LeaseServer();
  const a = candidate(server, 'a');
  await pass(0);
  expect([count(server), a.noticed()]).toStrictEqual(['1', undefined]);
  await pass(10_000);
  expect(count(server)).toBe('6');
  a.stop.abort();
  await pass(0);
  await a.ended;
  const b = candidate(server, 'b');
  await pass(0);
  expect([count(server), b.leads(), b.noticed()]).toStrictEqual(['7', true, undefined]);
});

test('what others have put beside the count stays', async () => {
  const server = new LeaseServer();
  server.put('leader', { holderIdentity: '', leaseDurationSeconds: 1 }, { 'rtvm.dev/restore': 'r', 'rtvm.dev/count': '41' });
  candidate(server, 'a');
  await pass(2_000);
  expect(server.lease('leader')?.metadata.annotations).toStrictEqual({ 'rtvm.dev/restore': 'r', 'rtvm.dev/count': '43' });
});

test.each([
  ['a minute', 60_000, undefined], ['five minutes', 300_000, undefined], ['more than five minutes', 300_001, 'longPast'],
])('a lease that nobody has renewed for %s is taken as such', async (_, agoMs, noticed) => {
  const server = new LeaseServer();
  const renewTime = new Date(start.getTime() - agoMs).toISOString().replace('Z', '000Z');
  server.put('leader', { holderIdentity: '', leaseDurationSeconds: 1, renewTime });
  const a = candidate(server, 'a');
  await pass(0);
  expect([a.leads(), a.noticed()]).toStrictEqual([true, noticed]);
});

test('a lease that is put back to a lower count while it is held is told of once, and its count goes on from the highest', async () => {
  const server = new LeaseServer();
  const a = candidate(server, 'a');
  await pass(10_000);
  let wentBack = 0;
  a.onWentBack(() => (wentBack += 1));
  server.put('leader', server.lease('leader')?.spec, { 'rtvm.dev/count': '2' });
  await pass(2_000);
  expect([wentBack, a.leads()]).toStrictEqual([1, true]);
  await pass(2_000);
  expect([wentBack, count(server), a.told]).toStrictEqual([1, '7', ['leading']]);
});

test('a renewal whose answer is lost, and a label by somebody, are no lease that went back', async () => {
  const server = new LeaseServer();
  const a = candidate(server, 'a');
  await pass(1_900);
  let wentBack = 0;
  a.onWentBack(() => (wentBack += 1));
  server.mode = 'lost';
  await pass(200);
  server.mode = 'up';
  await pass(4_000);
  server.put('leader', server.lease('leader')?.spec);
  await pass(10_000);
  expect([wentBack, a.leads()]).toStrictEqual([0, true]);
});

test.each<[string, (server: LeaseServer) => void]>([
  ['was deleted', (server) => server.remove('leader')],
  ['has a lower count', (server) => server.put('leader', { holderIdentity: '', leaseDurationSeconds: 1 }, { 'rtvm.dev/count': '2' })],
])('who has held a lease knows that it went back where it %s', async (_, change) => {
  const server = new LeaseServer();
  const a = candidate(server, 'a');
  await pass(10_000);
  change(server);
  await pass(3_000);
  expect([a.told, a.leads(), a.noticed(), count(server)]).toStrictEqual([
    ['leading', 'stopped', expect.stringMatching(/^lost: /), 'leading'], true, 'wentBack', '7',
  ]);
});

test('who has held a lease knows that it went back where it says that one holds it who is gone', async () => {
  const server = new LeaseServer();
  const a = candidate(server, 'a');
  await pass(10_000);
  server.put('leader', { holderIdentity: 'gone', leaseDurationSeconds: 15 }, { 'rtvm.dev/count': '2' });
  await pass(20_000);
  expect([a.leads(), a.noticed()]).toStrictEqual([true, 'wentBack']);
});

test('a lease that went back is no news to who follows another that has led since', async () => {
  const server = new LeaseServer();
  const a = candidate(server, 'a');
  await pass(10_000);
  server.put('leader', { holderIdentity: 'b', leaseDurationSeconds: 15 }, { 'rtvm.dev/count': '2' });
  await pass(4_000);
  server.put('leader', { holderIdentity: 'b', leaseDurationSeconds: 15 }, { 'rtvm.dev/count': '3' });
  await pass(22_000);
  expect([a.leads(), a.noticed()]).toStrictEqual([true, undefined]);
});

test('who has followed a lease knows that it went back where its holder has it back as it was', async () => {
  const server = new LeaseServer();
  const a = candidate(server, 'a');
  await pass(10_000);
  const b = candidate(server, 'b');
  await pass(4_000);
  a.stop.abort();
  server.mode = 'down';
  await pass(0);
  server.mode = 'up';
  server.put('leader', { holderIdentity: 'b', leaseDurationSeconds: 15 }, { 'rtvm.dev/count': '3' });
  await pass(2_000);
  expect([b.leads(), b.noticed()]).toStrictEqual([true, 'wentBack']);
});

test('times that cannot be safe are refused', () => {
  const cluster = kubernetesStoreOver(new LeaseServer().transport(), { component: 'a' });
  expect(() => new LeaderElection({ cluster, lease: { namespace: 'rtvm', name: 'leader' }, identity: 'a', durationMs: 10_000 })).toThrow('leader election needs retryMs < renewDeadlineMs < durationMs, found 2000, 10000, 10000');
});
