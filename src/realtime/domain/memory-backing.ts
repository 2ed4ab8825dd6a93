/** How the guest's memory is made on the host: pages, locking, when it is allocated, who may map it. */
import type { Guest } from '../guest.ts';
import { CpuSet } from '../cpu-set.ts';
import type { Placement } from '../placement.ts';
import { smallPageKiB } from '../host.ts';
import { element } from './element.ts';
import type { XmlElement } from './element.ts';

/**
 * `<memoryBacking>`, or undefined where the host's defaults are right. `shared` is for vhost-user, whose other end maps the
 * guest's memory.
 *
 * There is no `<hard_limit>` beside `<locked/>`, although libvirt's documentation recommends one: it would become both the
 * memory cgroup's limit and RLIMIT_MEMLOCK, and since QEMU locks whatever it maps later too, a limit that is a little too
 * low ends a running guest. What QEMU needs beyond the guest's memory is charged to the host by placement instead.
 */
export function memoryBacking(guest: Guest, placement: Placement, shared: boolean): XmlElement | undefined {
  const huge = hugepages(placement);
  const locked = guest.memory.locked;
  if (huge === undefined && !locked && !shared) return undefined;
  return element('memoryBacking', {}, [
    huge,
    locked ? element('nosharepages') : undefined,
    locked ? element('locked') : undefined,
    // Anonymous memory cannot be shared with another process; huge pages come from hugetlbfs, which can.
    shared && huge === undefined ? element('source', { type: 'memfd' }) : undefined,
    shared ? element('access', { mode: 'shared' }) : undefined,
    locked || huge !== undefined ? element('allocation', { mode: 'immediate' }) : undefined,
  ]);
}

function hugepages({ cells }: Placement): XmlElement | undefined {
  const sizes = [...new Set(cells.map((cell) => cell.pageSizeKiB))].filter((sizeKiB) => sizeKiB > smallPageKiB).sort((a, b) => a - b);
  if (sizes.length === 0) return undefined;
  return element('hugepages', {}, sizes.map((sizeKiB) => element('page', {
    size: sizeKiB,
    unit: 'KiB',
    nodeset: CpuSet.from(cells.filter((cell) => cell.pageSizeKiB === sizeKiB).map((cell) => cell.cell)).toString(),
  })));
}
