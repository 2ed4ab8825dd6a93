/** What each kind of thread must be: the table that a live domain is held to. Rule 5.10, I2. */
import type { ThreadExpectation, ThreadRole } from '../finding.ts';
import { pinCpus } from '../placement.ts';
import type { Placement } from '../placement.ts';

/**
 * - A realtime vCPU runs FIFO at the placement's priority; any other vCPU runs OTHER. Both run on exactly their pin's CPUs.
 * - The emulator, I/O threads and vhost workers run OTHER on exactly the emulator's CPUs: libvirt pins the process before
 *   it starts, and what the process makes later (vhost workers included, by cgroup or as its own tasks) inherits that.
 *   A vCPU thread that the placement does not know is held to the same, so that it shows.
 * - `kvm-pit` is a child of the kernel's kthreadd, not of QEMU, so it has the affinity that the host gives to kernel
 *   threads; only that it is not realtime is checked.
 * - `kvm-nx-lpage-recovery` is made by KVM when a vCPU first runs, as a copy of that vCPU's thread, and so has that
 *   vCPU's policy, CPUs and cgroup (before Linux 6.14 it is a child of kthreadd). It sleeps for about a minute at a time,
 *   and an equal FIFO priority never takes the CPU from a running vCPU. Nothing of it is checked.
 */
export function threadExpectation(role: ThreadRole, placement: Placement): ThreadExpectation {
  switch (role.kind) {
    case 'vcpu': {
      const pin = placement.vcpuPins.find((candidate) => candidate.vcpu === role.vcpu);
      if (pin === undefined) return emulator(placement);
      const cpus = pinCpus(pin);
      return placement.realtimeVcpus.has(role.vcpu) && placement.priority !== undefined
        ? { policy: 'FIFO', priority: placement.priority, cpus }
        : { policy: 'OTHER', priority: 0, cpus };
    }
    case 'emulator':
    case 'iothread':
    case 'vhost':
      return emulator(placement);
    case 'kvm-pit':
      return { policy: 'OTHER', priority: 0 };
    case 'kvm-nx-lpage-recovery':
      return {};
  }
}

function emulator(placement: Placement): ThreadExpectation {
  return { policy: 'OTHER', priority: 0, cpus: placement.emulatorCpus };
}
