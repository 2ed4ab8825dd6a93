/** Why every host refused a guest, at the moment of the decision; grouped and listed only when somebody reads it. */
import type { RefusalGroup } from '../decision.ts';
import type { Refusal } from './explain.ts';
import { byImportance, groupOf } from './refusal-groups.ts';

export class RefusalSnapshot {
  readonly #names: readonly string[];
  readonly #reasons: Int32Array;
  readonly #refusals: readonly Refusal[];
  #groups: readonly RefusalGroup[] | undefined;

  /** @param reasons by host rank, the index of its refusal. */
  constructor(names: readonly string[], reasons: Int32Array, refusals: readonly Refusal[]) {
    this.#names = names;
    this.#reasons = reasons;
    this.#refusals = refusals;
  }

  /** Most hosts first, ties by message. */
  get groups(): readonly RefusalGroup[] {
    this.#groups ??= this.#group();
    return this.#groups;
  }

  #group(): readonly RefusalGroup[] {
    const hosts = new Map<number, string[]>();
    this.#reasons.forEach((reason, rank) => {
      const listed = hosts.get(reason);
      if (listed === undefined) hosts.set(reason, [this.#names[rank]!]);
      else listed.push(this.#names[rank]!);
    });
    return [...hosts]
      .map(([reason, listed]) => groupOf(this.#refusals[reason]!, listed))
      .sort(byImportance);
  }
}
