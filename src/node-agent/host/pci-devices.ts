/** On which host NUMA node a PCI device is attached. */
import { join } from 'node:path';
import { readNumber } from './host-root.ts';
import type { HostRoot } from './host-root.ts';

export interface PciDeviceNode {
  /** `0000:3b:00.1`. */
  readonly address: string;
  readonly numaNode: number;
}

/**
 * Those of the devices whose host NUMA node is known, in order of address. The kernel says -1 where the firmware has not told;
 * one that is not there (yet) is left out too.
 * @param addresses as an administrator's RealtimeNode names them: PCI addresses by its schema, in lower case as in sysfs.
 */
export function readPciDeviceNodes(root: HostRoot, addresses: Iterable<string>): readonly PciDeviceNode[] {
  return [...new Set(addresses)].sort().flatMap((address) => {
    const numaNode = readNumber(join(root.sys, 'bus/pci/devices', address, 'numa_node')) ?? -1;
    return numaNode < 0 ? [] : [{ address, numaNode }];
  });
}
