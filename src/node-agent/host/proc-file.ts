/** Reads small procfs files with as few system calls as there can be: open, read, close, into one buffer that is used again. */
import { closeSync, openSync, readSync } from 'node:fs';
import { isGone } from './host-root.ts';

/** /proc/PID/status is about 1.5 KiB; CPU masks of a host with 8192 CPUs make it some 3 KiB more. */
const buffer = Buffer.allocUnsafe(16384);

/**
 * The text of a procfs file of at most 16 KiB, or undefined where its process is gone, be it in the middle of reading.
 * procfs gives such a file whole in one read, so no other read is made to see the end of it.
 */
export function readProcFile(path: string): string | undefined {
  try {
    const file = openSync(path, 'r');
    try {
      return buffer.toString('latin1', 0, readSync(file, buffer, 0, buffer.length, 0));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}
