import { expect, it } from 'vitest';
import { CpuSet } from '../cpu-set.ts';
import { describeForeign, foreignThreads } from './foreign-threads.ts';
import type { HostThread } from './foreign-threads.ts';

const guestCpus = CpuSet.of(2, 3, 6);
const thread = (policy: HostThread['policy'], cpus: string, priority = 0): HostThread => ({ pid: 800, tid: 801, comm: 'stress', policy, priority, allowedCpus: CpuSet.parse(cpus) });

it.each<[string, HostThread, string | undefined]>([
  ['pinned to one', thread('OTHER', '2'), 'thread stress (tid 801), pinned to pCPUs 2'],
  ['pinned to pCPUs of two guests', thread('BATCH', '3,6'), 'thread stress (tid 801), pinned to pCPUs 3,6'],
  ['pinned to one of a guest and one of the host', thread('OTHER', '0,2'), undefined],
  ['that floats', thread('OTHER', '0-7'), undefined],
  ['pinned elsewhere', thread('OTHER', '0-1'), undefined],
  ['FIFO anywhere', thread('FIFO', '0-7', 50), 'thread stress (tid 801), FIFO 50, which may run on pCPUs 2-3,6'],
  ['RR on the host alone', thread('RR', '0-1', 1), undefined],
  ['DEADLINE anywhere', thread('DEADLINE', '0-7'), 'thread stress (tid 801), DEADLINE, which may run on pCPUs 2-3,6'],
])('a thread %s', (_, one, said) => {
  expect(foreignThreads([one], guestCpus).map(describeForeign)).toEqual(said === undefined ? [] : [said]);
});
