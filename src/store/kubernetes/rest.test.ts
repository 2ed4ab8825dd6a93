import { expect, test } from 'vitest';
import { foreignResources, ownResource } from './api-resource.ts';
import type { ApiTarget } from './api-resource.ts';
import { NotLeaderError } from './leadership.ts';
import { Rest } from './rest.ts';
import type { RequestSeen, RestRequest } from './rest.ts';
import { fixedRandom } from '../../runtime/testing/fixed-random.ts';
import { hastyClock } from '../../runtime/testing/hasty-clock.ts';
import { broken, events, json, scripted, silence, text } from './testing/scripted-transport.ts';
import type { Answer } from './testing/scripted-transport.ts';

const host: ApiTarget = { resource: ownResource('RealtimeNode'), name: 'host-a' };
const get: RestRequest = { verb: 'get', target: host };
const create: RestRequest = { verb: 'create', target: host, body: {} };
const update: RestRequest = { verb: 'update', target: host, body: {} };
const ok = json(200, { ok: true });
const busy = (status: number, retryAfter?: string) => json(status, { kind: 'Status', message: 'busy' }, retryAfter);

function restOver(answers: readonly Answer[]) {
  const clock = hastyClock();
  const script = scripted(answers);
  const seen: RequestSeen[] = [];
  return { rest: new Rest({ transport: script.transport, clock, random: fixedRandom(0.5), onRequest: (request) => seen.push(request) }), clock, script, seen };
}

test.each([
  ['429 with Retry-After, whatever the verb', create, [busy(429, '7'), ok], [7_875]],
  ['429 with the seconds in the Status', get, [json(429, { kind: 'Status', details: { retryAfterSeconds: 2 } }), ok], [2_250]],
  ['429 with a date', get, [busy(429, 'Sat, 31 Jan 2026 12:00:04 GMT'), ok], [4_500]],
  ['503 without a word, with growing pauses', get, [busy(503), busy(503), busy(503), busy(503), ok], [75, 150, 300, 600]],
  ['a connection that breaks', update, [broken(false), ok], [75]],
  ['a create that was never sent', create, [broken(true), ok], [75]],
  ['an answer that is no JSON', get, [text(200, '<html>'), ok], [75]],
] as const)('waits out %s', async (_what, request, answers, slept) => {
  const { rest, clock, script } = restOver(answers);
  expect(await rest.json(request)).toStrictEqual({ ok: true });
  expect(clock.slept).toStrictEqual(slept);
  expect(new Set(script.sent).size).toBe(1);
});

test.each([
  ['a create whose answer was lost', create, [broken(false)], 'UNAVAILABLE', 'RealtimeNode host-a: create failed: the API server at https://api.test:6443: socket hang up'],
  ['a create that a broken server answered', create, [busy(503)], 'UNAVAILABLE', 'RealtimeNode host-a: create failed: the API server answers 503: busy'],
  ['an error of the server that gives no time', get, [busy(500)], 'UNAVAILABLE', 'RealtimeNode host-a: get failed: the API server answers 500: busy'],
  ['a server that is busy for longer than anybody waits', get, [busy(429, '3600')], 'UNAVAILABLE', 'RealtimeNode host-a: get failed: the API server answers 429: busy'],
  ['a server that stays busy', get, [busy(503), busy(503), busy(503), busy(503), busy(503), ok], 'UNAVAILABLE', 'RealtimeNode host-a: get failed: the API server answers 503: busy'],
  ['something that is a teapot', get, [text(418, 'short and stout')], 'STORAGE_FAILED', 'RealtimeNode host-a: get failed: the API server answers 418: short and stout'],
] as const)('tells of %s', async (_what, request, answers, code, message) => {
  const { rest, script } = restOver(answers);
  await expect(rest.json(request)).rejects.toThrow(expect.objectContaining({ code, message }));
  expect(script.sent.length).toBe(Math.min(answers.length, 5));
});

test('credentials that are refused are made anew, once', async () => {
  const refused = json(401, { kind: 'Status', message: 'Unauthorized' });
  const once = restOver([refused, ok]);
  expect(await once.rest.json(create)).toStrictEqual({ ok: true });
  expect(once.script.renewals()).toBe(1);
  const twice = restOver([refused, refused, ok]);
  await expect(twice.rest.json(create)).rejects.toThrow(expect.objectContaining({ code: 'FORBIDDEN', message: 'the API server does not accept these credentials (Unauthorized): they may have expired' }));
});

test('every request is counted, with what came of it', async () => {
  const { rest, seen } = restOver([busy(429, '1'), broken(true), ok, events([{ a: 1 }], 'end')]);
  await rest.json({ verb: 'update', target: { resource: foreignResources.Lease, namespace: 'rtvm', name: 'leader', subresource: 'status' }, body: {} });
  for await (const line of rest.stream({ verb: 'watch', target: { resource: ownResource('RealtimeVM') } }, { signal: new AbortController().signal, silenceMs: () => 1_000 })) expect(line).toStrictEqual({ a: 1 });
  const lease = { verb: 'update', group: 'coordination.k8s.io', resource: 'leases/status', namespace: 'rtvm', name: 'leader' };
  expect(seen).toEqual([{ ...lease, status: 429 }, { ...lease, status: 0 }, { ...lease, status: 200 }, { verb: 'watch', group: 'rtvm.dev', resource: 'realtimevms', status: 200 }]);
});

test('a guard is asked before each write, after each pause, and before nothing else', async () => {
  const { rest, script } = restOver([ok, busy(429, '1'), ok, ok]);
  let asked = 0;
  const guarded = rest.guarded(() => {
    asked += 1;
    if (asked === 2) throw new NotLeaderError('over');
  });
  await guarded.json(get);
  await expect(guarded.json(create)).rejects.toThrow(expect.objectContaining({ code: 'NOT_LEADER' }));
  expect([asked, script.sent.length]).toStrictEqual([2, 2]);
  await rest.json(create);
  expect(asked).toBe(2);
});

test('a call ends when it is aborted, and when its time is up', async () => {
  const { rest } = restOver([silence(), silence(), busy(429, '30')]);
  await expect(rest.json(get, { signal: AbortSignal.timeout(20) })).rejects.toThrow(expect.objectContaining({ name: 'TimeoutError' }));
  await expect(rest.json(get, { timeoutMs: 20, attempts: 1 })).rejects.toThrow(expect.objectContaining({ code: 'UNAVAILABLE', message: 'RealtimeNode host-a: get failed: the API server at https://api.test:6443: no answer within 0.02 s' }));
  await expect(rest.json(get, { signal: AbortSignal.abort(new Error('stopped')) })).rejects.toThrow('stopped');
});

test('no more than 32 requests are under way at once, and who is aborted while waiting is not sent', async () => {
  let underWay = 0;
  let most = 0;
  const slow: Answer = async (request) => {
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise((resolve) => setTimeout(resolve, 2));
    underWay -= 1;
    return ok(request);
  };
  const { rest, script } = restOver(Array.from({ length: 200 }, () => slow));
  const stop = new AbortController();
  const calls = Array.from({ length: 100 }, (_, index) => rest.json(get, index === 99 ? { signal: stop.signal } : {}));
  stop.abort(new Error('stopped'));
  const results = await Promise.allSettled(calls);
  expect([most, script.sent.length, results.filter(({ status }) => status === 'rejected').length]).toStrictEqual([32, 99, 1]);
});

test('a lease waits for nobody', async () => {
  const { rest, script } = restOver([...Array.from({ length: 32 }, silence), ok]);
  const stop = new AbortController();
  const busyWith = Array.from({ length: 40 }, () => rest.json(create, { signal: stop.signal }));
  await expect.poll(() => script.sent.length).toBe(32);
  expect(await rest.json({ verb: 'update', target: { resource: foreignResources.Lease, namespace: 'rtvm', name: 'leader' }, body: {} })).toStrictEqual({ ok: true });
  expect(script.sent.at(-1)).toMatch('PUT /apis/coordination.k8s.io/v1/namespaces/rtvm/leases/leader');
  stop.abort();
  await Promise.allSettled(busyWith);
  expect(script.sent).toHaveLength(33);
});

test('a watch is opened when the server says, and tells how it ends', async () => {
  const watch: RestRequest = { verb: 'watch', target: { resource: ownResource('RealtimeNode') } };
  const lines = async (answers: readonly Answer[], silenceMs = 1_000) => {
    const read: unknown[] = [];
    const { rest, clock } = restOver(answers);
    const ended = (async () => {
      for await (const line of rest.stream(watch, { signal: new AbortController().signal, silenceMs: () => silenceMs })) read.push(line);
      return 'end';
    })().catch((error: unknown) => (error as Error).message);
    return { ended: await ended, read, slept: clock.slept };
  };
  const from = 'realtimenodes: watch failed: the API server at https://api.test:6443:';
  expect(await lines([busy(429, '2'), events([{ n: 1 }, '{"n"', ':2}\n{"n":3}\n'], 'end')])).toStrictEqual({ ended: 'end', read: [{ n: 1 }, { n: 2 }, { n: 3 }], slept: [2_250] });
  expect(await lines([events([{ n: 1 }, '{"n":'], 'end')])).toStrictEqual({ ended: `${from} the connection was cut within an event`, read: [{ n: 1 }], slept: [] });
  expect(await lines([events([{ n: 1 }], 'cut')])).toStrictEqual({ ended: `${from} aborted`, read: [{ n: 1 }], slept: [] });
  expect(await lines([events([{ n: 1 }], 'silence')], 20)).toStrictEqual({ ended: `${from} it has been silent for too long`, read: [{ n: 1 }], slept: [] });
  expect(await lines([busy(503)])).toStrictEqual({ ended: 'realtimenodes: watch failed: the API server answers 503: busy', read: [], slept: [] });
});
