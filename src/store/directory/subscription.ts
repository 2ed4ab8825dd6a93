/** One watch: the difference between what its reader has been told and what is. Changes that nobody has fetched merge into the latest. */
import { isDeepStrictEqual } from 'node:util';
import type { StoreProblem } from '../problem.ts';
import type { AnyStored } from '../resource.ts';
import type { WatchEvent } from '../watch-event.ts';

/** What is, by file stem. */
export interface World {
  /** Undefined while nothing is known: that says nothing about any object. */
  readonly objects: ReadonlyMap<string, AnyStored> | undefined;
  readonly problems: readonly StoreProblem[];
}

export class Subscription {
  readonly #isWanted: (object: AnyStored) => boolean;
  readonly #told = new Map<string, AnyStored>();
  #toldProblems: readonly StoreProblem[] = [];
  #synced = false;
  #world: World | undefined;
  #failure: { readonly error: unknown } | undefined;
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(isWanted: (object: AnyStored) => boolean) {
    this.#isWanted = isWanted;
  }

  /** Gives the reader a newer world to catch up with. */
  show(world: World): void {
    this.#world = world;
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

  async *events(): AsyncGenerator<WatchEvent, void, undefined> {
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

  #next(): WatchEvent | undefined {
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
    // All is told: nothing more until a newer world is shown.
    this.#world = undefined;
    return undefined;
  }

  #nextChange(objects: ReadonlyMap<string, AnyStored>): WatchEvent | undefined {
    for (const [stem, told] of this.#told) {
      if (objects.get(stem)?.metadata.uid === told.metadata.uid) continue;
      this.#told.delete(stem);
      return { type: 'deleted', object: told };
    }
    for (const [stem, object] of objects) {
      const told = this.#told.get(stem);
      if (told?.metadata.resourceVersion === object.metadata.resourceVersion || !this.#isWanted(object)) continue;
      this.#told.set(stem, object);
      return { type: told === undefined ? 'added' : 'modified', object };
    }
    return undefined;
  }
}
