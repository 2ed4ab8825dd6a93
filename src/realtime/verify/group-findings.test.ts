import { describe, expect, it } from 'vitest';
import { CpuSet } from '../cpu-set.ts';
import { mixedRealtimeRom } from '../domain/fixtures/inputs.ts';
import type { ObservedGroups, ObservedProcess, ThreadGroup } from '../observed.ts';
import { audit } from './audit.ts';
import { matchingProcess, withThread } from './sample-process.ts';

const { guest, placement } = mixedRealtimeRom;
const process = matchingProcess(guest, placement);
const emulator: ThreadGroup = { name: 'libvirt/emulator', tids: [100, 150], cpus: CpuSet.of(0), frozen: false };
const vcpu0: ThreadGroup = { name: 'libvirt/vcpu0', tids: [200], cpus: CpuSet.of(0), frozen: false };
const vcpu1: ThreadGroup = { name: 'libvirt/vcpu1', tids: [201], cpus: CpuSet.of(1), frozen: false };
const huge = new Map([[2048, new Map([[0, 32_768]])]]);
const whole: ObservedGroups = { threads: [emulator, vcpu0, vcpu1], quotas: [], smallKiB: new Map([[0, 70_000]]), hugeKiB: huge };
const withGroups = (groups: Partial<ObservedGroups>): ObservedProcess => ({ ...process, groups: { ...whole, ...groups } });
const found = (groups: Partial<ObservedGroups>) => audit(guest, placement, withGroups(groups)).findings.map(({ code, severity, subject, observed }) => [code, severity, subject, observed]);

describe('control groups', () => {
  it('verify a guest that has what it was given there, and leave nothing unseen', () => {
    const { verified, findings, unseen } = audit(guest, placement, withGroups({}));
    expect({ verified, findings, unseen }).toEqual({ verified: true, findings: [], unseen: [] });
  });

  it.each<[string, Partial<ObservedGroups>, readonly (readonly string[])[]]>([
    ['a cpuset without the pCPU of its vCPU', { threads: [emulator, vcpu0, { ...vcpu1, cpus: CpuSet.of(0) }] }, [['CpusetTooSmall', 'error', 'control group libvirt/vcpu1', '0']]],
    ['a wider cpuset, in which the threads stay where they are', { threads: [emulator, vcpu0, { ...vcpu1, cpus: CpuSet.parse('0-7') }] }, []],
    ['a quota on a housekeeping vCPU', { quotas: [{ name: 'libvirt/vcpu0', cpus: 0.5, tids: [200] }] }, [['CpuThrottled', 'error', 'control group libvirt/vcpu0', '0.5 CPUs']]],
    ['a quota on a realtime vCPU, which holds back no FIFO thread', { quotas: [{ name: 'libvirt/vcpu1', cpus: 0.5, tids: [201] }] }, []],
    ['a quota on all of the domain that its ordinary threads cannot use up', { quotas: [{ name: 'machine-qemu-1-probe.scope', cpus: 1, tids: [100, 150, 200, 201] }] }, []],
    ['a quota on the slice that they can', { quotas: [{ name: 'machine.slice', cpus: 0.75, tids: [100, 150, 200, 201] }] }, [['CpuThrottled', 'error', 'control group machine.slice', '0.75 CPUs']]],
    ['too little realtime runtime', { threads: [emulator, vcpu0, { ...vcpu1, realtimeShare: 0.4 }] }, [['CpuThrottled', 'error', 'control group libvirt/vcpu1', '40 %']]],
    ['little realtime runtime for threads that are not realtime', { threads: [emulator, { ...vcpu0, realtimeShare: 0 }, vcpu1] }, []],
    ['huge pages on another node', { hugeKiB: new Map([[2048, new Map([[0, 2048], [1, 30_720]])]]) }, [['MemoryOnOtherNode', 'error', 'memory of node 0, huge pages', '2048 KiB']]],
  ])('find %s', (_, groups, expected) => {
    expect(found(groups)).toEqual(expected);
  });

  it('leave a thread that its cpuset has moved to say so itself', () => {
    const moved = withThread(withGroups({ threads: [emulator, vcpu0, { ...vcpu1, cpus: CpuSet.of(0) }] }), 'CPU 1/KVM', { allowedCpus: CpuSet.of(0) });
    expect(audit(guest, placement, moved).findings.map(({ code, tid }) => [code, tid])).toEqual([['ThreadAffinity', 201]]);
  });

  it('find small pages of a locked guest on another node', () => {
    const small = { ...placement, cells: placement.cells.map((cell) => ({ ...cell, pageSizeKiB: 4 })) };
    const locked: ObservedProcess = { ...matchingProcess(guest, small), groups: { ...whole, smallKiB: new Map([[0, 32_767], [1, 100_000]]) } };
    expect(audit(guest, small, locked).findings.map(({ code, subject, observed, expected }) => [code, subject, observed, expected])).toEqual([
      ['MemoryOnOtherNode', 'memory of node 0, small pages', '32767 KiB', 'at least 32768 KiB'],
    ]);
  });
});

describe('what cannot be seen', () => {
  it.each<[string, ObservedGroups | undefined, readonly string[]]>([
    ['nothing at all', undefined, ['its control groups (cpuset, CPU quota, freezer, memory by NUMA node)']],
    ['no thread\'s group', { threads: [] }, ['its control groups (cpuset, CPU quota, freezer, memory by NUMA node)']],
    ['hugetlb\'s accounts', { ...whole, hugeKiB: undefined }, ['on which NUMA nodes its huge pages are']],
    ['small pages, which the guest has none of', { ...whole, smallKiB: undefined }, []],
    ['quotas', { ...whole, quotas: undefined }, ['its CPU quotas']],
    ['one cpuset and one freezer', { ...whole, threads: [emulator, vcpu0, { name: 'libvirt/vcpu1', tids: [201] }] }, ['its cpusets', 'whether it is frozen']],
  ])('is said, and is no finding: %s', (_, groups, unseen) => {
    const result = audit(guest, placement, { ...process, groups });
    expect({ unseen: result.unseen, verified: result.verified }).toEqual({ unseen, verified: true });
  });
});
