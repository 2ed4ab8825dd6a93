// Takes one file out of a zip archive, so that tests need no unzip on the machine.
import { inflateRawSync } from 'node:zlib';

const endOfDirectory = 0x06054b50;
const directoryEntry = 0x02014b50;

/** @throws Error where the archive has no such file. Zip64 is not needed for archives below 4 GiB. */
export function zipEntry(archive: Buffer, name: string): Buffer {
  let at = archive.length - 22;
  while (at >= 0 && archive.readUInt32LE(at) !== endOfDirectory) at -= 1;
  if (at < 0) throw new Error('not a zip archive');
  let entry = archive.readUInt32LE(at + 16);
  while (archive.readUInt32LE(entry) === directoryEntry) {
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => archive.readUInt16LE(entry + offset)) as [number, number, number];
    if (archive.toString('utf8', entry + 46, entry + 46 + nameLength) === name) return content(archive, entry);
    entry += 46 + nameLength + extraLength + commentLength;
  }
  throw new Error(`the zip archive has no ${name}`);
}

/** The local header repeats the lengths of name and extra field, and they may differ. */
function content(archive: Buffer, entry: number): Buffer {
  const method = archive.readUInt16LE(entry + 10);
  const size = archive.readUInt32LE(entry + 20);
  const local = archive.readUInt32LE(entry + 42);
  const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
  const packed = archive.subarray(start, start + size);
  return method === 0 ? packed : inflateRawSync(packed);
}
