/** Makes sure that the state directory can take what a run writes, before anything is written. */
import { statfs } from 'node:fs/promises';
import { CommandError } from '../exit.ts';

/** An object is a few KiB, written twice (once in the journal), and again with each change of its status. Disks are checked by themselves. */
const leastBytes = 2n ** 20n;

/** @throws CommandError `STATE_FULL`. */
export async function requireRoom(stateDirectory: string): Promise<void> {
  const { bavail, bsize } = await statfs(stateDirectory, { bigint: true });
  const free = bavail * bsize;
  if (free >= leastBytes) return;
  throw new CommandError('STATE_FULL', `the file system of the state directory ${stateDirectory} has ${free / 1024n} KiB left, and rtvm needs ${leastBytes / 1024n} KiB to keep what it does; make room there (df -h ${stateDirectory}), or give --state-dir on a larger one; nothing was changed`);
}
