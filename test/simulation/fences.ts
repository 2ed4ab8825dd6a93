/**
 * I7: a node is given up only where its agent is silent too. Judged at each write, by when the Lease was renewed. No
 * product code is in it.
 */
import type { Recorded } from './recorder.ts';

/** A Lease lasts 40 s, less what a leader needs to hear of a renewal; one of the last moment it may not have heard of. */
const silentMs = 39_000;
const unheardMs = 1000;

export class Fences {
  readonly #renewedMs = new Map<string, readonly number[]>();
  readonly #fenced = new Set<string>();

  /** @returns a sentence where a node is fenced though its Lease was alive. */
  written({ kind, key, object, gone }: Recorded, nowMs: number): readonly string[] {
    if (kind === 'Lease') {
      const node = key.slice(key.indexOf('/') + 1);
      this.#renewedMs.set(node, [...this.#renewedMs.get(node) ?? [], nowMs].slice(-10));
    }
    // One that is gone is made again as it was.
    if (kind !== 'RealtimeAllocation' || gone) return [];
    const { fenced } = (object as { readonly spec: { readonly fenced?: boolean } }).spec;
    if (fenced !== true) {
      this.#fenced.delete(key);
      return [];
    }
    if (this.#fenced.has(key)) return [];
    this.#fenced.add(key);
    const alive = this.#renewedMs.get(key)?.find((ms) => ms > nowMs - silentMs && ms < nowMs - unheardMs);
    return alive === undefined ? [] : [`I7: ${key} is given up though its agent has renewed its Lease in time`];
  }
}
