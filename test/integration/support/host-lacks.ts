// Where a host in memory refuses a domain, as a kernel and libvirt do: huge pages and PCI devices that others have.
import type { HostCapacity } from './chaos-events.ts';
import { claimsOf } from './domain-claims.ts';

/** @returns what such a host says, as QEMU and libvirt word it, of a domain that it cannot give what it asks for. */
export function hostLacks(capacity: HostCapacity, dedicatedCpus: readonly number[]) {
  return (xml: string, running: readonly string[]): string | undefined => {
    const wanted = claimsOf(xml, dedicatedCpus);
    const taken = running.map((other) => claimsOf(other, dedicatedCpus));
    for (const [numaNode, pages] of wanted.pages) {
      const others = taken.reduce((sum, other) => sum + (other.pages.get(numaNode) ?? 0), 0);
      if (pages + others > capacity.pages.get(numaNode)!) {
        return 'os_mem_prealloc: Insufficient free host memory pages available to allocate guest RAM from host node '
          + `${numaNode} (unable to map backing store for guest RAM: Cannot allocate memory)`;
      }
    }
    const device = wanted.devices.find((address) => taken.some(({ devices }) => devices.includes(address)));
    return device === undefined
      ? undefined : `Requested operation is not valid: PCI device ${device} is in use by driver QEMU`;
  };
}
