/** Events on the API server: one object for each thing that is said of a subject, counted when it is said again, and bounded in rate. */
import { createHash } from 'node:crypto';
import { apiVersion } from '../../crds/metadata.ts';
import { ConflictError, isStoreError } from '../errors.ts';
import type { EventDraft, EventSubject, RecordedEvent } from '../event.ts';
import { apiVersionOf, eventResource } from './api-resource.ts';
import { listAll } from './paged-list.ts';
import { createObject, getObject, replaceObject } from './objects.ts';
import type { Accessor } from './objects.ts';
import { Recent } from './recent.ts';
import type { Rest } from './rest.ts';

/** As client-go bounds a noisy source, per subject: this many at once, then one in five minutes. */
const burst = 25;
const refillMs = 300_000;
/** Subjects, and events, that are remembered. */
const remembered = 4096;
/** The server's bound, in bytes; a character has up to three. */
const longestMessage = 1024 / 3;
/** Where events about objects of the whole cluster go. */
const clusterNamespace = 'default';

interface WireEvent {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly resourceVersion?: string; readonly uid?: string };
  readonly involvedObject: { readonly apiVersion: string; readonly kind: string; readonly namespace?: string | undefined; readonly name: string; readonly uid: string };
  readonly type: EventDraft['type'];
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
  readonly source: { readonly component: string };
}

/** What this process has said, and may still say. */
interface Memory {
  readonly allowances: Recent<{ readonly left: number; readonly atMs: number }>;
  readonly written: Recent<{ readonly event: WireEvent; readonly unwritten: number }>;
}

const events: Accessor<WireEvent> = { resource: eventResource, decode: (wire) => ({ object: wire as unknown as WireEvent }) };

export class EventRecorder {
  readonly #rest: Rest;
  readonly #component: string;
  readonly #memory: Memory;

  constructor(rest: Rest, component: string, memory: Memory = { allowances: new Recent(remembered), written: new Recent(remembered) }) {
    this.#rest = rest;
    this.#component = component;
    this.#memory = memory;
  }

  /** The same recorder, which writes through another client. */
  through(rest: Rest): EventRecorder {
    return new EventRecorder(rest, this.#component, this.#memory);
  }

  /** @throws StoreError as the server refused. What goes beyond the bounds is counted with the next that does not. */
  async record(draft: EventDraft, signal: AbortSignal | undefined): Promise<void> {
    const key = eventName(draft);
    const known = this.#memory.written.get(key);
    if (!this.#isAllowed(draft.about.uid)) {
      if (known !== undefined) this.#memory.written.put(key, { ...known, unwritten: known.unwritten + 1 });
      return;
    }
    const event = known === undefined ? await this.#createOrCount(draft, signal) : await this.#count(known.event, 1 + known.unwritten, draft, signal);
    this.#memory.written.put(key, { event, unwritten: 0 });
  }

  /** Of one object, oldest first, as long as the server keeps them (an hour by default). */
  async about({ kind, namespace, name, uid }: EventSubject, signal: AbortSignal | undefined): Promise<readonly RecordedEvent[]> {
    const target = { resource: eventResource, namespace: namespace ?? clusterNamespace };
    const { items } = await listAll(this.#rest, target, { fieldSelector: `involvedObject.uid=${uid}` }, signal);
    return (items as unknown as readonly WireEvent[])
      // Events of other programs may be of the newer form, which counts elsewhere.
      .filter(({ involvedObject, source: { component } }) => involvedObject.uid === uid && component === this.#component)
      .map(({ type, reason, message, count, firstTimestamp, lastTimestamp }) => ({ about: { kind, namespace, name, uid }, type, reason, message, count, firstTimestamp, lastTimestamp }))
      .sort((one, other) => one.lastTimestamp.localeCompare(other.lastTimestamp));
  }

  #isAllowed(uid: string): boolean {
    const nowMs = this.#rest.clock.nowMs();
    const before = this.#memory.allowances.get(uid) ?? { left: burst, atMs: nowMs };
    const left = Math.min(burst, before.left + (nowMs - before.atMs) / refillMs);
    this.#memory.allowances.put(uid, { left: left >= 1 ? left - 1 : left, atMs: nowMs });
    return left >= 1;
  }

  /** Its name is made of what it says, so that another process, or this one before it was restarted, counts in the same object. */
  async #createOrCount(draft: EventDraft, signal: AbortSignal | undefined): Promise<WireEvent> {
    const event = this.#newEvent(draft);
    try {
      return await createObject(this.#rest, events, event.metadata, { apiVersion: apiVersionOf(eventResource), kind: 'Event', ...event }, signal);
    } catch (error) {
      if (!isStoreError(error, 'ALREADY_EXISTS')) throw error;
      return await this.#count(undefined, 1, draft, signal);
    }
  }

  /** @param known as last written; undefined to read it first. */
  async #count(known: WireEvent | undefined, more: number, draft: EventDraft, signal: AbortSignal | undefined): Promise<WireEvent> {
    const { metadata } = this.#newEvent(draft);
    const event = known ?? await getObject(this.#rest, events, metadata, signal);
    if (event === undefined) return this.#createOrCount(draft, signal);
    const counted = { apiVersion: apiVersionOf(eventResource), kind: 'Event', ...event, count: event.count + more, lastTimestamp: this.#rest.clock.date().toISOString() };
    try {
      return await replaceObject(this.#rest, events, metadata, undefined, counted, signal);
    } catch (error) {
      // Gone after its time to live, or counted by somebody else meanwhile.
      if (!isStoreError(error, 'NOT_FOUND') && !(error instanceof ConflictError)) throw error;
      return await this.#count(undefined, more, draft, signal);
    }
  }

  #newEvent(draft: EventDraft): WireEvent {
    const { about: { kind, namespace, name, uid }, type, reason } = draft;
    const now = this.#rest.clock.date().toISOString();
    return {
      metadata: { name: eventName(draft), namespace: namespace ?? clusterNamespace },
      involvedObject: { apiVersion, kind, ...(namespace === undefined ? {} : { namespace }), name, uid },
      type,
      reason,
      message: draft.message.slice(0, longestMessage),
      count: 1,
      firstTimestamp: now,
      lastTimestamp: now,
      source: { component: this.#component },
    };
  }
}

/** At most 253 characters, and a name like any other's. */
function eventName({ about: { kind, name, uid }, type, reason, message }: EventDraft): string {
  const says = createHash('sha256').update(JSON.stringify([kind, uid, type, reason, message])).digest('hex').slice(0, 16);
  return `${name.slice(0, 253 - 1 - says.length).replace(/[^a-z0-9]+$/, '')}.${says}`;
}
