/** Whether the host was looked at since this process began: before, nothing can be stated of it. */
export class FirstLooks {
  #isListed = false;
  #isAnyLeft = false;
  /** Guests of the table as it was first read, each until it was looked at once. */
  readonly #unlooked = new Set<string>();

  begin(uids: Iterable<string>): void {
    for (const uid of uids) this.#unlooked.add(uid);
  }

  /**
   * All domains of the host were read.
   * @param isAnyLeft one of them is off, and another process has defined it: until it is gone, nobody knows whether it
   * is being started.
   */
  listed(isAnyLeft: boolean): void {
    this.#isListed = true;
    this.#isAnyLeft = isAnyLeft;
  }

  /** @returns whether it was the last. */
  looked(uid: string): boolean {
    return this.#unlooked.delete(uid) && this.#unlooked.size === 0;
  }

  /** @returns whether anybody was waited for. */
  waitNoLonger(): boolean {
    const waited = this.#unlooked.size > 0;
    this.#unlooked.clear();
    return waited;
  }

  get areDone(): boolean {
    return this.#isListed && !this.#isAnyLeft && this.#unlooked.size === 0;
  }
}
