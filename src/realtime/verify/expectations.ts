/** What each kind of thread must be: the table that a live domain is held to. Rule 5.10, I2. */
import type { ThreadExpectation, ThreadRole } from '../finding.ts';
import { unionOf } from '../cpu-set.ts';
import { pinCpus } from '../placement.ts';
import type { Placement } from '../placement.ts';

/**
 * - A realtime vCPU runs FIFO at the placement's priority; any other vCPU runs OTHER. Both run on exactly their pin's
 *   CPUs.
 * - The emulator, I/O threads and vhost workers run OTHER on exactly the emulator's CPUs: libvirt pins the process
 *   before it starts, and what the process makes later (vhost workers included, by cgroup or as its own tasks)
 *   inherits that. A vCPU thread that the placement does not know is held to the same, so that it shows.
 * - `kvm-pit` too, where there is one. It is a child of the kernel's kthreadd (arch/x86/kvm/i8254.c), made OTHER and
 *   free to run on every CPU that the kernel gives to its threads; libvirt leaves it there, so the agent sets its
 *   CPUs.
 * - `kvm-nx-lpage-recovery` is made when a vCPU first runs (kvm_mmu_post_init_vm), since Linux 6.14 as a copy of that
 *   vCPU's thread, with its policy, CPUs and cgroup: where that was a realtime vCPU, FIFO on its pCPU. It is to be
 *   OTHER, off the realtime pCPUs; those of any other vCPU are as good as the emulator's, since the cpuset of the vCPU
 *   that made it may allow no others. Before 6.14 it is a child of kthreadd.
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
    case 'kvm-pit':
      return emulator(placement);
    case 'kvm-nx-lpage-recovery':
      return { ...emulator(placement), within: ordinaryCpus(placement) };
  }
}

function emulator(placement: Placement): ThreadExpectation {
  return { policy: 'OTHER', priority: 0, cpus: placement.emulatorCpus };
}

/** The pCPUs of everything in the guest that is not realtime. */
function ordinaryCpus({ emulatorCpus, vcpuPins, realtimeVcpus }: Placement) {
  return unionOf([emulatorCpus, ...vcpuPins.filter(({ vcpu }) => !realtimeVcpus.has(vcpu)).map(pinCpus)]);
}
