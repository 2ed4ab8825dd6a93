import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { EventDraft, RecordedEvent } from '../event.ts';
import { eventsPerObject, withEvent } from './events.ts';
import { node } from './testing/samples.ts';
import { openStore, testTime } from './testing/temporary.ts';

const event: EventDraft = { about: { kind: 'RealtimeNode', namespace: undefined, name: 'host-a', uid: 'uid-1' }, type: 'Normal', reason: 'Started', message: 'started' };

test('the newest event is counted when it repeats, and only the newest', () => {
  const at = (second: number) => new Date(Date.UTC(2026, 0, 31, 12, 0, second));
  const said = [event, event, { ...event, message: 'stopped' }, event].reduce<readonly RecordedEvent[]>((events, next, second) => withEvent(events, next, at(second)), []);
  expect(said).toStrictEqual([
    { ...event, count: 2, firstTimestamp: '2026-01-31T12:00:00.000Z', lastTimestamp: '2026-01-31T12:00:01.000Z' },
    { ...event, message: 'stopped', count: 1, firstTimestamp: '2026-01-31T12:00:02.000Z', lastTimestamp: '2026-01-31T12:00:02.000Z' },
    { ...event, count: 1, firstTimestamp: '2026-01-31T12:00:03.000Z', lastTimestamp: '2026-01-31T12:00:03.000Z' },
  ]);
});

test('the oldest events are dropped', () => {
  let events: readonly RecordedEvent[] = [];
  for (let number = 0; number < eventsPerObject + 5; number += 1) events = withEvent(events, { ...event, message: String(number) }, new Date(testTime));
  expect(events.map(({ message }) => message)).toStrictEqual(Array.from({ length: eventsPerObject }, (_, index) => String(index + 5)));
});

test('events belong to one object, and go with it', async () => {
  const { store } = await openStore();
  const first = await store.create(node('host-a'));
  const about = { kind: 'RealtimeNode', name: 'host-a', uid: first.metadata.uid } as const;
  await store.recordEvent({ ...event, about });
  await store.recordEvent({ ...event, about: { ...about, uid: 'another' } });
  expect(await store.events(about)).toStrictEqual([{ ...event, about, count: 1, firstTimestamp: testTime, lastTimestamp: testTime }]);
  expect(await store.events({ ...about, uid: 'another' })).toStrictEqual([]);

  await store.delete('RealtimeNode', { name: 'host-a' });
  await store.recordEvent({ ...event, about });
  expect(await store.events(about)).toStrictEqual([]);
});

test('a damaged file of events names itself, and harms nothing else', async () => {
  const { directory, store } = await openStore();
  const { metadata } = await store.create(node('host-a'));
  const about = { kind: 'RealtimeNode', name: 'host-a', uid: metadata.uid } as const;
  const file = `${directory}/state/events/RealtimeNode__host-a.json`;
  await writeFile(file, '[{"count": "many"}]');
  const damaged = expect.objectContaining({ code: 'DAMAGED', message: `${file} is damaged: it should hold a list of events. Remove it: only the history of that one object is lost` }) as unknown;
  await expect(store.recordEvent({ ...event, about })).rejects.toThrow(damaged);
  await expect(store.events(about)).rejects.toThrow(damaged);
  expect(await store.list('RealtimeNode')).toHaveLength(1);
});
