import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ImageError } from './image-error.ts';
import { requireStandaloneQcow2 } from './qcow2-header.ts';

let directory: string;
let path: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'rtvm-qcow2-'));
  path = join(directory, 'image.qcow2');
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

/** A sound header of 1 GiB, with changes. */
function header(change: (header: Buffer) => void = () => undefined, version = 3): Buffer {
  const buffer = Buffer.alloc(version === 2 ? 72 : 112);
  buffer.write('QFI\xfb', 'latin1');
  buffer.writeUInt32BE(version, 4);
  buffer.writeUInt32BE(16, 20);
  buffer.writeBigUInt64BE(1n << 30n, 24);
  if (version === 3) buffer.writeUInt32BE(112, 100);
  change(buffer);
  return buffer;
}

async function check(content: Buffer): Promise<bigint> {
  writeFileSync(path, content);
  return requireStandaloneQcow2(path);
}

test.each<[string, Buffer]>([
  ['version 3', header()],
  ['version 2', header(undefined, 2)],
  ['dirty: QEMU repairs it', header((buffer) => buffer.writeBigUInt64BE(1n, 72))],
  ['extended L2 entries', header((buffer) => buffer.writeBigUInt64BE(1n << 4n, 72))],
  ['with snapshots', header((buffer) => buffer.writeUInt32BE(3, 60))],
])('%s stands alone', async (_, content) => {
  expect(await check(content)).toBe(1n << 30n);
});

describe('refused', () => {
  test.each<[string, Buffer, string, string]>([
    ['a backing file', header((buffer) => { buffer.writeBigUInt64BE(112n, 8); buffer.writeUInt32BE(11, 16); }), 'IMAGE_REFERS_ELSEWHERE', 'has a backing file'],
    ['a backing file in version 2', header((buffer) => { buffer.writeBigUInt64BE(72n, 8); buffer.writeUInt32BE(11, 16); }, 2), 'IMAGE_REFERS_ELSEWHERE', 'has a backing file'],
    ['an offset without a length', header((buffer) => buffer.writeBigUInt64BE(1n, 8)), 'IMAGE_REFERS_ELSEWHERE', 'has a backing file'],
    ['a length without an offset', header((buffer) => buffer.writeUInt32BE(1, 16)), 'IMAGE_REFERS_ELSEWHERE', 'has a backing file'],
    ['an external data file', header((buffer) => buffer.writeBigUInt64BE(1n << 2n, 72)), 'IMAGE_REFERS_ELSEWHERE', 'keeps its data in another file'],
    ['marked corrupt', header((buffer) => buffer.writeBigUInt64BE(1n << 1n, 72)), 'IMAGE_FORMAT', 'is marked corrupt'],
    ['encrypted', header((buffer) => buffer.writeUInt32BE(2, 32)), 'IMAGE_FORMAT', 'is encrypted'],
    ['a version of the future', header((buffer) => buffer.writeUInt32BE(4, 4)), 'IMAGE_FORMAT', 'is qcow2 of version 4'],
    ['cut short', header().subarray(0, 100), 'IMAGE_FORMAT', 'ends within its qcow2 header'],
    ['a raw disk', Buffer.alloc(512), 'IMAGE_FORMAT', 'is not a qcow2 image'],
    ['empty', Buffer.alloc(0), 'IMAGE_FORMAT', 'is not a qcow2 image'],
  ])('%s', async (_, content, code, message) => {
    await expect(check(content)).rejects.toMatchObject({ code, message: expect.stringContaining(`${path} ${message}`) as unknown });
  });

  test('a file that is not there', async () => {
    await expect(requireStandaloneQcow2(join(directory, 'missing'))).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE' });
  });
});

test('property: no bytes are both accepted and refer elsewhere', async () => {
  const bytes = fc.uint8Array({ minLength: 0, maxLength: 120 });
  const patched = fc.tuple(fc.nat({ max: 111 }), fc.integer({ min: 1, max: 255 })).map(([offset, byte]) => header((buffer) => { buffer[offset] = byte; }));
  await fc.assert(fc.asyncProperty(fc.oneof(bytes.map((array) => Buffer.from(array)), patched), async (content) => {
    const accepted = await check(content).then(() => true, (error: unknown) => {
      expect(error).toBeInstanceOf(ImageError);
      return false;
    });
    if (!accepted) return;
    const refers = content.subarray(8, 20).some((byte) => byte !== 0) || (content.readUInt32BE(4) === 3 && (content[79]! & 0b100) !== 0);
    expect(refers).toBe(false);
  }));
});
