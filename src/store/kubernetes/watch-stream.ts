/** The events of one watch request, as the API server sends them. */
import { StoreError } from '../errors.ts';
import { quote, refusal } from './api-error.ts';
import type { ApiStatus } from './api-error.ts';
import type { ApiTarget } from './api-resource.ts';
import { asWireObject } from './decode.ts';
import type { WireObject } from './decode.ts';
import type { Selectors } from './paged-list.ts';
import type { Rest } from './rest.ts';

export type WireEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: WireObject }
  /** Nothing newer than `resourceVersion` has been held back. */
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string; readonly endsInitialEvents: boolean };

export interface WatchRequest {
  readonly target: ApiTarget;
  readonly selectors: Selectors;
  /** Where to go on; undefined for the whole state as it is now, then changes (WatchList). */
  readonly from: string | undefined;
  /** When the server is to end the watch. */
  readonly timeoutSeconds: number;
  readonly timing: WatchTiming;
  readonly signal: AbortSignal;
}

export interface WatchTiming {
  /** Watches end at random in this range, so that a restarted server does not get them all back in one moment ever after. */
  readonly leastSeconds: number;
  readonly mostSeconds: number;
  /** How long beyond its promised end a watch may be silent. */
  readonly graceMs: number;
  /** How long one may be silent that has had a bookmark: the server sends one a minute. That is no promise, hence only after the first. */
  readonly silenceAfterBookmarkMs: number;
}

export const watchTiming: WatchTiming = { leastSeconds: 300, mostSeconds: 600, graceMs: 30_000, silenceAfterBookmarkMs: 190_000 };

/**
 * Ends where the server ends it.
 * @throws StoreError or ExpiredError, for ERROR events too; UNAVAILABLE where the connection breaks or is silent.
 */
export async function* watchStream(rest: Rest, { target, selectors, from, timeoutSeconds, timing, signal }: WatchRequest): AsyncGenerator<WireEvent, void, undefined> {
  const initial = from === undefined ? { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' } : { resourceVersion: from };
  const query = { ...selectors, watch: 'true', allowWatchBookmarks: 'true', timeoutSeconds: String(timeoutSeconds), ...initial };
  const endsAtMs = rest.clock.nowMs() + timeoutSeconds * 1000;
  let sawBookmark = false;
  const silenceMs = () => {
    const untilEndMs = Math.max(0, endsAtMs - rest.clock.nowMs()) + timing.graceMs;
    return sawBookmark ? Math.min(untilEndMs, timing.silenceAfterBookmarkMs) : untilEndMs;
  };
  for await (const line of rest.stream({ verb: 'watch', target, query }, { signal, silenceMs })) {
    const event = parse(line, target);
    if (event.type === 'BOOKMARK' && !event.endsInitialEvents) sawBookmark = true;
    yield event;
  }
}

function parse(line: unknown, target: ApiTarget): WireEvent {
  const { type, object } = (line ?? {}) as { readonly type?: unknown; readonly object?: unknown };
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type, object: asWireObject(object) };
    case 'BOOKMARK': {
      const { resourceVersion = '', annotations } = (object as { readonly metadata?: { readonly resourceVersion?: string; readonly annotations?: Readonly<Record<string, string>> } }).metadata ?? {};
      return { type, resourceVersion, endsInitialEvents: annotations?.['k8s.io/initial-events-end'] === 'true' };
    }
    case 'ERROR': {
      const status = object as ApiStatus;
      throw refusal('watch', target, status.code ?? 500, status);
    }
    default:
      throw new StoreError('UNAVAILABLE', `the API server's watch says something that is no event: ${quote(line)}`);
  }
}
