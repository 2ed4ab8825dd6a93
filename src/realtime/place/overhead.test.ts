import { expect, test } from 'vitest';
import { overheadMiB } from './overhead.ts';
import { sampleGuest } from './sample-hosts.ts';

test.each([
  [{ vcpus: 1, memoryMiB: 64 }, 0, 137],
  [{ vcpus: 4, memoryMiB: 8192 }, 2, 192],
  [{ vcpus: 32, memoryMiB: 262_144 }, 0, 896],
] as const)('%j with %i I/O threads: %i MiB', (sample, ioThreads, expected) => {
  expect(overheadMiB(sampleGuest({ ...sample, rest: { ioThreads } }))).toBe(expected);
});
