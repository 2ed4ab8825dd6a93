/** Which failures of a request are worth another attempt, and when. */
import { jitteredBackoffMs } from '../../runtime/backoff.ts';
import type { Verb } from './api-error.ts';

/** A longer pause than this is for the caller to make; it then gets the refusal. */
const longestPauseMs = 60_000;
const pauses = { firstMs: 100, maxMs: 5_000 };
/** Spreads those who were all told the same number of seconds. */
const pauseSpread = 0.25;

export type Failure =
  | { readonly kind: 'transport'; readonly unsent: boolean }
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterMs: number | undefined };

/**
 * The milliseconds to wait before attempt number `failures + 1`, or undefined where it is not to be repeated.
 * @param failures attempts so far, from 1.
 */
export function retryDelayMs(verb: Verb, failure: Failure, failures: number, random: number): number | undefined {
  // Once more with credentials that were just made anew; the server looks at them before it does anything.
  if (failure.kind === 'status' && failure.status === 401) return failures === 1 ? 0 : undefined;
  if (!isRetriable(verb, failure)) return undefined;
  const asked = failure.kind === 'status' ? failure.retryAfterMs : undefined;
  if (asked === undefined) return jitteredBackoffMs(failures - 1, random, pauses);
  return asked > longestPauseMs ? undefined : Math.round(asked * (1 + random * pauseSpread));
}

function isRetriable(verb: Verb, failure: Failure): boolean {
  // A create whose answer was lost may have made the object: only the caller can tell whether that one is its own.
  const isIdempotent = verb !== 'create';
  if (failure.kind === 'transport') return isIdempotent || failure.unsent;
  switch (failure.status) {
    case 429:
      return true;
    case 502:
    case 503:
    case 504:
      return isIdempotent;
    case 500:
      return isIdempotent && failure.retryAfterMs !== undefined;
    default:
      return false;
  }
}

/** `Retry-After` of HTTP: seconds, or a date. */
export function parseRetryAfter(text: string | undefined, now: Date): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime());
}
