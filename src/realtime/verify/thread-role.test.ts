import { describe, expect, it } from 'vitest';
import type { ThreadRole } from '../finding.ts';
import { threadRole } from './thread-role.ts';

describe('threadRole', () => {
  it.each<[string, ThreadRole]>([
    ['CPU 0/KVM', { kind: 'vcpu', vcpu: 0 }],
    ['CPU 127/KVM', { kind: 'vcpu', vcpu: 127 }],
    ['CPU 1/TCG', { kind: 'vcpu', vcpu: 1 }],
    ['IO iothread1', { kind: 'iothread', iothread: 1 }],
    ['IO iothread1234', { kind: 'iothread', iothread: 1234 }],
    ['vhost-29714', { kind: 'vhost' }],
    ['kvm-pit/29714', { kind: 'kvm-pit' }],
    // pid_max is at most 4194304, so that this is the longest: 15 bytes.
    ['kvm-pit/4194303', { kind: 'kvm-pit' }],
    ['kvm-nx-lpage-re', { kind: 'kvm-nx-lpage-recovery' }],
    ['kvm-nx-lpage-recovery-29714', { kind: 'kvm-nx-lpage-recovery' }],
    ...[
      'qemu-system-x86', 'qemu-kvm', 'call_rcu', 'worker', 'SPICE Worker', 'vnc_worker', 'IO mon_iothread', 'TC tc-ram-node0', 'pool-qemu-syste',
      'ALL CPUs/TCG', 'CPU 0/KVM x', ' CPU 0/KVM', 'CPU /KVM', 'CPU -1/KVM', 'CPU 1/kvm', 'IO iothread', 'vhost-', 'vhost-user', 'kvm-pit', 'kvm', '',
    ].map((comm): [string, ThreadRole] => [comm, { kind: 'emulator' }]),
  ])('of %j', (comm, role) => {
    expect(threadRole(comm)).toEqual(role);
  });
});
