/** The files of one directory as values, each read again only when it may have changed. */
import { readFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { machineClock } from '../../runtime/clock.ts';
import { errno, storageError } from './atomic-file.ts';

/**
 * A file that was this young when it was read is read again: a second change within one tick of the file system's clock, of the same
 * length, in an inode used again, would not show in stat(2). Ticks are 10 ms at most.
 */
const settledAfterMs = 1000;

interface Cached<Value> {
  readonly signature: string;
  readonly settled: boolean;
  readonly value: Value;
}

export class FileCache<Value> {
  readonly #directory: string;
  readonly #suffixes: readonly string[];
  readonly #parse: (name: string, content: string | Error) => Value;
  #files: ReadonlyMap<string, Cached<Value>> = new Map();

  /** @param parse makes the value of a file from its text, or from the error that reading it gave. */
  constructor(directory: string, suffixes: readonly string[], parse: (name: string, content: string | Error) => Value) {
    this.#directory = directory;
    this.#suffixes = suffixes;
    this.#parse = parse;
  }

  /**
   * The values of all files with one of the suffixes, hidden files left out, by name in ascending order.
   * @throws StoreError STORAGE_FAILED when the directory itself cannot be read: then nothing is known about its files.
   */
  async read(): Promise<ReadonlyMap<string, Value>> {
    const files = new Map<string, Cached<Value>>();
    for (const name of await this.#names()) {
      const cached = await this.#file(name);
      if (cached !== undefined) files.set(name, cached);
    }
    this.#files = files;
    return new Map([...files].map(([name, { value }]) => [name, value]));
  }

  async #names(): Promise<readonly string[]> {
    try {
      const names = await readdir(this.#directory);
      return names.filter((name) => !name.startsWith('.') && this.#suffixes.includes(path.extname(name))).sort();
    } catch (error) {
      throw storageError(`cannot read the directory ${this.#directory}`, error);
    }
  }

  async #file(name: string): Promise<Cached<Value> | undefined> {
    const file = path.join(this.#directory, name);
    const before = this.#files.get(name);
    let signature = '';
    let settled = false;
    let content: string | Error;
    try {
      const { ino, size, mtimeNs, ctimeNs, ctimeMs } = await stat(file, { bigint: true });
      signature = [ino, size, mtimeNs, ctimeNs].join(':');
      if (before?.settled === true && before.signature === signature) return before;
      // A file's times are the kernel's own, whatever clock the store has.
      settled = Math.abs(machineClock.date().getTime() - Number(ctimeMs)) > settledAfterMs;
      content = await readFile(file, 'utf8');
    } catch (error) {
      // Removed since the directory was listed.
      if (errno(error) === 'ENOENT') return undefined;
      content = storageError(`cannot read ${file}`, error);
    }
    return { signature, settled, value: this.#parse(name, content) };
  }
}
