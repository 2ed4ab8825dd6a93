import { describe, expect, it } from 'vitest';
import { CpuSet } from '../cpu-set.ts';
import { mixedRealtimeRom } from '../domain/fixtures/inputs.ts';
import type { ObservedProcess } from '../observed.ts';
import { audit } from './audit.ts';
import { corrections } from './corrections.ts';
import type { Correction } from './corrections.ts';
import { matchingProcess, withThread } from './sample-process.ts';

const { guest, placement } = mixedRealtimeRom;
const right = matchingProcess(guest, placement);

describe('corrections', () => {
  it.each<[string, ObservedProcess | undefined, readonly Correction[]]>([
    ['nothing wrong', right, []],
    ['a policy', withThread(right, 'CPU 1/KVM', { policy: 'OTHER', priority: 0 }), [{ tid: 201, comm: 'CPU 1/KVM', policy: 'FIFO', priority: 1 }]],
    ['a priority', withThread(right, 'CPU 1/KVM', { priority: 2 }), [{ tid: 201, comm: 'CPU 1/KVM', policy: 'FIFO', priority: 1 }]],
    ['an affinity', withThread(right, 'worker', { allowedCpus: CpuSet.of(0, 1) }), [{ tid: 102, comm: 'worker', cpus: CpuSet.of(0) }]],
    ['all of one thread', withThread(right, 'worker', { policy: 'RR', priority: 5, allowedCpus: CpuSet.of(1) }), [
      { tid: 102, comm: 'worker', policy: 'OTHER', priority: 0, cpus: CpuSet.of(0) },
    ]],
    ['threads of the kernel', withThread(withThread(right, 'vhost-100', { allowedCpus: CpuSet.of(1) }), 'kvm-pit/100', { policy: 'FIFO', priority: 1 }), [
      { tid: 600, comm: 'vhost-100', cpus: CpuSet.of(0) },
      { tid: 601, comm: 'kvm-pit/100', policy: 'OTHER', priority: 0 },
    ]],
    ['what no correction helps', { ...right, lockedKiB: 0, threads: right.threads.filter((thread) => thread.comm !== 'CPU 0/KVM') }, []],
    ['no process', undefined, []],
  ])('of %s', (_, observed, expected) => {
    expect(corrections(audit(guest, placement, observed))).toEqual(expected);
  });
});
