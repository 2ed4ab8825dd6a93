/** Makes sure that an image is what its RealtimeImage says, without ever guessing a format. */
import { open, stat } from 'node:fs/promises';
import type { ImageFormat } from '../../realtime/spec.ts';
import { reasonOf } from '../host/host-root.ts';
import { ImageError } from './image-error.ts';
import { requireStandaloneQcow2 } from './qcow2-header.ts';
import { qemuImg } from './qemu-img.ts';

/** QEMU maps a firmware image in 64 KiB steps below 4 GiB (`-bios`), and 16 MiB is more than any firmware has. */
const romUnitBytes = 64 * 1024;
const romMaxBytes = 16 * 1024 * 1024;
/** The CPU's first instruction is 16 bytes below the end (Intel SDM vol. 3A, "First Instruction Executed"). */
const romEntryBytes = 16;

/**
 * Checks a file and gives the size of the disk (or firmware) that the guest sees, in bytes.
 *
 * A raw file is never looked into: whatever its first bytes look like, it is opened as what it was declared. Of a ROM only the
 * last bytes are, where a firmware begins and a disk image is empty. A qcow2 is read by us first, and only one that stands alone
 * is shown to qemu-img, which looks at the rest of its structure.
 *
 * A ROM is not copied: QEMU reads it once, when it starts, from the image root, where only the administrator writes.
 * @throws ImageError `IMAGE_FORMAT`, `IMAGE_REFERS_ELSEWHERE`, `IMAGE_UNREADABLE`, and those of `qemuImg`.
 */
export async function checkImage(path: string, format: ImageFormat, signal?: AbortSignal): Promise<bigint> {
  switch (format) {
    case 'raw':
      return checkRaw(path);
    case 'rom':
      return checkRom(path);
    case 'qcow2':
      return checkQcow2(path, signal);
  }
}

async function checkRaw(path: string): Promise<bigint> {
  const bytes = await sizeOf(path);
  if (bytes === 0n) throw new ImageError('IMAGE_FORMAT', `${path} is empty; accepted as raw: a disk image of at least one byte`);
  return bytes;
}

async function checkRom(path: string): Promise<bigint> {
  const bytes = await sizeOf(path);
  if (bytes === 0n || bytes % BigInt(romUnitBytes) !== 0n || bytes > BigInt(romMaxBytes)) {
    throw new ImageError('IMAGE_FORMAT', `${path} has ${bytes} bytes; accepted as rom: a firmware image of a multiple of 64 KiB, at most 16 MiB`);
  }
  const entry = await lastBytes(path, Number(bytes), romEntryBytes);
  if (entry.every((byte) => byte === entry[0])) {
    throw new ImageError('IMAGE_FORMAT', `${path} has nothing at its end, where a CPU begins to run firmware, so it is no rom; correct the RealtimeImage's format (a disk image is raw or qcow2), or name a firmware image`);
  }
  return bytes;
}

async function checkQcow2(path: string, signal: AbortSignal | undefined): Promise<bigint> {
  const bytes = await requireStandaloneQcow2(path);
  try {
    await qemuImg(['info', '--output=json', '-U', '-f', 'qcow2', '--', path], { signal, cpu: 'bounded' });
  } catch (error) {
    if (!(error instanceof ImageError) || error.code !== 'TOOL_FAILED') throw error;
    throw new ImageError('IMAGE_FORMAT', `${path} is no sound qcow2 image: ${error.message}`, { cause: error });
  }
  return bytes;
}

async function lastBytes(path: string, size: number, count: number): Promise<Buffer> {
  try {
    await using file = await open(path, 'r');
    const { buffer, bytesRead } = await file.read(Buffer.alloc(count), 0, count, size - count);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    throw new ImageError('IMAGE_UNREADABLE', `${path} cannot be read: ${reasonOf(error)}`, { cause: error });
  }
}

async function sizeOf(path: string): Promise<bigint> {
  try {
    return (await stat(path, { bigint: true })).size;
  } catch (error) {
    throw new ImageError('IMAGE_UNREADABLE', `${path} cannot be read: ${reasonOf(error)}`, { cause: error });
  }
}
