/** What is known about one shape of guest: which hosts cannot hold it, and why not. */
import type { RefusalGroup } from '../decision.ts';
import { clearBit, fullBitmap, hasBit, setBit } from './bitmap.ts';
import type { Demand } from './demand.ts';
import type { Refusal } from './explain.ts';
import { byImportance } from './refusal-groups.ts';

const unexplained = -1;

/**
 * A verdict stands until its host changes, and only then is it asked for again: a refusal therefore costs as many
 * evaluations as hosts have changed since the last, not as there are hosts.
 */
export class ShapeIndex {
  readonly demand: Demand;
  /** Hosts, by rank, that may hold it; the rest were found not to. */
  readonly candidates: Uint32Array;
  readonly #names: readonly string[];
  /** By rank: index of the refusal, or {@link unexplained}. */
  readonly #reasons: Int32Array;
  #refusals: Refusal[] = [];
  #counts: number[] = [];
  #numbers = new Map<string, number>();

  /** @param names of the hosts, by rank. */
  constructor(demand: Demand, names: readonly string[]) {
    this.demand = demand;
    this.#names = names;
    this.candidates = fullBitmap(names.length);
    this.#reasons = new Int32Array(names.length).fill(unexplained);
  }

  /** Forgets what was known about a host, since it changed. */
  hostChanged(rank: number): void {
    setBit(this.candidates, rank);
    const reason = this.#reasons[rank]!;
    if (reason === unexplained) return;
    this.#counts[reason]! -= 1;
    this.#reasons[rank] = unexplained;
  }

  ruleOut(rank: number): void {
    clearBit(this.candidates, rank);
  }

  /** Groups of all hosts, none of which holds the guest. `explain` is asked where the reason is not known yet. */
  groups(explain: (rank: number) => Refusal): RefusalGroup[] {
    if (this.#refusals.length > 2 * this.#names.length + 64) this.#forgetReasons();
    for (let rank = 0; rank < this.#reasons.length; rank += 1) {
      if (this.#reasons[rank] === unexplained) this.#note(rank, explain(rank));
    }
    const reasons = this.#reasons.slice();
    return this.#refusals
      .map((refusal, number) => ({ refusal, number, count: this.#counts[number]! }))
      .filter(({ count }) => count > 0)
      .sort((one, other) => byImportance([one.refusal, one.count], [other.refusal, other.count]))
      .map(({ refusal, number }) => lazyGroup(refusal, () => this.#names.filter((_, rank) => reasons[rank] === number)));
  }

  #note(rank: number, refusal: Refusal): void {
    const key = `${refusal.reason} ${refusal.message}`;
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#refusals.push(refusal) - 1;
      this.#counts.push(0);
      this.#numbers.set(key, number);
    }
    this.#counts[number]! += 1;
    this.#reasons[rank] = number;
    if (hasBit(this.candidates, rank)) clearBit(this.candidates, rank);
  }

  /** Figures that no host has any more would pile up otherwise. */
  #forgetReasons(): void {
    this.#reasons.fill(unexplained);
    this.#refusals = [];
    this.#counts = [];
    this.#numbers = new Map();
  }
}

/** Thousands of host names are only listed when somebody reads them. */
function lazyGroup({ reason, message }: Refusal, listHosts: () => string[]): RefusalGroup {
  let hosts: readonly string[] | undefined;
  return {
    reason,
    message,
    get hosts() {
      hosts ??= listHosts();
      return hosts;
    },
  };
}
