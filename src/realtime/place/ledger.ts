/** Who holds which single thing of a host: a CPU, a device. */

/** Holders by key. More than one holder is a conflict between placements that exist already; both are kept. */
export class Ledger<Key> {
  readonly #holders = new Map<Key, string[]>();

  add(key: Key, holder: string): void {
    const holders = this.#holders.get(key);
    if (holders === undefined) this.#holders.set(key, [holder]);
    else holders.push(holder);
  }

  remove(key: Key, holder: string): void {
    const holders = this.#holders.get(key);
    const index = holders?.indexOf(holder) ?? -1;
    if (holders === undefined || index < 0) return;
    if (holders.length === 1) this.#holders.delete(key);
    else holders.splice(index, 1);
  }

  has(key: Key): boolean {
    return this.#holders.has(key);
  }

  holdersOf(key: Key): readonly string[] {
    return this.#holders.get(key) ?? [];
  }
}
