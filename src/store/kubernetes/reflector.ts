/**
 * Keeps the objects of one kind and scope as they are on the server, and shows them to any number of subscriptions.
 *
 * A watch that ends when it was to end goes on from where it was. After anything else (cut, silent, refused, out of date) the whole
 * state is read anew: the server may have been put back to an older one meanwhile, in which case its versions repeat and a watch from
 * the old version would wait in silence. What is absent then was deleted, as far as anybody can know: consumers take `deleted` for
 * absence and for nothing more.
 */
import { isDeepStrictEqual } from 'node:util';
import { jitteredBackoffMs } from '../../runtime/backoff.ts';
import { StoreError, isStoreError } from '../errors.ts';
import { storeProblem } from '../problem.ts';
import type { StoreProblem } from '../problem.ts';
import type { Identified, Subscription } from '../subscription.ts';
import { ExpiredError } from './api-error.ts';
import type { ApiTarget } from './api-resource.ts';
import { pathOf } from './api-resource.ts';
import type { Decode, WireObject } from './decode.ts';
import { listAll } from './paged-list.ts';
import type { Selectors } from './paged-list.ts';
import { objectKey } from '../../runtime/object-key.ts';
import { isOlder } from '../../runtime/resource-version.ts';
import type { Rest } from './rest.ts';
import { watchStream } from './watch-stream.ts';
import type { WatchTiming, WireEvent } from './watch-stream.ts';

export interface ReflectorSource<Shown> {
  readonly target: ApiTarget;
  readonly selectors: Selectors;
  readonly decode: Decode<Shown>;
}

/** What all reflectors of a store share. */
export interface ReflectorSetting {
  readonly timing: WatchTiming;
  readonly server: ServerFeatures;
}

/** What was found out about the server. */
export interface ServerFeatures {
  /** Whether it sends the state as events of a watch: no answer as large as a whole list is ever made. Default on since 1.32. */
  watchList: boolean;
}

/** A watch has ended when it was to end if it did so this close to it; a process that was frozen finds it ended long since. */
const onTimeWithinMs = 10_000;
const pauses = { firstMs: 800, maxMs: 30_000 };
/** After this long without trouble the pauses begin at the shortest again. */
const goodWhileMs = 120_000;

export class Reflector<Shown extends Identified> {
  readonly #rest: Rest;
  readonly #source: ReflectorSource<Shown>;
  readonly #setting: ReflectorSetting;
  readonly #subscriptions = new Set<Subscription<Shown>>();
  readonly #stop = new AbortController();
  /** Undefined until the whole state has been read once. */
  #objects: Map<string, Shown> | undefined;
  #unreadable = new Map<string, readonly StoreProblem[]>();
  #trouble: StoreProblem | undefined;
  #failedReads = 0;
  #problems: readonly StoreProblem[] = [];
  /** Of the last event or bookmark. */
  #resourceVersion = '';
  readonly #running: Promise<void>;

  /** Begins at once. */
  constructor(rest: Rest, source: ReflectorSource<Shown>, setting: ReflectorSetting) {
    this.#rest = rest;
    this.#source = source;
    this.#setting = setting;
    this.#running = this.#run(this.#stop.signal);
  }

  /** Shows the subscription what is, and then every change. */
  attach(subscription: Subscription<Shown>): void {
    this.#subscriptions.add(subscription);
    subscription.show({ objects: this.#objects, problems: this.#problems });
  }

  /** @returns whether nobody is left. */
  detach(subscription: Subscription<Shown>): boolean {
    this.#subscriptions.delete(subscription);
    return this.#subscriptions.size === 0;
  }

  /** The object as last seen. */
  find(key: string): Shown | undefined {
    return this.#objects?.get(key);
  }

  get problems(): readonly StoreProblem[] {
    return this.#problems;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    for (const subscription of this.#subscriptions) subscription.end();
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    let from: string | undefined;
    while (!signal.aborted) {
      const beganMs = this.#rest.clock.nowMs();
      try {
        from = await this.#follow(from, signal);
        if (from !== undefined) continue;
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        from = undefined;
        this.#failed(error);
      }
      if (this.#rest.clock.nowMs() - beganMs >= goodWhileMs) failures = 0;
      await this.#rest.clock.sleep(jitteredBackoffMs(failures, this.#rest.random.fraction(), pauses), signal).catch(() => undefined);
      failures += 1;
    }
  }

  /** Follows the server for one watch. @returns where to go on, or undefined where all must be read anew. */
  async #follow(from: string | undefined, signal: AbortSignal): Promise<string | undefined> {
    if (from !== undefined) return this.#watch(from, signal);
    if (this.#setting.server.watchList) {
      try {
        return await this.#watch(undefined, signal);
      } catch (error) {
        if (!isStoreError(error, 'INVALID')) throw error;
        this.#setting.server.watchList = false;
      }
    }
    const { target, selectors } = this.#source;
    const { items, resourceVersion } = await listAll(this.#rest, target, selectors, signal);
    this.#replace(items, resourceVersion);
    return this.#watch(resourceVersion, signal);
  }

  async #watch(from: string | undefined, signal: AbortSignal): Promise<string | undefined> {
    const { target, selectors } = this.#source;
    const { clock, random } = this.#rest;
    const { timing } = this.#setting;
    const timeoutSeconds = Math.round(timing.leastSeconds + (timing.mostSeconds - timing.leastSeconds) * random.fraction());
    const dueMs = clock.nowMs() + timeoutSeconds * 1000;
    let initial: WireObject[] | undefined = from === undefined ? [] : undefined;
    for await (const event of watchStream(this.#rest, { target, selectors, from, timeoutSeconds, timing, signal })) {
      if (initial === undefined) {
        if (!this.#apply(event)) return undefined;
      } else if (event.type !== 'BOOKMARK') {
        initial.push(event.object);
      } else if (event.endsInitialEvents) {
        this.#replace(initial, event.resourceVersion);
        initial = undefined;
      }
    }
    if (initial !== undefined) throw new StoreError('UNAVAILABLE', `the API server at ${this.#rest.server} ended a watch before it had sent the state`);
    return Math.abs(clock.nowMs() - dueMs) <= onTimeWithinMs ? this.#resourceVersion : undefined;
  }

  /** @returns false where the server's versions went back: it was restored, and all must be read anew. */
  #apply(event: WireEvent): boolean {
    const resourceVersion = event.type === 'BOOKMARK' ? event.resourceVersion : event.object.metadata.resourceVersion;
    if (isOlder(resourceVersion, this.#resourceVersion)) return false;
    this.#resourceVersion = resourceVersion;
    if (event.type === 'BOOKMARK') return true;
    const key = objectKey(event.object.metadata);
    this.#objects ??= new Map();
    const problemsBefore = this.#unreadable.get(key);
    if (event.type === 'DELETED') {
      this.#objects.delete(key);
      this.#unreadable.delete(key);
    } else {
      take(event.object, this.#source.decode, { objects: this.#objects, unreadable: this.#unreadable, before: this.#objects.get(key) });
    }
    if (!isDeepStrictEqual(problemsBefore, this.#unreadable.get(key))) this.#collectProblems();
    this.#show([key]);
    return true;
  }

  /** Takes over the whole state. */
  #replace(items: readonly WireObject[], resourceVersion: string): void {
    const objects = new Map<string, Shown>();
    const unreadable = new Map<string, readonly StoreProblem[]>();
    for (const item of items) take(item, this.#source.decode, { objects, unreadable, before: this.#objects?.get(objectKey(item.metadata)) });
    this.#objects = objects;
    this.#unreadable = unreadable;
    this.#resourceVersion = resourceVersion;
    // The end of the watch that follows is no failure to read.
    this.#failedReads = -1;
    this.#trouble = undefined;
    this.#collectProblems();
    this.#show();
  }

  /** A watch that was cut is nobody's concern; a state that twice could not be read, or that cannot be without a person's help, is. */
  #failed(error: unknown): void {
    this.#failedReads += 1;
    if (error instanceof ExpiredError || (this.#failedReads < 2 && isStoreError(error, 'UNAVAILABLE'))) return;
    const message = error instanceof Error ? error.message : String(error);
    this.#trouble = storeProblem('STORE_FAILED', { file: `${this.#rest.server}${pathOf(this.#source.target)}` }, message);
    this.#collectProblems();
    this.#show([]);
  }

  #collectProblems(): void {
    this.#problems = [...this.#unreadable.values()].flat().concat(this.#trouble ?? []);
  }

  #show(changed?: readonly string[]): void {
    const world = { objects: this.#objects, problems: this.#problems };
    for (const subscription of this.#subscriptions) subscription.show(world, changed);
  }
}

/** Adds an object as it reads; one that cannot be read is, for those who watch, as it was `before`. */
function take<Shown extends Identified>(
  wire: WireObject,
  decode: Decode<Shown>,
  { objects, unreadable, before }: { readonly objects: Map<string, Shown>; readonly unreadable: Map<string, readonly StoreProblem[]>; readonly before: Shown | undefined },
): void {
  const key = objectKey(wire.metadata);
  const decoded = decode(wire);
  if ('object' in decoded) {
    objects.set(key, decoded.object);
    unreadable.delete(key);
    return;
  }
  unreadable.set(key, decoded.problems);
  if (before?.metadata.uid === wire.metadata.uid) objects.set(key, before);
  else objects.delete(key);
}
