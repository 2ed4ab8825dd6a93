import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CpuSet } from '../cpu-set.ts';
import type { VcpuId } from '../ids.ts';
import { cpuId, numaNodeId, vcpuId } from '../ids.ts';
import { dedicatedTwoCells, mixedRealtimeRom, plainShared } from '../domain/fixtures/inputs.ts';
import type { Finding } from '../finding.ts';
import { allVcpus } from '../guest.ts';
import type { Guest } from '../guest.ts';
import type { ObservedProcess, ObservedThread } from '../observed.ts';
import { dedicatedCpus } from '../placement.ts';
import type { Placement } from '../placement.ts';
import { audit } from './audit.ts';
import { matchingProcess, withThread } from './sample-process.ts';

const { guest, placement } = mixedRealtimeRom;
const process = matchingProcess(guest, placement);

describe('audit', () => {
  it.each([
    ['a Mixed realtime guest', mixedRealtimeRom],
    ['a Dedicated realtime guest', dedicatedTwoCells],
    ['a Shared guest', plainShared],
  ])('verifies %s that is as it should be', (_, input) => {
    const { verified, findings } = audit(input.guest, input.placement, matchingProcess(input.guest, input.placement));
    expect({ verified, findings }).toEqual({ verified: true, findings: [] });
  });

  it('has one row per thread, kernel threads last', () => {
    const { threads } = audit(guest, placement, process);
    expect(threads.map(({ tid, comm, role }) => [tid, comm, role.kind])).toEqual([
      [100, 'qemu-system-x86', 'emulator'], [101, 'call_rcu', 'emulator'], [102, 'worker', 'emulator'], [150, 'IO iothread1', 'iothread'],
      [200, 'CPU 0/KVM', 'vcpu'], [201, 'CPU 1/KVM', 'vcpu'], [500, 'kvm-nx-lpage-re', 'kvm-nx-lpage-recovery'],
      [600, 'vhost-100', 'vhost'], [601, 'kvm-pit/100', 'kvm-pit'],
    ]);
    expect(threads[5]).toEqual({
      tid: 201, comm: 'CPU 1/KVM', role: { kind: 'vcpu', vcpu: 1 }, policy: 'FIFO', priority: 1, allowedCpus: CpuSet.of(1),
      expected: { policy: 'FIFO', priority: 1, cpus: CpuSet.of(1) }, findings: [],
    });
  });

  it('says that nothing runs where there is no process', () => {
    const gone: Finding = {
      code: 'ProcessGone', severity: 'error', subject: 'domain', expected: 'a running process', observed: 'none',
      message: 'the domain has no process: nothing of it runs, so nothing can be verified',
    };
    expect(audit(guest, placement, undefined)).toEqual({ verified: false, emulated: false, unseen: [], threads: [], memory: [], findings: [gone] });
  });

  it.each<[string, ObservedProcess, Finding]>([
    ['a realtime vCPU that is not', withThread(process, 'CPU 1/KVM', { policy: 'OTHER', priority: 0 }), {
      code: 'ThreadPolicy', severity: 'error', subject: 'CPU 1/KVM (tid 201)', tid: 201, expected: 'FIFO 1', observed: 'OTHER',
      message: 'vCPU 1 runs OTHER instead of FIFO 1: any other thread on its CPU can take the CPU from it',
    }],
    ['a realtime vCPU of too high a priority', withThread(process, 'CPU 1/KVM', { priority: 50 }), {
      code: 'ThreadPriority', severity: 'error', subject: 'CPU 1/KVM (tid 201)', tid: 201, expected: '1', observed: '50',
      message: 'vCPU 1 has priority 50 instead of 1: it can take the CPU from threads that should run before it',
    }],
    ['an emulator thread that became realtime', withThread(process, 'worker', { policy: 'FIFO', priority: 1 }), {
      code: 'ThreadPolicy', severity: 'error', subject: 'worker (tid 102)', tid: 102, expected: 'OTHER', observed: 'FIFO 1',
      message: 'an emulator thread runs FIFO 1 instead of OTHER: it can take the CPU from threads that need it to go on',
    }],
    ["an I/O thread on a realtime vCPU's CPU", withThread(process, 'IO iothread1', { allowedCpus: CpuSet.of(0, 1) }), {
      code: 'ThreadAffinity', severity: 'error', subject: 'IO iothread1 (tid 150)', tid: 150, expected: '0', observed: '0-1',
      message: 'I/O thread 1 may run on CPUs 0-1 instead of 0: CPUs 1 are not for it, and others may count on them',
    }],
    ['a vhost worker that was left anywhere', withThread(process, 'vhost-100', { allowedCpus: CpuSet.of(1) }), {
      code: 'ThreadAffinity', severity: 'error', subject: 'vhost-100 (tid 600)', tid: 600, expected: '0', observed: '1',
      message: 'a vhost worker may run on CPUs 1 instead of 0: CPUs 1 are not for it, and others may count on them',
    }],
    ["KVM's timer thread made realtime", withThread(process, 'kvm-pit/100', { policy: 'RR', priority: 3 }), {
      code: 'ThreadPolicy', severity: 'error', subject: 'kvm-pit/100 (tid 601)', tid: 601, expected: 'OTHER', observed: 'RR 3',
      message: "KVM's timer thread runs RR 3 instead of OTHER: it can take the CPU from threads that need it to go on",
    }],
    ['a vCPU without a thread', { ...process, threads: process.threads.filter((thread) => thread.comm !== 'CPU 1/KVM') }, {
      code: 'VcpuMissing', severity: 'error', subject: 'vCPU 1', expected: 'a thread named CPU 1/KVM (or CPU 1/TCG, emulated)', observed: 'none',
      message: 'no thread runs vCPU 1: the guest has fewer vCPUs than it was given, or QEMU was started without debug-threads=on and its threads cannot be told apart',
    }],
  ])('finds %s', (_, observed, finding) => {
    const result = audit(guest, placement, observed);
    expect({ verified: result.verified, findings: result.findings }).toEqual({ verified: false, findings: [finding] });
  });

  it('finds a floating vCPU that lost a CPU', () => {
    const observed = withThread(matchingProcess(plainShared.guest, plainShared.placement), 'CPU 0/KVM', { allowedCpus: CpuSet.of(1) });
    expect(audit(plainShared.guest, plainShared.placement, observed).findings.map((finding) => finding.message)).toEqual([
      'vCPU 0 may run on CPUs 1 instead of 0-1: it is confined to fewer CPUs than it was given',
    ]);
  });

  // As Linux 6.14 and later make it where a realtime vCPU runs first (test/fixtures/hosts/realtime-domain.txt).
  it('finds the page recovery thread realtime on a realtime pCPU', () => {
    const { verified, findings } = audit(guest, placement, withThread(process, 'kvm-nx-lpage-re', { policy: 'FIFO', priority: 1, allowedCpus: CpuSet.of(1) }));
    expect({ verified, found: findings.map(({ code, severity, subject }) => [code, severity, subject]) }).toEqual({
      verified: false, found: [['ThreadPolicy', 'error', 'kvm-nx-lpage-re (tid 500)'], ['ThreadAffinity', 'error', 'kvm-nx-lpage-re (tid 500)']],
    });
  });

  it('warns of the page recovery thread that is ordinary and cannot leave the cpuset of a realtime vCPU', () => {
    const { verified, findings } = audit(guest, placement, withThread(process, 'kvm-nx-lpage-re', { allowedCpus: CpuSet.of(1) }));
    expect({ verified, found: findings.map(({ code, severity }) => [code, severity]) }).toEqual({ verified: true, found: [['ThreadAffinity', 'warning']] });
    expect(findings[0]?.message).toContain('kvm.nx_huge_pages=never');
  });

  it.each<[string, ObservedThread['comm'], Partial<ObservedThread>]>([
    ["KVM's timer thread wherever the kernel's threads may run", 'kvm-pit/100', { allowedCpus: CpuSet.of(0, 1) }],
    ["KVM's timer thread realtime, as KubeVirt makes it", 'kvm-pit/100', { policy: 'FIFO', priority: 2 }],
  ])('finds %s', (_, comm, change) => {
    expect(audit(guest, placement, withThread(process, comm, change)).verified).toBe(false);
  });

  it('does not miss a timer thread where the guest has none: with a split interrupt controller', () => {
    expect(audit(guest, placement, { ...process, kernelThreads: process.kernelThreads.filter(({ comm }) => comm !== 'kvm-pit/100') }).verified).toBe(true);
  });
});

/** Any guest of 1 to 8 vCPUs with any of them dedicated and any of those realtime, in huge or small pages. */
const placed = fc.record({
  kinds: fc.array(fc.constantFrom('floating', 'dedicated', 'realtime'), { minLength: 1, maxLength: 8 }),
  priority: fc.integer({ min: 1, max: 99 }),
  ioThreads: fc.integer({ min: 0, max: 3 }),
  hugePages: fc.boolean(),
}).map(({ kinds, priority, ioThreads, hugePages }): { guest: Guest; placement: Placement } => {
  const realtimeVcpus = CpuSet.from<VcpuId>(kinds.flatMap((kind, vcpu) => (kind === 'realtime' ? [vcpu] : [])));
  const sharedCpus = CpuSet.range(0, 3);
  return {
    guest: { ...guest, memory: { ...guest.memory, sizeMiB: 64, locked: !realtimeVcpus.isEmpty }, ioThreads },
    placement: {
      ...placement,
      cells: [{ cell: 0, hostNode: numaNodeId(0), vcpus: allVcpus(kinds.length), memoryMiB: 64, pageSizeKiB: hugePages ? 2048 : 4 }],
      vcpuPins: kinds.map((kind, vcpu) => (kind === 'floating' ? { kind, vcpu: vcpuId(vcpu), cpus: sharedCpus } : { kind: 'dedicated', vcpu: vcpuId(vcpu), cpu: cpuId(10 + vcpu) })),
      realtimeVcpus,
      emulatorCpus: sharedCpus,
      priority: realtimeVcpus.isEmpty ? undefined : priority,
    },
  };
});

describe('audit of any guest', () => {
  it('verifies it as it should be', () => {
    fc.assert(fc.property(placed, (one) => {
      const { verified, findings } = audit(one.guest, one.placement, matchingProcess(one.guest, one.placement));
      expect({ verified, findings }).toEqual({ verified: true, findings: [] });
    }));
  });

  type Mutation = 'policy' | 'priority' | 'cpu more' | 'other cpu' | 'gone';
  // The page recovery thread, which is right in more than one place, has tests of its own.
  const mutate = (thread: ObservedThread, mutation: Exclude<Mutation, 'gone'>): { change: Partial<ObservedThread>; code: Finding['code'] } | undefined => {
    switch (mutation) {
      case 'policy':
        return { change: thread.policy === 'OTHER' ? { policy: 'FIFO', priority: 1 } : { policy: 'RR' }, code: 'ThreadPolicy' };
      case 'priority':
        return thread.policy === 'OTHER' ? undefined : { change: { priority: (thread.priority % 99) + 1 }, code: 'ThreadPriority' };
      case 'cpu more':
        return { change: { allowedCpus: thread.allowedCpus.union(CpuSet.of(200)) }, code: 'ThreadAffinity' };
      case 'other cpu':
        return { change: { allowedCpus: thread.allowedCpus.minus(CpuSet.of(thread.allowedCpus.first!)).union(CpuSet.of(200)) }, code: 'ThreadAffinity' };
    }
  };

  it('finds any one thing that is wrong with a thread, and nothing else', () => {
    fc.assert(fc.property(placed, fc.nat(), fc.constantFrom<Mutation>('policy', 'priority', 'cpu more', 'other cpu', 'gone'), (one, pick, mutation) => {
      const matching = matchingProcess(one.guest, one.placement);
      const candidates = matching.threads.filter(({ comm }) => comm !== 'kvm-nx-lpage-re' && (mutation !== 'gone' || comm.startsWith('CPU ')));
      const thread = candidates[pick % candidates.length]!;
      if (mutation === 'gone') {
        const observed = { ...matching, threads: matching.threads.filter(({ tid }) => tid !== thread.tid) };
        expect(audit(one.guest, one.placement, observed).findings.map(({ code, subject }) => [code, subject])).toEqual([['VcpuMissing', `vCPU ${thread.tid - 200}`]]);
        return;
      }
      const wrong = mutate(thread, mutation);
      fc.pre(wrong !== undefined);
      const result = audit(one.guest, one.placement, withThread(matching, thread.comm, wrong.change));
      expect(result.findings.map(({ code, tid }) => [code, tid])).toEqual([[wrong.code, thread.tid]]);
      expect(result.verified).toBe(false);
    }));
  });

  it('finds a dedicated CPU that any thread but its vCPU may use', () => {
    fc.assert(fc.property(placed, fc.nat(), fc.nat(), (one, whichCpu, whichThread) => {
      const cpus = dedicatedCpus(one.placement).toArray();
      fc.pre(cpus.length > 0);
      const cpu = cpus[whichCpu % cpus.length]!;
      const matching = matchingProcess(one.guest, one.placement);
      const others = matching.threads.filter((thread) => thread.comm !== 'kvm-nx-lpage-re' && !thread.allowedCpus.has(cpu));
      const intruder = others[whichThread % others.length]!;
      const observed = withThread(matching, intruder.comm, { allowedCpus: intruder.allowedCpus.union(CpuSet.of(cpu)) });
      expect(audit(one.guest, one.placement, observed).verified).toBe(false);
    }));
  });
});
