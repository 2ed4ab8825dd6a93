/**
 * Remembers, on disk, which wishes of the node's table have passed.
 *
 * A table that was put back from a backup asks again for what it asked for then. A guest may run on another node since, and
 * nothing in the table says so: what it asks for is not started before a controller, which hears every agent first, has asked
 * for it anew. I7.
 */
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import type { Log } from '../runtime/log.ts';
import { isOlder } from '../runtime/resource-version.ts';
import type { Stored } from '../store/resource.ts';
import type { HostFiles } from './host-files.ts';

const remembered = z.object({
  /** Of the table when it first asked for what it asks for now. */
  version: z.string(),
  /** Names of the requests that the table holds, and of those that it held before, the latest last. */
  present: z.array(z.string()),
  passed: z.array(z.string()),
});

type Remembered = z.infer<typeof remembered>;

/** Those of weeks, on a busy node: a backup is seldom older. A version that went back tells without them. */
const mostPassed = 2000;

type Notes = Pick<HostFiles, 'readNote' | 'writeNote'>;

const note = 'wishes.json';

export class PassedWishes {
  readonly #files: Notes;
  readonly #log: Log;
  #remembered: Remembered | undefined;
  #passed: ReadonlySet<string> = new Set();

  constructor(files: Notes, log: Log) {
    this.#files = files;
    this.#log = log;
  }

  /** Takes a version of the table. To be awaited before anything is done for it. */
  async take({ metadata: { resourceVersion }, spec: { guests } }: Stored<'RealtimeAllocation'>): Promise<void> {
    const before = this.#remembered ?? await this.#read();
    const present = guests.flatMap(({ request }) => request ?? []);
    const wentBack = before !== undefined && isOlder(resourceVersion, before.version);
    if (wentBack || !isDeepStrictEqual(present, before?.present)) {
      const gone = wentBack ? [...before.present, ...present] : before?.present.filter((request) => !present.includes(request)) ?? [];
      const passed = [...new Set([...before?.passed ?? [], ...gone])].slice(-mostPassed);
      this.#remembered = { version: resourceVersion, present, passed };
      await this.#write(this.#remembered);
    } else this.#remembered = before;
    this.#passed = new Set(this.#remembered?.passed);
  }

  /** The table asks for this, and did so once before it asked for something else. */
  has({ request }: AllocatedGuest): boolean {
    return request !== undefined && this.#passed.has(request);
  }

  /** One that cannot be read says nothing, as on a new node. */
  async #read(): Promise<Remembered | undefined> {
    try {
      const text = await this.#files.readNote(note);
      return text === undefined ? undefined : remembered.parse(JSON.parse(text));
    } catch (error) {
      this.#log.warn('past requests cannot be read', {
        file: note, error, detail: 'if the cluster was restored from a backup, guests may be started that run on another node',
      });
      return undefined;
    }
  }

  /** Whole or not at all. Not synced: it is needed only where somebody puts a backup back, which no loss of power does. */
  async #write(what: Remembered): Promise<void> {
    try {
      await this.#files.writeNote(note, JSON.stringify(what));
    } catch (error) {
      this.#log.warn('past requests cannot be written', {
        file: note, error, detail: 'if the cluster is restored from a backup and the agent restarts, guests may be started that run on another node',
      });
    }
  }
}
