/** Huge pages of a RealtimeNode: what the kernel set aside, and what the administrator keeps for others. */
import { combineAll } from '../realtime/checked.ts';
import type { HostHugepages, HostNumaNode, ReservedHugepages } from '../realtime/host.ts';
import { smallPageKiB } from '../realtime/host.ts';
import { numaNodeId } from '../realtime/ids.ts';
import type { Checked } from '../realtime/problem.ts';
import { accepted, refused } from '../realtime/problem.ts';
import { formatKiB, parseKiB } from './quantities.ts';
import type { NodeTopology } from './realtime-node-status.ts';
import type { RealtimeNodeSpec } from './realtime-node.ts';

/** Codes: `HUGEPAGE_SIZE`, `HUGEPAGES_TWICE`, `HUGEPAGES_FREE`. */
export function hugepagesOf(pages: NodeTopology['numaNodes'][number]['hugepages'], path: string): Checked<readonly HostHugepages[]> {
  return combineAll(pages.map(({ size, total, free = total }, index): Checked<HostHugepages> => {
    const sizeKiB = parseKiB(size) ?? 0;
    const at = `${path}[${index}]`;
    if (!isPageSize(sizeKiB)) return refused({ code: 'HUGEPAGE_SIZE', path: `${at}.size`, value: size, message: 'is not a size of huge pages; accepted: 2Mi or 1Gi' });
    if (pages.findIndex((other) => parseKiB(other.size) === sizeKiB) < index) return refused({ code: 'HUGEPAGES_TWICE', path: `${at}.size`, value: size, message: 'stands here already; accepted: one entry for each size' });
    if (free > total) return refused({ code: 'HUGEPAGES_FREE', path: `${at}.free`, value: free, message: `is more than all there are; accepted: at most ${total}` });
    return accepted({ sizeKiB, total, free });
  }));
}

/** Codes: `HUGEPAGES_UNKNOWN` for a host NUMA node or size that is not there, `HUGEPAGES_TWICE`, `HUGEPAGES_RESERVED`. */
export function reservedHugepagesOf(reserved: RealtimeNodeSpec['reservedHugepages'], nodes: readonly HostNumaNode[]): Checked<readonly ReservedHugepages[]> {
  return combineAll(reserved.map(({ numaNode, size, count }, index): Checked<ReservedHugepages> => {
    const sizeKiB = parseKiB(size) ?? 0;
    const at = `spec.reservedHugepages[${index}]`;
    const node = nodes.find(({ id }) => id === numaNodeId(numaNode));
    if (node === undefined) return refused({ code: 'HUGEPAGES_UNKNOWN', path: `${at}.numaNode`, value: numaNode, message: `is not a NUMA node of the host; accepted: ${nodes.map(({ id }) => id).join(', ')}` });
    const pages = node.hugepages.find((each) => each.sizeKiB === sizeKiB);
    if (pages === undefined) {
      const sizes = node.hugepages.map((each) => formatKiB(each.sizeKiB)).join(', ');
      return refused({ code: 'HUGEPAGES_UNKNOWN', path: `${at}.size`, value: size, message: `is not a size that host NUMA node ${numaNode} has; accepted: ${sizes === '' ? 'none' : sizes}` });
    }
    if (reserved.findIndex((other) => other.numaNode === numaNode && parseKiB(other.size) === sizeKiB) < index) {
      return refused({ code: 'HUGEPAGES_TWICE', path: at, message: `reserves pages of ${size} on host NUMA node ${numaNode} a second time; accepted: one entry for each` });
    }
    if (count > pages.total) return refused({ code: 'HUGEPAGES_RESERVED', path: `${at}.count`, value: count, message: `is more than the ${pages.total} pages of ${size} on host NUMA node ${numaNode}; accepted: at most ${pages.total}` });
    return accepted({ numaNode: node.id, sizeKiB, count });
  }));
}

/** The kernel's huge pages are powers of two above the base page. */
function isPageSize(sizeKiB: number): boolean {
  return sizeKiB > smallPageKiB && Number.isInteger(Math.log2(sizeKiB));
}
