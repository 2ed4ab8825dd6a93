import { expect, test } from 'vitest';
import type { EventDraft } from '../event.ts';
import { EventRecorder } from './event-recorder.ts';
import { Rest } from './rest.ts';
import { fixedRandom } from '../../runtime/testing/fixed-random.ts';
import { hastyClock } from '../../runtime/testing/hasty-clock.ts';
import { json, scripted } from './testing/scripted-transport.ts';
import type { Answer } from './testing/scripted-transport.ts';
import type { TransportRequest } from './transport.ts';

const about = { kind: 'RealtimeVM', namespace: 'lab', name: 'a', uid: 'uid-a' } as const;
const corrected: EventDraft = { about, type: 'Warning', reason: 'RealtimeCorrected', message: 'vCPU 1 was SCHED_OTHER' };
const name = /^a\.[0-9a-f]{16}$/;

/** The server's answer to a write: the object, as it was sent. */
const accepts: Answer = (request) => {
  const sent = JSON.parse(request.body!) as { metadata: object };
  return json(200, { ...sent, metadata: { ...sent.metadata, uid: 'uid-event', resourceVersion: '7' } })(request);
};
const status = (code: number, reason = ''): Answer => json(code, { kind: 'Status', reason, details: { name: 'event' } });

function recorder(answers: readonly Answer[] | Answer) {
  const bodies: { metadata: { name: string; namespace: string; resourceVersion?: string }; count: number; message: string; [field: string]: unknown }[] = [];
  const keep = (answer: Answer): Answer => (request: TransportRequest) => {
    if (request.body !== undefined) bodies.push(JSON.parse(request.body) as (typeof bodies)[number]);
    return answer(request);
  };
  const script = scripted(typeof answers === 'function' ? Array.from({ length: 200 }, () => keep(answers)) : answers.map(keep));
  const clock = hastyClock();
  const rest = new Rest({ transport: script.transport, clock, random: fixedRandom(0.5) });
  return { events: new EventRecorder(rest, 'rtvm-agent'), rest, bodies, clock, sent: () => script.sent.map((request) => request.split(' ', 2).join(' ')) };
}

test('an event is one object, in the namespace of its subject', async () => {
  const { events, bodies, sent } = recorder([accepts]);
  await events.record(corrected, undefined);
  expect(sent()).toStrictEqual(['POST /api/v1/namespaces/lab/events']);
  expect(bodies).toStrictEqual([{
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: expect.stringMatching(name) as unknown, namespace: 'lab' },
    involvedObject: { apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeVM', namespace: 'lab', name: 'a', uid: 'uid-a' },
    type: 'Warning',
    reason: 'RealtimeCorrected',
    message: 'vCPU 1 was SCHED_OTHER',
    count: 1,
    firstTimestamp: '2026-01-31T12:00:00.000Z',
    lastTimestamp: '2026-01-31T12:00:00.000Z',
    source: { component: 'rtvm-agent' },
  }]);
});

test('those about objects of the whole cluster go to the default namespace, and names stay within their bounds', async () => {
  const { events, bodies } = recorder(accepts);
  const longName = `${'x'.repeat(62)}.`.repeat(4).slice(0, 252) + 'a';
  await events.record({ ...corrected, about: { kind: 'RealtimeNode', namespace: undefined, name: longName, uid: 'uid-n' }, message: 'ü'.repeat(2000) }, undefined);
  expect(bodies[0]).toMatchObject({ metadata: { namespace: 'default' }, involvedObject: { kind: 'RealtimeNode', name: longName } });
  expect('namespace' in (bodies[0]!['involvedObject'] as object)).toBe(false);
  expect(bodies[0]!.metadata.name).toMatch(/^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/);
  expect(Buffer.byteLength(bodies[0]!.message)).toBeLessThanOrEqual(1024);
});

test('what is said again is counted in the same object, by this process and the next', async () => {
  const one = recorder([accepts, accepts]);
  await one.events.record(corrected, undefined);
  one.clock.advance(5_000);
  await one.events.record(corrected, undefined);
  expect(one.bodies.map(({ metadata, count, lastTimestamp }) => [metadata.resourceVersion, count, lastTimestamp])).toStrictEqual([[undefined, 1, '2026-01-31T12:00:00.000Z'], ['7', 2, '2026-01-31T12:00:05.000Z']]);
  const existing = { ...one.bodies[1]!, metadata: { ...one.bodies[1]!.metadata, uid: 'uid-event', resourceVersion: '9' } };
  const next = recorder([status(409, 'AlreadyExists'), json(200, existing), accepts]);
  await next.events.record(corrected, undefined);
  expect(next.bodies.map(({ metadata, count }) => [metadata.name, count])).toStrictEqual([[existing.metadata.name, 1], [existing.metadata.name, 3]]);
});

test('an event that the server has forgotten is made anew, and a conflict is settled', async () => {
  const { events, bodies, sent } = recorder([accepts, status(404), status(404), accepts, status(409, 'Conflict'), (request) => json(200, { ...bodies[0]!, count: 5, metadata: { ...bodies[0]!.metadata, uid: 'uid-event', resourceVersion: '9' } })(request), accepts]);
  await events.record(corrected, undefined);
  await events.record(corrected, undefined);
  await events.record(corrected, undefined);
  expect(sent().map((request) => request.split(' ')[0])).toStrictEqual(['POST', 'PUT', 'GET', 'POST', 'PUT', 'GET', 'PUT']);
  expect(bodies.at(-1)?.count).toBe(6);
});

test('one subject has 25 at once and one more in five minutes; what is left out is counted with the next', async () => {
  const { events, bodies, clock } = recorder(accepts);
  for (let count = 0; count < 40; count += 1) await events.record(corrected, undefined);
  await events.record({ ...corrected, reason: 'Other' }, undefined);
  expect(bodies).toHaveLength(25);
  await events.record({ ...corrected, about: { ...about, uid: 'uid-b' } }, undefined);
  expect(bodies).toHaveLength(26);
  clock.advance(300_000);
  await events.record(corrected, undefined);
  expect([bodies.length, bodies.at(-1)?.count]).toStrictEqual([27, 41]);
  await events.record(corrected, undefined);
  expect(bodies).toHaveLength(27);
});

test('what could not be written is an error, and is said again next time', async () => {
  const { events, bodies, rest } = recorder([status(403), accepts]);
  await expect(events.record(corrected, undefined)).rejects.toThrow(expect.objectContaining({ code: 'FORBIDDEN' }));
  await events.record(corrected, undefined);
  expect(bodies.map(({ count }) => count)).toStrictEqual([1, 1]);
  const over = events.through(rest.guarded(() => { throw new Error('over'); }));
  await expect(over.record({ ...corrected, reason: 'Other' }, undefined)).rejects.toThrow('over');
});

test('the events of one object are those that we said of it, oldest first', async () => {
  const event = (uid: string, message: string, lastTimestamp: string, component = 'rtvm-agent') => ({ metadata: { name: message, uid: message, resourceVersion: '1' }, involvedObject: { uid, kind: 'RealtimeVM', name: 'a' }, type: 'Normal', reason: 'Said', message, count: 2, firstTimestamp: '2026-01-31T12:00:00Z', lastTimestamp, source: { component } });
  const { events, sent } = recorder([json(200, { metadata: { resourceVersion: '9' }, items: [event('uid-a', 'second', '2026-01-31T12:00:02Z'), event('uid-a', 'first', '2026-01-31T12:00:01Z'), event('uid-b', 'other', '2026-01-31T12:00:01Z'), event('uid-a', 'kubelet', '2026-01-31T12:00:01Z', 'kubelet')] })]);
  const said = { about, type: 'Normal', reason: 'Said', count: 2, firstTimestamp: '2026-01-31T12:00:00Z' };
  expect(await events.about(about, undefined)).toStrictEqual([{ ...said, message: 'first', lastTimestamp: '2026-01-31T12:00:01Z' }, { ...said, message: 'second', lastTimestamp: '2026-01-31T12:00:02Z' }]);
  expect(sent()).toStrictEqual(['GET /api/v1/namespaces/lab/events?fieldSelector=involvedObject.uid=uid-a&limit=500']);
});
