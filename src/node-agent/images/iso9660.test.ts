import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isoVolume } from './iso9660.ts';

const sector = 2048;

/** The files of the tree that a descriptor leads to, read as ECMA-119 says and no further. */
function readTree(volume: Buffer, descriptor: number, nameOf: (record: Buffer) => string): Readonly<Record<string, string>> {
  const root = volume.readUInt32LE(descriptor * sector + 156 + 2);
  const files: [string, string][] = [];
  for (let at = root * sector; volume[at] !== 0; at += volume[at]!) {
    const record = volume.subarray(at, at + volume[at]!);
    expect(record.readUInt32BE(6)).toBe(record.readUInt32LE(2));
    expect(record.readUInt32BE(14)).toBe(record.readUInt32LE(10));
    const isDirectory = (record[25]! & 2) !== 0;
    const start = record.readUInt32LE(2) * sector;
    if (!isDirectory) files.push([nameOf(record), volume.toString('utf8', start, start + record.readUInt32LE(10))]);
  }
  return Object.fromEntries(files);
}

const identifier = (record: Buffer) => record.subarray(33, 33 + record[32]!);
const jolietName = (record: Buffer) => Buffer.from(identifier(record)).swap16().toString('utf16le').replace(/;1$/, '');
/** Of the Rock Ridge entry NM, behind one that tells attributes. */
const rockRidgeName = (record: Buffer) => {
  const start = 33 + record[32]! + (1 - record[32]! % 2) + 36;
  return record.toString('latin1', start + 5, start + record[start + 2]!);
};

describe('an ISO 9660 volume', () => {
  const names = fc.stringMatching(/^[a-z0-9._-]{1,28}$/);

  test('has every file by both of its names, and whole sectors', () => {
    fc.assert(fc.property(fc.dictionary(names, fc.string({ unit: 'grapheme', maxLength: 5000 }), { maxKeys: 8, noNullPrototype: true }), (files) => {
      const volume = isoVolume('CIDATA', new Map(Object.entries(files)));
      const whole = Object.fromEntries(Object.entries(files).map(([name, text]) => [name, Buffer.from(text).toString()]));
      expect(volume.length % sector).toBe(0);
      expect(volume.readUInt32LE(16 * sector + 80) * sector).toBe(volume.length);
      expect(readTree(volume, 16, rockRidgeName)).toEqual(whole);
      expect(readTree(volume, 17, jolietName)).toEqual(whole);
    }));
  });

  test('is the same for the same files, in whatever order they come', () => {
    const files: [string, string][] = [['user-data', 'x'], ['meta-data', 'y']];
    expect(isoVolume('CIDATA', new Map(files.toReversed()))).toEqual(isoVolume('CIDATA', new Map(files)));
  });

  test.each([
    ['a label in lower case', 'cidata', ['a'], 'volume label "cidata"'],
    ['a label that is too long', 'A'.repeat(17), ['a'], 'volume label'],
    ['a name with a slash', 'CIDATA', ['a/b'], 'file name "a/b"'],
    ['a name that is too long', 'CIDATA', ['a'.repeat(29)], 'file name'],
    ['more files than a directory has room for', 'CIDATA', Array.from({ length: 40 }, (_, index) => `name-${index}`), '40 files'],
  ])('refuses %s', (_, label, files, message) => {
    expect(() => isoVolume(label, new Map(files.map((name) => [name, ''])))).toThrow(message);
  });
});
