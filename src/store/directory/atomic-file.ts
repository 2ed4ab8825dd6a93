/** Files that are either as they were or as they should be, whatever dies in between. */
import { open, readFile, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Random } from '../../runtime/random.ts';
import { StoreError } from '../errors.ts';

const stagedPrefix = '.rtvm-';
const stagedSuffix = '.tmp';
/** Specs may hold passwords (cloud-init), so nobody else reads them. */
const fileMode = 0o600;

export function errno(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** The text of a file, or undefined where there is none. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined;
    throw storageError(`cannot read ${file}`, error);
  }
}

/**
 * Writes the content durably beside its target, under a name that readers ignore.
 * @returns the staged file, for {@link replaceFile}.
 */
export async function stageFile(target: string, content: string, random: Random): Promise<string> {
  const staged = path.join(path.dirname(target), `${stagedPrefix}${random.uuid()}${stagedSuffix}`);
  try {
    const handle = await open(staged, 'wx', fileMode);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    await rm(staged, { force: true });
    throw storageError(`cannot write ${target}`, error);
  }
  return staged;
}

export async function replaceFile(staged: string, target: string): Promise<void> {
  try {
    await rename(staged, target);
  } catch (error) {
    throw storageError(`cannot write ${target}`, error);
  }
}

/** Makes what was renamed or removed in a directory outlive a loss of power. */
export async function syncDirectory(directory: string): Promise<void> {
  try {
    const handle = await open(directory, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw storageError(`cannot sync ${directory}`, error);
  }
}

/** Removes what a killed writer left staged. Only for the holder of the lock, when no transaction is pending. */
export async function removeStagedFiles(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name.startsWith(stagedPrefix) && name.endsWith(stagedSuffix)) await rm(path.join(directory, name), { force: true });
  }
}

/** The store's error for a failed file operation, with what a person can do. */
export function storageError(what: string, cause: unknown): StoreError {
  const code = errno(cause);
  switch (code) {
    case 'ENOSPC':
      return new StoreError('STORAGE_FULL', `${what}: no space is left; nothing was changed. Free some space (\`df -h\` and \`df -i\` show where it went) and try again`, { cause });
    case 'EDQUOT':
      return new StoreError('STORAGE_FULL', `${what}: the disk quota is used up; nothing was changed. Raise the quota or free some space, and try again`, { cause });
    case 'EROFS':
      return new StoreError('STORAGE_FAILED', `${what}: the file system is mounted read-only; mount it writable or give another state directory`, { cause });
    case 'EACCES':
    case 'EPERM':
      return new StoreError('STORAGE_FAILED', `${what}: permission denied; run as the directory's owner or give another state directory`, { cause });
    default:
      return new StoreError('STORAGE_FAILED', `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
