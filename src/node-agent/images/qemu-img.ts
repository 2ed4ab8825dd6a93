/** Runs `qemu-img` on files whose format is known, within bounds: an image is a tenant's data and may be made to harm. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { errorCode, reasonOf } from '../host/host-root.ts';
import { ImageError, diskFullError } from './image-error.ts';

const run = promisify(execFile);

/** As Nova bounds it: a crafted image once made `qemu-img info` take all memory and hours of CPU (CVE-2015-5162). */
const addressSpaceBytes = 1 << 30;
const cpuSeconds = 30;

interface QemuImgOptions {
  readonly signal?: AbortSignal | undefined;
  /** Copying takes as long as the image is large; everything else is done in a moment. */
  readonly cpu: 'bounded' | 'unbounded';
}

/**
 * @param args - every path in them absolute, so that none reads as a protocol (`nbd:…`, `json:…`) or an option.
 * @returns standard output.
 * @throws ImageError `TOOL_MISSING`, `DISK_FULL`, or `TOOL_FAILED` with what it said; an aborted signal's own reason.
 */
export async function qemuImg(args: readonly string[], options: QemuImgOptions): Promise<string> {
  const cpu = options.cpu === 'bounded' ? [`--cpu=${cpuSeconds}`] : [];
  try {
    const { stdout } = await run('prlimit', [`--as=${addressSpaceBytes}`, ...cpu, '--', 'qemu-img', ...args], {
      signal: options.signal,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
    });
    return stdout;
  } catch (error) {
    options.signal?.throwIfAborted();
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : reasonOf(error);
    const doing = `qemu-img ${args.join(' ')}`;
    // 127: prlimit found no qemu-img.
    if (errorCode(error) === 'ENOENT' || (error instanceof Error && 'code' in error && error.code === 127)) {
      throw new ImageError('TOOL_MISSING', 'prlimit or qemu-img is not installed, so disks cannot be prepared: apt-get install util-linux qemu-utils', { cause: error });
    }
    if (/No space left on device|Disk quota exceeded/.test(said)) throw diskFullError(doing, error);
    throw new ImageError('TOOL_FAILED', `${doing} failed: ${said}`, { cause: error });
  }
}
