/** Who holds which single thing of a host: a CPU, a device. */

/** Holders by key. More than one holder is a conflict between placements that exist already; all are kept. */
export class Ledger<Key> {
  readonly #first = new Map<Key, string>();
  readonly #others = new Map<Key, readonly string[]>();

  add(key: Key, holder: string): void {
    if (this.#first.has(key)) this.#others.set(key, [...(this.#others.get(key) ?? []), holder]);
    else this.#first.set(key, holder);
  }

  remove(key: Key, holder: string): void {
    const others = this.#others.get(key);
    if (others === undefined) {
      if (this.#first.get(key) === holder) this.#first.delete(key);
      return;
    }
    const left = [this.#first.get(key)!, ...others];
    const index = left.indexOf(holder);
    if (index < 0) return;
    left.splice(index, 1);
    this.#first.set(key, left[0]!);
    if (left.length === 1) this.#others.delete(key);
    else this.#others.set(key, left.slice(1));
  }

  has(key: Key): boolean {
    return this.#first.has(key);
  }

  holdersOf(key: Key): readonly string[] {
    const first = this.#first.get(key);
    return first === undefined ? [] : [first, ...(this.#others.get(key) ?? [])];
  }
}
