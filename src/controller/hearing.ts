/**
 * Hears every agent once before anything is placed: which domains run that no table names.
 *
 * A store that was put back to an older state has forgotten VMs that run, and nothing in it says so. Whoever takes over as
 * controller, or sees the store go back, therefore begins a term, writes it into every table, and waits until the agents
 * have repeated it together with their orphans. I6, I7.
 */
import type { Runtime } from '../runtime/runtime.ts';
import type { Stored } from '../store/resource.ts';

/**
 * After a long outage an agent looks again within 30 s, the longest pause of its watches, and may renew its Lease before: one
 * that was not heard yet may have a VM running that is about to be placed elsewhere. One that hangs, or is of an older version,
 * does not hold everything up.
 */
const longestMs = 40_000;

export interface HearingOptions {
  readonly runtime: Runtime;
  readonly isAlive: (nodeName: string) => boolean;
  /** The node's table is to carry the term. */
  readonly ask: (nodeName: string) => void;
  /** These have not answered in all that time, and are not waited for any longer. */
  readonly unanswered: (nodeNames: readonly string[]) => void;
}

/** For how long agents have been waited for, and will be at most. */
export interface Wait {
  readonly sinceMs: number;
  readonly forMs: number;
}

export class Hearing {
  readonly #options: HearingOptions;
  readonly #unheard = new Set<string>();
  #term: string;
  #endsAtMs = 0;

  constructor(options: HearingOptions) {
    this.#options = options;
    this.#term = options.runtime.random.uuid();
  }

  get term(): string {
    return this.#term;
  }

  /** Asks these nodes anew. */
  begin(nodes: Iterable<Stored<'RealtimeNode'>>): void {
    const { runtime: { clock, random }, ask } = this.#options;
    this.#term = random.uuid();
    this.#endsAtMs = clock.nowMs() + longestMs;
    this.#unheard.clear();
    for (const { metadata: { name } } of nodes) {
      this.#unheard.add(name);
      ask(name);
    }
  }

  nodeSeen({ metadata: { name }, status }: Stored<'RealtimeNode'>): void {
    if (status?.term === this.#term) this.#unheard.delete(name);
  }

  nodeGone(name: string): void {
    this.#unheard.delete(name);
  }

  /** Undefined where nobody is waited for. */
  get wait(): Wait | undefined {
    if (this.#unheard.size === 0) return undefined;
    const { runtime: { clock }, isAlive, unanswered } = this.#options;
    const forMs = this.#endsAtMs - clock.nowMs();
    const waitsFor = this.#unheard.values().filter(isAlive);
    if (forMs > 0) return waitsFor.next().done === true ? undefined : { sinceMs: longestMs - forMs, forMs };
    const nodes = [...waitsFor];
    this.#unheard.clear();
    if (nodes.length > 0) unanswered(nodes);
    return undefined;
  }
}
