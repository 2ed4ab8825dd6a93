import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { kubernetesStoreOver } from './kubernetes-store.ts';
import { keepNodeLease } from './node-lease.ts';
import { fixedRandom } from '../../runtime/testing/fixed-random.ts';
import { fakedClock } from '../../runtime/testing/faked-clock.ts';
import { LeaseServer } from './testing/lease-server.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2026-01-31T12:00:00.000Z') });
});
afterEach(() => {
  vi.useRealTimers();
});

function agent(server: LeaseServer) {
  const clock = fakedClock();
  const errors: string[] = [];
  const stop = new AbortController();
  const health = { isGood: true };
  const ended = keepNodeLease({
    cluster: kubernetesStoreOver(server.transport(), { component: 'agent', clock, random: fixedRandom(0) }),
    namespace: 'rtvm',
    nodeName: 'host-a',
    isHealthy: () => health.isGood,
    clock,
    random: fixedRandom(0),
    onError: (error) => errors.push((error as Error).message),
  }, stop.signal);
  return { errors, stop, health, ended };
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const renewTime = (server: LeaseServer) => server.lease('host-a')?.spec?.renewTime?.slice(11, 19);

test('a lease is made, and renewed every ten seconds with one request', async () => {
  const server = new LeaseServer();
  const { stop, ended } = agent(server);
  await pass(35_000);
  expect(server.lease('host-a')?.spec).toStrictEqual({ holderIdentity: 'host-a', leaseDurationSeconds: 40, acquireTime: '2026-01-31T12:00:00.000000Z', renewTime: '2026-01-31T12:00:30.000000Z', leaseTransitions: 0 });
  expect(server.requests).toStrictEqual(['GET host-a', 'POST host-a', 'PUT host-a', 'PUT host-a', 'PUT host-a']);
  stop.abort();
  await pass(0);
  await ended;
  expect(renewTime(server)).toBe('12:00:30');
});

test('it lapses while audits do not keep their interval, and is renewed when they do', async () => {
  const server = new LeaseServer();
  const { health } = agent(server);
  await pass(15_000);
  health.isGood = false;
  await pass(60_000);
  expect(renewTime(server)).toBe('12:00:10');
  health.isGood = true;
  await pass(10_000);
  expect(renewTime(server)).toBe('12:01:20');
});

test('a lease of the agent before, one that somebody touched and one that was deleted are taken up', async () => {
  const server = new LeaseServer();
  server.put('host-a', { holderIdentity: 'host-a', leaseDurationSeconds: 40, leaseTransitions: 2 });
  const { errors } = agent(server);
  await pass(5_000);
  expect([renewTime(server), server.lease('host-a')?.spec?.leaseTransitions]).toStrictEqual(['12:00:00', 2]);
  server.put('host-a', { ...server.lease('host-a')?.spec });
  await pass(10_000);
  expect(renewTime(server)).toBe('12:00:10');
  server.remove('host-a');
  await pass(10_000);
  expect([renewTime(server), errors]).toStrictEqual(['12:00:20', []]);
});

test('a server that is away is told of, and the lease is renewed when it is back', async () => {
  const server = new LeaseServer();
  const { errors, stop, ended } = agent(server);
  await pass(5_000);
  server.mode = 'down';
  await pass(20_000);
  server.mode = 'up';
  await pass(20_000);
  expect(new Set(errors)).toStrictEqual(new Set(['Lease rtvm/host-a: update failed: the API server at https://api.test: connect ECONNREFUSED', 'Lease rtvm/host-a: get failed: the API server at https://api.test: connect ECONNREFUSED']));
  expect(renewTime(server)! > '12:00:25').toBe(true);
  stop.abort();
  await pass(0);
  await ended;
});
