/** One reader of the feed: what it has not been told yet. A slow one is told the latest, and never makes anything pile up. */
import type { Sight } from './wire.ts';

/** Roughly how much is told at once, in characters, so that a page begins to draw before it has everything. */
const mostAtOnce = 128 * 1024;

export class FeedReader {
  readonly #told: ReadonlyMap<string, string>;
  readonly #onClose: () => void;
  readonly #pending: Set<string>;
  #sight: string | undefined;
  #shownSight: string | undefined;
  #wake: () => void = () => undefined;
  #closed = false;

  /** @param told everything that there is, as JSON, by `n/NODE` and `v/NAMESPACE/NAME`; it changes under the reader. */
  constructor(told: ReadonlyMap<string, string>, onClose: () => void) {
    this.#told = told;
    this.#onClose = onClose;
    this.#pending = new Set(told.keys());
  }

  show(keys: Iterable<string>, sight: Sight): void {
    for (const key of keys) this.#pending.add(key);
    this.sight(sight);
  }

  sight(sight: Sight): void {
    this.#sight = JSON.stringify(sight);
    this.#wake();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose();
    this.#wake();
  }

  /** `change` with a Change, and, when all that was known has been told, `sight` with a Sight; until closed. */
  async *messages(): AsyncGenerator<{ readonly event: 'change' | 'sight'; readonly data: string }, void, undefined> {
    for (;;) {
      if (this.#closed) return;
      if (this.#pending.size > 0) {
        yield { event: 'change', data: this.#take() };
      } else if (this.#sight !== undefined && this.#sight !== this.#shownSight) {
        this.#shownSight = this.#sight;
        yield { event: 'sight', data: this.#sight };
      } else {
        const { promise, resolve } = Promise.withResolvers<undefined>();
        this.#wake = () => resolve(undefined);
        await promise;
      }
    }
  }

  /** JSON of a Change, put together from that of its objects. */
  #take(): string {
    const told: Record<'n' | 'v', string[]> = { n: [], v: [] };
    const gone: Record<'n' | 'v', string[]> = { n: [], v: [] };
    let size = 0;
    for (const key of this.#pending) {
      if (size > mostAtOnce) break;
      this.#pending.delete(key);
      const kind = key.startsWith('n/') ? 'n' : 'v';
      const json = this.#told.get(key);
      if (json === undefined) gone[kind].push(key.slice(2));
      else told[kind].push(json);
      size += json?.length ?? key.length;
    }
    return `{"nodes":[${told.n.join(',')}],"vms":[${told.v.join(',')}],"goneNodes":${JSON.stringify(gone.n)},"goneVms":${JSON.stringify(gone.v)}}`;
  }
}
