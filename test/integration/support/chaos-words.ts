// What no protocol can make good: a person who calls a machine off that is not, and an agent that lies of its own host.
// A VM may then be started elsewhere, beside what it has on that host; nothing else may.
import type { ChaosEvent } from './chaos-events.ts';

interface Where {
  readonly node: string;
  readonly vm: string;
}

type Said = Extract<ChaosEvent, { type: 'falseWord' | 'lies' | 'liesEnd' }>;

export class FalseWords {
  /** Nodes that a person has called off wrongly, and that may be given up for it. */
  readonly #words = new Set<string>();
  /** Since when each node is given up wrongly, as a place in the record. */
  readonly #fenced = new Map<string, number>();
  /** Nodes whose agent has ever lied: what their tables say was made of it. */
  readonly #lied = new Set<string>();
  /** Domains of such nodes, which may be beside another of their VM. */
  readonly #excused = new Set<string>();
  readonly #running = new Set<string>();

  said({ type, node }: Said): void {
    if (type === 'falseWord') this.#words.add(node);
    else if (type === 'lies') {
      this.#lied.add(node);
      this.#excuseAllOn(node);
    }
  }

  table(node: string, at: number, { fenced, session }: { readonly fenced?: boolean | undefined; readonly session?: string | undefined }): void {
    if (fenced === true && this.#words.has(node) && !this.#fenced.has(node)) {
      this.#fenced.set(node, at);
      this.#excuseAllOn(node);
    }
    // Its agent was heard since: what it starts from here on counts as anybody's.
    if (fenced !== true && session !== undefined && this.#fenced.delete(node)) this.#words.delete(node);
  }

  /** Whether its table may name what another's names too. */
  excuseTable(node: string): boolean {
    return this.#lied.has(node);
  }

  started({ node, vm }: Where): void {
    this.#running.add(`${node} ${vm}`);
  }

  ended({ node, vm }: Where): void {
    this.#running.delete(`${node} ${vm}`);
    this.#excused.delete(`${node} ${vm}`);
  }

  /** @param begunAt where in the record its start was asked for. */
  excuse({ node, begunAt }: Where & { readonly begunAt?: number }, other: Where): boolean {
    if (this.#excused.has(`${other.node} ${other.vm}`)) return true;
    const fencedAt = this.#fenced.get(node);
    return fencedAt !== undefined && begunAt !== undefined && begunAt <= fencedAt;
  }

  #excuseAllOn(node: string): void {
    for (const key of this.#running) if (key.startsWith(`${node} `)) this.#excused.add(key);
  }
}
