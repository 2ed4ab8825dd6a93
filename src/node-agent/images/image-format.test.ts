import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { checkImage } from './image-format.ts';

const directory = mkdtempSync(join(tmpdir(), 'rtvm-image-format-'));
afterAll(() => rmSync(directory, { recursive: true }));

function file(name: string, content: Buffer): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

const kib64 = 64 * 1024;

test('the probe firmware is a rom', async () => {
  expect(await checkImage(resolve(import.meta.dirname, '../../../guest/probe.rom'), 'rom')).toBe(BigInt(kib64));
});

test.each([
  ['of another size', Buffer.alloc(1000, 1), ' has 1000 bytes; accepted as rom: a firmware image of a multiple of 64 KiB, at most 16 MiB'],
  ['empty', Buffer.alloc(0), ' has 0 bytes; accepted as rom: a firmware image of a multiple of 64 KiB, at most 16 MiB'],
  ['that is a disk of zeros', Buffer.alloc(kib64), " has nothing at its end, where a CPU begins to run firmware, so it is no rom; correct the RealtimeImage's format (a disk image is raw or qcow2), or name a firmware image"],
  ['that is erased flash', Buffer.alloc(kib64, 0xff), " has nothing at its end, where a CPU begins to run firmware, so it is no rom; correct the RealtimeImage's format (a disk image is raw or qcow2), or name a firmware image"],
])('a file %s is none', async (name, content, message) => {
  const path = file(name, content);
  await expect(checkImage(path, 'rom')).rejects.toMatchObject({ code: 'IMAGE_FORMAT', message: `${path}${message}` });
});
