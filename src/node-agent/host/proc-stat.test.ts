import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseThreadStat } from './proc-stat.ts';
import type { ThreadStat } from './proc-stat.ts';

/** A line with every field different from its neighbours, as Linux 6.12 writes it. */
function statLine({ tid, comm, state, parentPid, flags, threads, startTicks, lastCpu, priority }: ThreadStat, policy: number): string {
  return `${tid} (${comm}) ${state} ${parentPid} 5 6 7 8 ${flags} 10 11 12 13 14 15 16 17 18 19 ${threads} 21 ${startTicks} 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 ${lastCpu} ${priority} ${policy} 42 43 44 45 46 47 48 49 50 51 52\n`;
}

const thread: ThreadStat = { tid: 4711, comm: 'CPU 1/KVM', state: 'S', parentPid: 1, flags: 0x208040, threads: 7, startTicks: 20116n, lastCpu: 2, priority: 1, policy: 'FIFO' };

test.each(['CPU 1/KVM', 'qemu-system-x86', 'a) R 1 2 (b', '()', '', ' ', ') S 2 (', 'kvm-pit/1231', 'tab\there', 'line\nbreak'])('comm %j', (comm) => {
  expect(parseThreadStat(statLine({ ...thread, comm }, 1))).toEqual({ ...thread, comm });
});

test.each([[0, 'OTHER'], [1, 'FIFO'], [2, 'RR'], [3, 'BATCH'], [5, 'IDLE'], [6, 'DEADLINE'], [7, 'EXT']] as const)('policy %d is %s', (number, policy) => {
  expect(parseThreadStat(statLine(thread, number)).policy).toBe(policy);
});

test('property: whatever the comm, everything is read back', () => {
  const threads = fc.record({
    tid: fc.integer({ min: 1, max: 4_194_304 }),
    comm: fc.string({ maxLength: 64, unit: fc.constantFrom('(', ')', ' ', 'a', '1', '\n', '/', '-') }),
    state: fc.constantFrom('R', 'S', 'D', 'Z', 'T', 'I'),
    parentPid: fc.nat(),
    flags: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    threads: fc.nat(),
    startTicks: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    lastCpu: fc.nat({ max: 8191 }),
    priority: fc.integer({ min: 0, max: 99 }),
    policy: fc.constant('RR' as const),
  });
  fc.assert(fc.property(threads, (written) => {
    expect(parseThreadStat(statLine(written, 2))).toEqual(written);
  }));
});

describe('what is no such line is refused', () => {
  test.each(['', '4711', '4711 (a', '4711 a) S', '4711 (a) S 1 2 3', 'x (a) S', statLine(thread, 4), statLine(thread, 8), statLine(thread, 1).replace(/ 1 42 .*/s, '')])('%j', (line) => {
    expect(() => parseThreadStat(line)).toThrow(expect.objectContaining({ code: 'HOST_UNREADABLE' }));
  });
});
