/** Reads the header of a qcow2 file itself, before any program of QEMU's opens it. */
import { open } from 'node:fs/promises';
import { reasonOf } from '../host/host-root.ts';
import { ImageError } from './image-error.ts';

/** QEMU's docs/interop/qcow2.txt: offsets of the big-endian fields, and the header's length in version 2. */
const magic = 0x514649fb;
const version2Length = 72;
const version3Length = 104;

/** Bits of `incompatible_features`. */
const corruptBit = 1n << 1n;
const externalDataBit = 1n << 2n;

/**
 * Makes sure that a file is a qcow2 that stands alone.
 *
 * A backing file or an external data file is named in the header by whoever made the image, and QEMU would open it with its own
 * rights: `/etc/shadow`, another tenant's disk. Such an image is refused, whatever the name.
 * @returns the guest's disk size in bytes.
 * @throws ImageError `IMAGE_REFERS_ELSEWHERE`, `IMAGE_FORMAT`, `IMAGE_UNREADABLE`.
 */
export async function requireStandaloneQcow2(path: string): Promise<bigint> {
  const header = await readHeader(path);
  if (header.length < version2Length || header.readUInt32BE(0) !== magic) {
    throw new ImageError('IMAGE_FORMAT', `${path} is not a qcow2 image (it does not begin with "QFI\\xfb"); correct the RealtimeImage's format, or convert the file: qemu-img convert -O qcow2`);
  }
  const version = header.readUInt32BE(4);
  if (version !== 2 && version !== 3) throw new ImageError('IMAGE_FORMAT', `${path} is qcow2 of version ${version}; accepted: versions 2 and 3`);
  if (version === 3 && header.length < version3Length) throw new ImageError('IMAGE_FORMAT', `${path} ends within its qcow2 header; it was not copied whole`);
  const features = version === 3 ? header.readBigUInt64BE(72) : 0n;
  if (header.readBigUInt64BE(8) !== 0n || header.readUInt32BE(16) !== 0) {
    throw new ImageError('IMAGE_REFERS_ELSEWHERE', `${path} has a backing file, which could be any file of the host, and is refused; make an image that stands alone: qemu-img convert -O qcow2`);
  }
  if ((features & externalDataBit) !== 0n) {
    throw new ImageError('IMAGE_REFERS_ELSEWHERE', `${path} keeps its data in another file, which could be any file of the host, and is refused; make an image that stands alone: qemu-img convert -O qcow2`);
  }
  if ((features & corruptBit) !== 0n) throw new ImageError('IMAGE_FORMAT', `${path} is marked corrupt; check it with qemu-img check, or take another copy`);
  if (header.readUInt32BE(32) !== 0) throw new ImageError('IMAGE_FORMAT', `${path} is encrypted, and nobody here has the key; accepted: images without encryption`);
  return header.readBigUInt64BE(24);
}

async function readHeader(path: string): Promise<Buffer> {
  try {
    await using file = await open(path, 'r');
    const { buffer, bytesRead } = await file.read(Buffer.alloc(version3Length), 0, version3Length, 0);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    throw new ImageError('IMAGE_UNREADABLE', `${path} cannot be read: ${reasonOf(error)}`, { cause: error });
  }
}
