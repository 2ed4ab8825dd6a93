import { describe, expect, test } from 'vitest';
import { parseMemoryStatus, parseRunDelayNs, parseThreadStatus } from './proc-status.ts';

const status = `Name:\tCPU 1/KVM\\nCpus_allowed_list:\t0-63
State:\tR (running)
VmLck:\t  397356 kB
VmRSS:\t  135864 kB
VmSwap:\t       8 kB
HugetlbPages:\t   32768 kB
Cpus_allowed:\t0c
Cpus_allowed_list:\t2-3
voluntary_ctxt_switches:\t18446744073709551615
nonvoluntary_ctxt_switches:\t12
`;

test('a thread', () => {
  const { allowedCpus, ...counters } = parseThreadStatus(status);
  expect(allowedCpus.toString()).toBe('2-3');
  expect(counters).toEqual({ voluntarySwitches: 18446744073709551615n, involuntarySwitches: 12n });
});

test('memory', () => {
  expect(parseMemoryStatus(status)).toEqual({ lockedKiB: 397_356, residentKiB: 135_864, swappedKiB: 8, hugetlbKiB: 32_768 });
});

test('what has no memory of its own has none', () => {
  expect(parseMemoryStatus('Name:\tkvm-pit/1231\nState:\tS (sleeping)\n')).toEqual({ lockedKiB: 0, residentKiB: 0, swappedKiB: 0, hugetlbKiB: 0 });
});

describe('a line that is missing', () => {
  test.each(['Cpus_allowed_list', 'voluntary_ctxt_switches', 'nonvoluntary_ctxt_switches'])('%s', (name) => {
    const without = status.split('\n').filter((line) => !line.startsWith(`${name}:`)).join('\n');
    expect(() => parseThreadStatus(without)).toThrow(expect.objectContaining({ code: 'HOST_UNREADABLE', message: expect.stringContaining(`no line ${name}`) as unknown }));
  });
});

test.each([['3192328083 543697217 1447\n', 543_697_217n], ['0 0 0\n', 0n], [undefined, 0n], ['', 0n]])('run delay of %j', (schedstat, delay) => {
  expect(parseRunDelayNs(schedstat)).toBe(delay);
});
