/** Guests of one shape get the same answer from every host: the text that they have in common. */
import type { Guest } from '../guest.ts';

/** Everything of a guest that placement looks at, and nothing else (no name, disk or boot setting). */
export function shapeKey(guest: Guest): string {
  const { cpu, memory, cells } = guest;
  return JSON.stringify([
    cpu.vcpus, cpu.dedicatedVcpus, cpu.threadPolicy, cpu.coreSharing, cpu.emulatorThreads, cpu.realtime?.vcpus ?? null, cpu.realtime?.priority ?? null,
    memory.sizeMiB, memory.pageSize, cells.map((cell) => [cell.vcpus, cell.memoryMiB]), guest.ioThreads, guest.packing,
    guest.maxLatencyMicroseconds ?? null, guest.inline, Object.entries(guest.nodeSelector).sort(), guest.tolerations ?? [],
    guest.networks.map(({ network }) => network), guest.hostDevices.map((device) => [device.class, device.numaAffinity]),
  ]);
}
