/** What is known about one shape of guest: which hosts cannot hold it, and why not. */
import { clearBit, fullBitmap, setBit } from './bitmap.ts';
import type { Demand } from './demand.ts';
import type { Refusal } from './explain.ts';
import { RefusalSnapshot } from './refusal-snapshot.ts';

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
  /** Ranks whose reason is to be asked for. */
  #pending: number[];
  /** Only ever appended to, since snapshots read it. */
  #refusals: Refusal[] = [];
  #numbers = new Map<string, number>();

  /** @param names of the hosts, by rank. */
  constructor(demand: Demand, names: readonly string[]) {
    this.demand = demand;
    this.#names = names;
    this.candidates = fullBitmap(names.length);
    this.#reasons = new Int32Array(names.length).fill(unexplained);
    this.#pending = [...names.keys()];
  }

  /** Forgets what was known about a host, since it changed. */
  hostChanged(rank: number): void {
    setBit(this.candidates, rank);
    if (this.#reasons[rank] === unexplained) return;
    this.#reasons[rank] = unexplained;
    this.#pending.push(rank);
  }

  ruleOut(rank: number): void {
    clearBit(this.candidates, rank);
  }

  /**
   * Asks why hosts refuse, where none holds the guest and the reason is not known yet.
   * @param mayGoOn asked before each; the rest is for another time.
   * @returns whether all reasons are known.
   */
  explain(explain: (rank: number) => Refusal, mayGoOn: (rank: number) => boolean): boolean {
    // Figures that no host has any more would pile up otherwise.
    if (this.#refusals.length > 2 * this.#names.length + 64) this.#forgetReasons();
    for (let rank = this.#pending.at(-1); rank !== undefined; rank = this.#pending.at(-1)) {
      if (!mayGoOn(rank)) return false;
      this.#reasons[rank] = this.#numberOf(explain(rank));
      clearBit(this.candidates, rank);
      this.#pending.pop();
    }
    return true;
  }

  /** Why each host refuses, once {@link ShapeIndex.explain} has said that all reasons are known. */
  refusal(): RefusalSnapshot {
    return new RefusalSnapshot(this.#names, this.#reasons.slice(), this.#refusals);
  }

  #numberOf(refusal: Refusal): number {
    const key = [refusal.reason, refusal.message, ...refusal.helps].join('; ');
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#refusals.push(refusal) - 1;
    this.#numbers.set(key, number);
    return number;
  }

  #forgetReasons(): void {
    this.#reasons.fill(unexplained);
    this.#pending = [...this.#names.keys()];
    this.#refusals = [];
    this.#numbers = new Map();
  }
}
