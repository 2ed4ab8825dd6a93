/** Reads what `-f` and `--host` name: files, directories, and `-` for standard input. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SourceFile } from '../../crds/parse-files.ts';
import { CommandError } from '../exit.ts';
import type { Io } from '../io.ts';

/** Endings of the files that are read of a directory; a file that is named itself may be called anything. */
const manifestEnding = /\.(ya?ml|json)$/;

/**
 * Reads all of them, in the order given; a directory's files by name, without those of its subdirectories.
 * @throws CommandError `FILE_MISSING`, `FILE_UNREADABLE` or `DIRECTORY_EMPTY`, naming the path.
 */
export async function readInputFiles(paths: readonly string[], io: Io): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  let stdinRead = false;
  for (const path of paths) {
    if (path === '-') {
      // A second `-` would find it empty, and two resources of one name would be told where there is one.
      if (!stdinRead) files.push({ file: '<stdin>', text: await io.readStdin() });
      stdinRead = true;
    } else {
      for (const file of await filesAt(path)) files.push({ file, text: await attempt(file, () => readFile(file, 'utf8')) });
    }
  }
  return files;
}

async function filesAt(path: string): Promise<string[]> {
  const found = await attempt(path, () => stat(path));
  if (!found.isDirectory()) return [path];
  const entries = await attempt(path, () => readdir(path, { withFileTypes: true }));
  const names = entries.filter((entry) => !entry.isDirectory() && manifestEnding.test(entry.name)).map(({ name }) => name);
  if (names.length === 0) throw new CommandError('DIRECTORY_EMPTY', `${path}: no *.yaml, *.yml or *.json in this directory (subdirectories are not read)`);
  return names.sort().map((name) => join(path, name));
}

/** Runs one read of the file system, turning the system's error into one that says which path and what to do. */
async function attempt<Value>(path: string, read: () => Promise<Value>): Promise<Value> {
  try {
    return await read();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new CommandError('FILE_MISSING', `${path}: no such file or directory`, { cause: error });
    if (code === 'EACCES' || code === 'EPERM') throw new CommandError('FILE_UNREADABLE', `${path}: not allowed to read it (permission denied)`, { cause: error });
    throw new CommandError('FILE_UNREADABLE', `${path}: cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
