/** What is followed of nodes beside their tables: who runs where by its run, and whose agent has begun a moment ago. */
import type { Clock } from '../runtime/clock.ts';
import { objectKey } from '../runtime/object-key.ts';
import type { Stored } from '../store/resource.ts';
import { pastNodeOf } from './vm-status.ts';

export class NodeBook {
  readonly #clock: Pick<Clock, 'nowMs'>;
  /** Keys of the VMs whose run names the node; or without a run, whose status does. */
  readonly #vmsOf = new Map<string, Set<string>>();
  readonly #nodeOf = new Map<string, string>();
  /** Since when nodes take no guests. */
  readonly #awaited = new Map<string, number>();
  readonly #sessions = new Map<string, { readonly session: string | undefined; readonly sinceMs: number }>();

  constructor(clock: Pick<Clock, 'nowMs'>) {
    this.#clock = clock;
  }

  /** @returns nodes that its run has named, or names. */
  vmSeen(vm: Stored<'RealtimeVM'>, gone: boolean): readonly string[] {
    const key = objectKey(vm.metadata);
    const [before, after] = [this.#nodeOf.get(key), gone ? undefined : vm.status?.run?.node ?? pastNodeOf(vm)];
    if (before !== after) {
      if (before !== undefined) this.#vmsOf.get(before)?.delete(key);
      if (after === undefined) this.#nodeOf.delete(key);
      else {
        this.#nodeOf.set(key, after);
        this.#vmsOf.set(after, (this.#vmsOf.get(after) ?? new Set()).add(key));
      }
    }
    return [...new Set([before, after])].filter((node) => node !== undefined);
  }

  vmsOf(node: string): Iterable<string> {
    return this.#vmsOf.get(node) ?? [];
  }

  /** @param isAwaited it does not take guests yet. */
  await(node: string, isAwaited: boolean): void {
    if (!isAwaited) this.#awaited.delete(node);
    else if (!this.#awaited.has(node)) this.#awaited.set(node, this.#clock.nowMs());
  }

  /** How long some node takes no guests for less than `ms` still: most that begin are through with it by then. */
  settlingForMs(ms: number): number {
    const nowMs = this.#clock.nowMs();
    return Math.max(0, ...[...this.#awaited.values()].map((sinceMs) => sinceMs + ms - nowMs));
  }

  sessionSeen(node: string, session: string | undefined): void {
    if (this.#sessions.get(node)?.session !== session) this.#sessions.set(node, { session, sinceMs: this.#clock.nowMs() });
  }

  /** How long the agent's session is within its first `ms` still: its Lease names it a moment later. */
  isNewForMs(node: string, ms: number): number {
    const known = this.#sessions.get(node);
    return known === undefined ? 0 : Math.max(0, known.sinceMs + ms - this.#clock.nowMs());
  }
}
