/** How much memory QEMU needs for itself beside the guest's own, by a stated formula. */
import type { Guest } from '../guest.ts';

/**
 * QEMU's text, heap, device models, firmware copies and libraries. A q35 guest without devices keeps 22 MiB resident
 * beside its memory (QEMU 7.2); the rest is head-room for devices and for block and network buffers, which grow with load.
 */
const processMiB = 128;
/** A thread's stack and vmcs/vmcb pages, its KVM state and coalesced I/O buffers: the figure that KubeVirt charges too. */
const perVcpuMiB = 8;
/** A thread's stack and its queue buffers; as KubeVirt. */
const perIoThreadMiB = 8;
/**
 * Second-level page tables: 8 bytes for each 4 KiB, one part in 512. Charged with huge pages too, since KVM splits them
 * where it must (iTLB multihit), and what is locked cannot be taken back afterwards.
 */
const pageTableDivisor = 512;

/**
 * Small-page memory that a guest costs beyond its own, in MiB:
 * `128 + 8 × vCPUs + 8 × I/O threads + ⌈memory / 512⌉`.
 * The shape of the formula (a fixed part, a part per thread, page tables in proportion) is KubeVirt's; its parts for a
 * pod's launcher and daemons are left out, since a domain on the host has none.
 */
export function overheadMiB(guest: Pick<Guest, 'ioThreads'> & { readonly cpu: { readonly vcpus: number }; readonly memory: { readonly sizeMiB: number } }): number {
  return processMiB + perVcpuMiB * guest.cpu.vcpus + perIoThreadMiB * guest.ioThreads + Math.ceil(guest.memory.sizeMiB / pageTableDivisor);
}
