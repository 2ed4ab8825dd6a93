/** For tests: a process that is exactly as a guest and its placement ask for. */
import type { Guest } from '../guest.ts';
import { smallPageKiB } from '../host.ts';
import type { ObservedProcess, ObservedThread } from '../observed.ts';
import { pinCpus } from '../placement.ts';
import type { Placement } from '../placement.ts';

const idle = { state: 'S', lastCpu: 0, voluntarySwitches: 0n, involuntarySwitches: 0n, runDelayNs: 0n } as const;

/** The threads and figures that a domain of QEMU 7.2 on Linux 6.18 had, with this guest's vCPUs and I/O threads. */
export function matchingProcess(guest: Guest, placement: Placement): ObservedProcess {
  const ordinary = (tid: number, comm: string, allowedCpus = placement.emulatorCpus): ObservedThread => ({ ...idle, tid, comm, policy: 'OTHER', priority: 0, allowedCpus });
  const vcpus = placement.vcpuPins.map((pin): ObservedThread => {
    const thread = ordinary(200 + pin.vcpu, `CPU ${pin.vcpu}/KVM`, pinCpus(pin));
    return placement.realtimeVcpus.has(pin.vcpu) ? { ...thread, policy: 'FIFO', priority: placement.priority! } : thread;
  });
  const hugetlbKiB = placement.cells.filter((cell) => cell.pageSizeKiB > smallPageKiB).reduce((total, cell) => total + cell.memoryMiB * 1024, 0);
  const residentKiB = guest.memory.sizeMiB * 1024 - hugetlbKiB + 118_300;
  return {
    pid: 100,
    startTicks: 4711n,
    threads: [
      ordinary(100, 'qemu-system-x86'),
      ordinary(101, 'call_rcu'),
      ordinary(102, 'worker'),
      ...Array.from({ length: guest.ioThreads }, (_, index) => ordinary(150 + index, `IO iothread${index + 1}`)),
      ...vcpus,
      // As the agent places them: the kernel makes the first like the vCPU that ran first, the last like its own threads.
      ordinary(500, 'kvm-nx-lpage-re'),
    ],
    kernelThreads: [ordinary(600, 'vhost-100'), ordinary(601, 'kvm-pit/100')],
    // VFIO counts all memory that devices may reach, beside what QEMU locks.
    lockedKiB: (guest.memory.locked ? residentKiB + 392_448 : 0) + (placement.devices.length > 0 ? guest.memory.sizeMiB * 1024 : 0),
    residentKiB,
    swappedKiB: 0,
    hugetlbKiB,
  };
}

/** The same process with another thread in place of the one of that name. */
export function withThread(process: ObservedProcess, comm: string, change: Partial<ObservedThread>): ObservedProcess {
  const changed = (thread: ObservedThread) => (thread.comm === comm ? { ...thread, ...change } : thread);
  return { ...process, threads: process.threads.map(changed), kernelThreads: process.kernelThreads.map(changed) };
}
