/**
 * How much one search for an assignment has done and may do, in looks at a cell on a node: the same on every machine.
 */

/** Looks that a search may spend on preference, once it is known that the guest fits. Rule 4.14. */
export const searchLimit = 50_000;

export class SearchWork {
  #done = 0;
  #limit = Infinity;

  /** Looks so far. */
  get done(): number {
    return this.#done;
  }

  /** From here on so many more, and then {@link SearchWork.isSpent}. */
  limit(more: number): void {
    this.#limit = this.#done + more;
  }

  get isSpent(): boolean {
    return this.#done >= this.#limit;
  }

  count(looks: number): void {
    this.#done += looks;
  }
}
