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
  const last: { statement: { readonly session: string; readonly number: number } | undefined } = { statement: undefined };
  let wake = (): void => undefined;
  const ended = keepNodeLease({
    cluster: kubernetesStoreOver(server.transport(), { component: 'agent', clock, random: fixedRandom(0) }),
    namespace: 'rtvm',
    nodeName: 'host-a',
    isHealthy: () => health.isGood,
    statement: () => last.statement,
    onWake: (given) => { wake = given; },
    clock,
    random: fixedRandom(0),
    onError: (error) => errors.push((error as Error).message),
  }, stop.signal);
  return { errors, stop, health, last, wake: () => wake(), ended };
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

const named = (server: LeaseServer) => server.lease('host-a')?.metadata.annotations?.['rtvm.dev/statement'];

test('each renewal names the last statement, and what others have put beside it stays', async () => {
  const server = new LeaseServer();
  server.put('host-a', { holderIdentity: 'host-a', leaseDurationSeconds: 40 }, { 'someone.else/word': 'w' });
  const { last } = agent(server);
  await pass(5_000);
  expect(named(server)).toBeUndefined();
  last.statement = { session: 's', number: 7 };
  await pass(10_000);
  expect(server.lease('host-a')?.metadata.annotations).toStrictEqual({ 'someone.else/word': 'w', 'rtvm.dev/statement': 's/7' });
  last.statement = { session: 't', number: 1 };
  await pass(10_000);
  expect(named(server)).toBe('t/1');
});

test('a lease that is made names the last statement too', async () => {
  const server = new LeaseServer();
  const { health, last } = agent(server);
  server.remove('host-a');
  health.isGood = false;
  last.statement = { session: 's', number: 1 };
  await pass(5_000);
  server.remove('host-a');
  health.isGood = true;
  await pass(10_000);
  expect([named(server), server.requests.at(-1)]).toStrictEqual(['s/1', 'POST host-a']);
});

test('what is worth being told at once ends the pause before the next renewal, each time', async () => {
  const server = new LeaseServer();
  const { last, wake, errors } = agent(server);
  await pass(2_000);
  last.statement = { session: 's', number: 1 };
  wake();
  await pass(0);
  expect([renewTime(server), named(server)]).toStrictEqual(['12:00:02', 's/1']);
  last.statement = { session: 's', number: 2 };
  await pass(1_000);
  wake();
  await pass(0);
  expect([renewTime(server), named(server)]).toStrictEqual(['12:00:03', 's/2']);
  await pass(10_000);
  expect([renewTime(server), errors]).toStrictEqual(['12:00:13', []]);
});

test('while the agent is not healthy, a wake renews nothing', async () => {
  const server = new LeaseServer();
  const { health, wake } = agent(server);
  await pass(2_000);
  health.isGood = false;
  wake();
  await pass(1_000);
  expect(renewTime(server)).toBe('12:00:00');
});
