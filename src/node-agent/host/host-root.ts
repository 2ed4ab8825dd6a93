/** Where a host's sysfs, procfs and devices are, and the few ways to read them; another root makes a snapshot a host. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CpuListError, CpuSet } from '../../realtime/cpu-set.ts';
import { HostError } from './host-error.ts';

export interface HostRoot {
  readonly sys: string;
  readonly proc: string;
  readonly dev: string;
  /** The tree of control groups: of the whole host, or what is said of it is that it cannot be seen. */
  readonly cgroup: string;
}

/** Where a host has its control groups. */
export const defaultCgroupRoot = '/sys/fs/cgroup';

/** The machine that this process runs on. */
export const thisHost: HostRoot = { sys: '/sys', proc: '/proc', dev: '/dev', cgroup: defaultCgroupRoot };

/** A snapshot of a host in a directory with `sys`, `proc` and `dev`. */
export function hostRootAt(directory: string): HostRoot {
  return { sys: join(directory, 'sys'), proc: join(directory, 'proc'), dev: join(directory, 'dev'), cgroup: join(directory, defaultCgroupRoot) };
}

/**
 * The text of a file, without white space around it, or undefined where there is no such file.
 * @throws HostError `HOST_UNREADABLE` where it exists and cannot be read.
 */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (isGone(error)) return undefined;
    throw new HostError('HOST_UNREADABLE', `${path} cannot be read: ${reasonOf(error)}`, { cause: error });
  }
}

/** As {@link readText}, where the kernel always has the file. */
export function requireText(path: string): string {
  const text = readText(path);
  if (text === undefined) throw new HostError('HOST_UNREADABLE', `${path} is missing; rtvm needs a Linux host with sysfs on /sys and procfs on /proc`);
  return text;
}

/** A CPU list, or undefined where there is no such file. A kernel without the feature may write "(null)": that is empty. */
export function readCpuList(path: string): CpuSet | undefined {
  const text = readText(path);
  if (text === undefined) return undefined;
  if (text === '(null)') return CpuSet.empty();
  try {
    return CpuSet.parse(text);
  } catch (error) {
    if (!(error instanceof CpuListError)) throw error;
    throw new HostError('HOST_UNREADABLE', `${path}: ${error.message}`, { cause: error });
  }
}

/** A whole number, or undefined where there is no such file. */
export function readNumber(path: string): number | undefined {
  const text = readText(path);
  if (text === undefined) return undefined;
  if (!/^-?\d+$/.test(text)) throw new HostError('HOST_UNREADABLE', `${path} holds ${JSON.stringify(text)}, a whole number was expected`);
  return Number(text);
}

/** The numbers N of a directory's entries `<prefix>N`, ascending; none where there is no such directory. */
export function listNumbered(directory: string, prefix: string): number[] {
  const pattern = new RegExp(`^${prefix}(\\d+)$`);
  return listNames(directory)
    .flatMap((name) => pattern.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** The names in a directory, sorted; none where there is no such directory. */
export function listNames(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch (error) {
    if (isGone(error)) return [];
    throw new HostError('HOST_UNREADABLE', `${directory} cannot be listed: ${reasonOf(error)}`, { cause: error });
  }
}

/** True for the errors of a file that is not there: never was, or (ESRCH, of procfs) its process ended while it was read. */
export function isGone(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOENT' || code === 'ESRCH' || code === 'ENOTDIR';
}

/** The `code` of a system error: `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
