/** One watch: the difference between what its reader has been told and what is. Changes that nobody has fetched merge into the latest. */
import { isDeepStrictEqual } from 'node:util';
import type { StoreProblem } from './problem.ts';
import type { WatchEvent } from './watch-event.ts';

/** What tells one object, and one version of it, from another. */
export interface Identified {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string | undefined;
    readonly uid: string;
    readonly resourceVersion: string;
  };
}

export interface World<Shown> {
  /** By a key that names an object; undefined while nothing is known: that says nothing about any object. */
  readonly objects: ReadonlyMap<string, Shown> | undefined;
  readonly problems: readonly StoreProblem[];
}

export class Subscription<Shown extends Identified> {
  readonly #isWanted: (object: Shown) => boolean;
  readonly #told = new Map<string, Shown>();
  /** Keys at which what was told and what is may differ. */
  readonly #pending = new Set<string>();
  #toldProblems: readonly StoreProblem[] = [];
  #synced = false;
  #world: World<Shown> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(isWanted: (object: Shown) => boolean = () => true) {
    this.#isWanted = isWanted;
  }

  /**
   * Gives the reader a newer world to catch up with.
   * @param changed the keys that may differ from the last world; all, where not given.
   */
  show(world: World<Shown>, changed?: Iterable<string>): void {
    this.#world = world;
    if (world.objects !== undefined) {
      for (const key of changed ?? [...this.#told.keys(), ...world.objects.keys()]) this.#pending.add(key);
    }
    this.#wake();
  }

  /** Ends the watch; the reader's loop ends, without an error. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Ends the watch with an error in the reader's loop. */
  fail(error: unknown): void {
    this.#failure = { error };
    this.#wake();
  }

  async *events(): AsyncGenerator<WatchEvent<Shown>, void, undefined> {
    while (!this.#ended) {
      const event = this.#next();
      if (event !== undefined) {
        yield event;
        continue;
      }
      if (this.#failure !== undefined) throw this.#failure.error;
      const { promise, resolve } = Promise.withResolvers<undefined>();
      this.#wake = () => resolve(undefined);
      await promise;
    }
  }

  #next(): WatchEvent<Shown> | undefined {
    if (this.#world === undefined) return undefined;
    const { objects, problems } = this.#world;
    const change = objects === undefined ? undefined : this.#nextChange(objects);
    if (change !== undefined) return change;
    if (objects !== undefined && !this.#synced) {
      this.#synced = true;
      return { type: 'synced' };
    }
    if (!isDeepStrictEqual(problems, this.#toldProblems)) {
      this.#toldProblems = problems;
      return { type: 'problems', problems };
    }
    return undefined;
  }

  #nextChange(objects: ReadonlyMap<string, Shown>): WatchEvent<Shown> | undefined {
    for (const key of this.#pending) {
      const told = this.#told.get(key);
      const object = objects.get(key);
      if (told !== undefined && object?.metadata.uid !== told.metadata.uid) {
        // The key stays pending: another object may be there now under the same name.
        this.#told.delete(key);
        return { type: 'deleted', object: told };
      }
      this.#pending.delete(key);
      if (object === undefined || (told !== undefined && isSame(told, object)) || !this.#isWanted(object)) continue;
      this.#told.set(key, object);
      return { type: told === undefined ? 'added' : 'modified', object };
    }
    return undefined;
  }
}

/** A version is not enough: storage that was put back to an older state gives the same ones again, to other contents. */
function isSame<Shown extends Identified>(one: Shown, other: Shown): boolean {
  return one === other || (one.metadata.resourceVersion === other.metadata.resourceVersion && isDeepStrictEqual(one, other));
}
