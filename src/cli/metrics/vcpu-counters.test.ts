import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CpuSet } from '../../realtime/cpu-set.ts';
import type { Audit } from '../../realtime/finding.ts';
import { vcpuId } from '../../realtime/ids.ts';
import type { ObservedProcess } from '../../realtime/observed.ts';
import { VcpuCounters } from './vcpu-counters.ts';

/** One reading of a guest with one vCPU, whose domain has been restarted so often. */
function reading(restarts: number, switches: number, runDelayNs: number): readonly [Audit, ObservedProcess] {
  const tid = 101;
  const thread = { tid, comm: 'CPU 0/KVM', state: 'S', policy: 'FIFO', priority: 1, allowedCpus: CpuSet.of(2), lastCpu: 2, voluntarySwitches: 0n, involuntarySwitches: BigInt(switches), runDelayNs: BigInt(runDelayNs) } as const;
  const row = { tid, comm: thread.comm, role: { kind: 'vcpu', vcpu: vcpuId(0) }, policy: thread.policy, priority: 1, allowedCpus: thread.allowedCpus, expected: {}, findings: [] } as const;
  return [
    { verified: true, emulated: false, unseen: [], threads: [row], memory: [], findings: [] },
    // A host gives a pid again; the start time tells the two apart.
    { pid: 100, startTicks: BigInt(restarts), threads: [{ ...thread, tid: 100, comm: 'qemu' }, thread], kernelThreads: [], lockedKiB: 0, residentKiB: 0, swappedKiB: 0, hugetlbKiB: 0 },
  ];
}

it('counts what comes on top, from the thread\'s own beginning', () => {
  const counters = new VcpuCounters();
  const told = [reading(0, 5, 2e9), reading(0, 5, 2e9), reading(0, 8, 2.5e9), reading(1, 2, 1e9)].map(([audit, process]) => counters.read(audit, process));
  expect(told).toEqual([
    [{ vcpu: 0, involuntarySwitches: 5, runDelaySeconds: 2 }],
    [{ vcpu: 0, involuntarySwitches: 0, runDelaySeconds: 0 }],
    [{ vcpu: 0, involuntarySwitches: 3, runDelaySeconds: 0.5 }],
    [{ vcpu: 0, involuntarySwitches: 2, runDelaySeconds: 1 }],
  ]);
  expect([...counters.vcpus]).toEqual([0]);
});

it('adds up to the last figure of every thread, however often the domain restarts', () => {
  const steps = fc.array(fc.array(fc.nat(1000), { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 5 });
  fc.assert(fc.property(steps, (domains) => {
    const counters = new VcpuCounters();
    let sum = 0;
    let wanted = 0;
    domains.forEach((increments, restarts) => {
      let total = 0;
      for (const increment of increments) {
        total += increment;
        for (const { involuntarySwitches } of counters.read(...reading(restarts, total, 0))) sum += involuntarySwitches;
      }
      wanted += total;
    });
    expect(sum).toBe(wanted);
  }));
});

it('never falls, and says nothing of a thread that has no reading', () => {
  const counters = new VcpuCounters();
  counters.read(...reading(0, 5, 1e9));
  expect(counters.read(...reading(0, 3, 0))).toEqual([{ vcpu: 0, involuntarySwitches: 0, runDelaySeconds: 0 }]);
  const [audit, process] = reading(0, 9, 0);
  expect(counters.read(audit, { ...process, threads: [] })).toEqual([]);
});
