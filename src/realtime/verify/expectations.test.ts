import { describe, expect, it } from 'vitest';
import { CpuSet } from '../cpu-set.ts';
import { dedicatedTwoCells, mixedRealtimeRom, plainShared } from '../domain/fixtures/inputs.ts';
import type { ThreadExpectation, ThreadRole } from '../finding.ts';
import type { Placement } from '../placement.ts';
import { threadExpectation } from './expectations.ts';

const mixed = mixedRealtimeRom.placement;
const dedicated = dedicatedTwoCells.placement;
const shared = plainShared.placement;
const ordinary = (cpus: string): ThreadExpectation => ({ policy: 'OTHER', priority: 0, cpus: CpuSet.parse(cpus) });

describe('threadExpectation', () => {
  it.each<[string, Placement, ThreadRole, ThreadExpectation]>([
    ['a realtime vCPU', mixed, { kind: 'vcpu', vcpu: 1 }, { policy: 'FIFO', priority: 1, cpus: CpuSet.of(1) }],
    ['a realtime vCPU of higher priority', dedicated, { kind: 'vcpu', vcpu: 3 }, { policy: 'FIFO', priority: 10, cpus: CpuSet.of(4) }],
    ['a dedicated housekeeping vCPU', dedicated, { kind: 'vcpu', vcpu: 0 }, ordinary('12')],
    ['a floating housekeeping vCPU', mixed, { kind: 'vcpu', vcpu: 0 }, ordinary('0')],
    ['a vCPU of a Shared guest', shared, { kind: 'vcpu', vcpu: 1 }, ordinary('0-1')],
    ['a dedicated vCPU without realtime', { ...dedicated, priority: undefined, realtimeVcpus: CpuSet.empty() }, { kind: 'vcpu', vcpu: 3 }, ordinary('4')],
    ['a vCPU that was never placed', mixed, { kind: 'vcpu', vcpu: 2 }, ordinary('0')],
    ['the emulator', dedicated, { kind: 'emulator' }, ordinary('10')],
    ['an I/O thread', dedicated, { kind: 'iothread', iothread: 2 }, ordinary('10')],
    ['a vhost worker', dedicated, { kind: 'vhost' }, ordinary('10')],
    ["KVM's timer thread", dedicated, { kind: 'kvm-pit' }, ordinary('10')],
    ["KVM's page recovery thread: off the realtime pCPUs", dedicated, { kind: 'kvm-nx-lpage-recovery' }, { ...ordinary('10'), within: CpuSet.of(10, 12) }],
    ["KVM's page recovery thread of a guest without realtime", shared, { kind: 'kvm-nx-lpage-recovery' }, { ...ordinary('0-1'), within: CpuSet.parse('0-1') }],
  ])('of %s', (_, placement, role, expected) => {
    expect(threadExpectation(role, placement)).toEqual(expected);
  });
});
