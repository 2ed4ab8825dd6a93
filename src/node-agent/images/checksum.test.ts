import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ChecksumCache } from './checksum.ts';

const hash = (text: string) => createHash('sha256').update(text).digest('hex');

let directory: string;
let image: string;
let store: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rtvm-checksum-'));
  image = join(directory, 'image');
  store = join(directory, 'checksums');
  writeFileSync(image, 'first');
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** Puts a wrong checksum into the store for the image as it is, to tell what was remembered from what was computed. */
function plant(): void {
  writeFileSync(store, readFileSync(store, 'utf8').replace(/^[0-9a-f]{64}/, hash('planted')));
}

test('is that of the content', async () => {
  expect(await new ChecksumCache(store).sha256(image)).toBe(hash('first'));
});

test('of a file larger than one read', async () => {
  const text = 'x'.repeat(3_000_001);
  writeFileSync(image, text);
  expect(await new ChecksumCache(store).sha256(image)).toBe(hash(text));
});

test('is remembered over a restart while the file stays as it is', async () => {
  await new ChecksumCache(store).sha256(image);
  plant();
  expect(await new ChecksumCache(store).sha256(image)).toBe(hash('planted'));
});

test('a file written to with its old times put back is read again', async () => {
  await new ChecksumCache(store).sha256(image);
  plant();
  const { atime, mtime } = statSync(image);
  writeFileSync(image, 'other');
  utimesSync(image, atime, mtime);
  expect(await new ChecksumCache(store).sha256(image)).toBe(hash('other'));
});

test('a damaged store is begun anew', async () => {
  writeFileSync(store, 'not a checksum\n\0\0\0');
  expect(await new ChecksumCache(store).sha256(image)).toBe(hash('first'));
  plant();
  expect(await new ChecksumCache(store).sha256(image)).toBe(hash('planted'));
});

test('a match is a match in either case; a mismatch says both', async () => {
  const checksums = new ChecksumCache(store);
  await checksums.verify(image, hash('first').toUpperCase());
  await expect(checksums.verify(image, hash('wanted'))).rejects.toMatchObject({
    code: 'CHECKSUM_MISMATCH',
    message: `${image} has the SHA-256 ${hash('first')}, but the RealtimeImage says ${hash('wanted')}: it is not the file that was meant, or was damaged; put the right file there, or correct sha256`,
  });
});

test('a file that is written to meanwhile has none', async () => {
  writeFileSync(image, 'x'.repeat(30_000_000));
  const pending = new ChecksumCache(store).sha256(image);
  const writer = setInterval(() => appendFileSync(image, 'x'), 1);
  await expect(pending).rejects.toMatchObject({ code: 'IMAGE_CHANGED' });
  clearInterval(writer);
  expect(existsSync(store)).toBe(false);
});

test('ends when it is told to, and goes on with the next', async () => {
  const checksums = new ChecksumCache(store);
  await expect(checksums.sha256(image, AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop');
  expect(await checksums.sha256(image)).toBe(hash('first'));
});

test('forgets the oldest beyond a thousand', async () => {
  const line = (inode: number) => `${hash(String(inode))} 1:${inode}:1:1:1\n`;
  writeFileSync(store, Array.from({ length: 1000 }, (_, inode) => line(inode)).join(''));
  await new ChecksumCache(store).sha256(image);
  const lines = readFileSync(store, 'utf8').trimEnd().split('\n');
  expect([lines.length, `${lines[0]}\n`]).toEqual([1000, line(1)]);
});
