/** Checks of what happens to guests' memory. Sources: kernel doc admin-guide/mm (hugetlbpage, transhuge, ksm), setrlimit(2). */
import { hostCheck } from './host-check.ts';
import type { HostCheck } from './host-check.ts';
import type { HostReadings } from './host-readings.ts';

export function memoryChecks(host: HostReadings): readonly HostCheck[] {
  return [hugePages(host), memoryLock(host), transparentHugepages(host), samePageMerging(host), swap(host)];
}

function hugePages({ numaNodes, dedicatedCpus }: HostReadings): HostCheck {
  const without = numaNodes.filter(({ cpus, hugepages }) => hugepages === 0 && !cpus.intersection(dedicatedCpus).isEmpty);
  return hostCheck({ name: 'huge-pages', wanted: 'some on every host NUMA node with dedicated CPUs', remedy: 'sysctl vm.nr_hugepages=1024 (2 MiB each, spread over the nodes), or hugepagesz=1G hugepages=16 on the kernel command line' },
    without.length === 0 ? 'Pass' : 'Warn', without.length === 0 ? 'there are' : `none on host NUMA node ${without.map(({ id }) => id).join(', ')}`);
}

function memoryLock({ memoryLock: lock }: HostReadings): HostCheck {
  const text = { name: 'memory-lock', wanted: 'the libvirt daemon may lock memory without limit', remedy: 'LimitMEMLOCK=infinity in its systemd unit (systemctl edit virtqemud, or libvirtd), then restart it' };
  if (lock === undefined) return hostCheck(text, 'Unknown', 'no libvirt daemon can be seen');
  const may = lock.mayRaise || lock.hardLimitKiB === 'unlimited';
  return hostCheck(text, may ? 'Pass' : 'Fail', may ? 'it may' : `it may lock ${String(lock.hardLimitKiB)} KiB and lacks CAP_SYS_RESOURCE to raise that`);
}

function transparentHugepages({ transparentHugepages: mode }: HostReadings): HostCheck {
  return hostCheck({ name: 'transparent-hugepages', wanted: 'never, or madvise', remedy: 'kernel command line: transparent_hugepage=never' },
    mode === 'always' ? 'Warn' : 'Pass', mode === 'always' ? 'always: khugepaged moves pages, and threads wait for it' : mode ?? 'the kernel has none');
}

function samePageMerging({ ksmRuns }: HostReadings): HostCheck {
  return hostCheck({ name: 'same-page-merging', wanted: 'KSM is off', remedy: 'echo 2 > /sys/kernel/mm/ksm/run, and systemctl disable --now ksm ksmtuned' }, ksmRuns ? 'Warn' : 'Pass', ksmRuns ? 'ksmd runs' : 'it is');
}

function swap({ swaps }: HostReadings): HostCheck {
  return hostCheck({ name: 'swap', wanted: 'no swap', remedy: 'swapoff -a, and no swap in /etc/fstab' }, swaps.length === 0 ? 'Pass' : 'Warn', swaps.length === 0 ? 'none' : swaps.join(', '));
}
