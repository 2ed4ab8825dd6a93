/** The events of one object: what happened to it, newest last, bounded. */
import { StoreError } from '../errors.ts';
import type { EventDraft, RecordedEvent } from '../event.ts';

/** Newest kept, per object. */
export const eventsPerObject = 200;

/** The events with one more; one that repeats the newest is counted there instead. */
export function withEvent(events: readonly RecordedEvent[], { about, type, reason, message }: EventDraft, now: Date): readonly RecordedEvent[] {
  const timestamp = now.toISOString();
  const newest = events.at(-1);
  if (newest !== undefined && newest.about.uid === about.uid && newest.type === type && newest.reason === reason && newest.message === message) {
    return [...events.slice(0, -1), { ...newest, count: newest.count + 1, lastTimestamp: timestamp }];
  }
  const { kind, namespace, name, uid } = about;
  return [...events, { about: { kind, namespace, name, uid }, type, reason, message, count: 1, firstTimestamp: timestamp, lastTimestamp: timestamp }].slice(-eventsPerObject);
}

export function formatEvents(events: readonly RecordedEvent[]): string {
  return `${JSON.stringify(events, undefined, 2)}\n`;
}

/** @throws StoreError DAMAGED naming the file and what to do. */
export function parseEvents(text: string, file: string): readonly RecordedEvent[] {
  const damaged = (cause?: unknown) => new StoreError('DAMAGED', `${file} is damaged: it should hold a list of events. Remove it: only the history of that one object is lost`, { cause });
  let events: unknown;
  try {
    events = JSON.parse(text);
  } catch (error) {
    throw damaged(error);
  }
  if (!Array.isArray(events) || !events.every(isEvent)) throw damaged();
  return events;
}

function isEvent(event: unknown): event is RecordedEvent {
  if (typeof event !== 'object' || event === null) return false;
  const { about, count, type, reason, message, firstTimestamp, lastTimestamp } = event as Readonly<Record<string, unknown>>;
  return typeof about === 'object' && about !== null && Number.isSafeInteger(count)
    && [type, reason, message, firstTimestamp, lastTimestamp].every((text) => typeof text === 'string');
}
