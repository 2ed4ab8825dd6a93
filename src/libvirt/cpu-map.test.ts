import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeCpuMap, encodeCpuMap } from './cpu-map.ts';

it.each([
  [[], []],
  [[0], [1]],
  [[7], [0x80]],
  [[8], [0, 1]],
  [[9, 0, 3, 3], [9, 2]],
])('encodes %j as the bytes %j', (cpus, bytes) => {
  expect([...encodeCpuMap(cpus)]).toEqual(bytes);
});

it('reads back what it wrote, ascending and once each', () => {
  fc.assert(fc.property(fc.array(fc.nat(8191)), (cpus) => {
    expect(decodeCpuMap(encodeCpuMap(cpus))).toEqual([...new Set(cpus)].sort((a, b) => a - b));
  }));
});
