// What is left of any VM on a host, seen with other eyes than the product's: virsh, /proc, and the files themselves.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PrivateLibvirtd } from '../../testbed/libvirtd.ts';

/** The kernel gives memory back a moment after a process has ended; this is far more, for a busy machine. */
const settleMs = 30_000;

/**
 * Domains, QEMU processes, disks, serial logs, NVRAM, entries of the store and huge pages that are there and should not be,
 * each as a line; empty when all is gone.
 */
export async function leftovers(libvirtd: PrivateLibvirtd, stateDir: string): Promise<readonly string[]> {
  const untilMs = Date.now() + settleMs;
  for (;;) {
    const found = await look(libvirtd, stateDir);
    if (found.length === 0 || Date.now() > untilMs) return found;
    await sleep(50);
  }
}

async function look(libvirtd: PrivateLibvirtd, stateDir: string): Promise<readonly string[]> {
  const domains = (await libvirtd.virsh('list', '--all', '--name')).split('\n').filter((name) => name !== '');
  return [
    ...domains.map((name) => `domain ${name}`),
    ...qemus(libvirtd).map((pid) => `QEMU process ${pid}`),
    ...['disks', 'serial'].flatMap((folder) => filesBelow(join(stateDir, folder)).map((path) => `file ${relative(stateDir, path)}`)),
    ...filesBelow(join(libvirtd.dir, 'lib/qemu/nvram')).map((path) => `NVRAM ${basename(path)}`),
    ...filesBelow(join(`/proc/${libvirtd.pid}/root`, libvirtd.dir, 'hugepages')).map((path) => `file on hugetlbfs ${path}`),
    ...storedGuests(stateDir),
    ...lostHugepages(),
  ];
}

/** QEMUs of this libvirtd: whatever mount namespace libvirt gave them, it holds the mount of this libvirtd's directory. */
export function qemus(libvirtd: PrivateLibvirtd): readonly number[] {
  const mark = `${basename(libvirtd.dir)}/run`;
  return processes().filter((pid) => {
    try {
      return /\/qemu-system-[^/]*$/.test(readlinkSync(`/proc/${pid}/exe`)) && readFileSync(`/proc/${pid}/mountinfo`, 'utf8').includes(mark);
    } catch {
      return false; // it ended, or is a thread of the kernel
    }
  });
}

/** VMs in the store, and guests in an allocation: both hold CPUs. */
function storedGuests(stateDir: string): readonly string[] {
  return filesBelow(join(stateDir, 'state/objects')).flatMap((path) => {
    const { object } = JSON.parse(readFileSync(path, 'utf8')) as StoredFile;
    if (object.kind === 'RealtimeVM') return [`stored ${basename(path)}`];
    return (object.spec.guests ?? []).map(({ vm }) => `allocation of ${vm.namespace}/${vm.name}`);
  });
}

interface StoredFile {
  readonly object: {
    readonly kind: string;
    /** In a RealtimeAllocation. */
    readonly spec: { readonly guests?: readonly { readonly vm: { readonly namespace: string; readonly name: string } }[] };
  };
}

/** Pages of 2 MiB in use that no living process has mapped: other tests' VMs may have theirs. */
function lostHugepages(): readonly string[] {
  const pool = (name: string) => Number(readFileSync(`/sys/kernel/mm/hugepages/hugepages-2048kB/${name}`, 'utf8'));
  const inUse = pool('nr_hugepages') - pool('free_hugepages');
  const mappedKiB = processes().map((pid) => {
    try {
      return Number(/^HugetlbPages:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
    } catch {
      return 0; // it ended
    }
  });
  const lost = inUse - mappedKiB.reduce((sum, kiB) => sum + kiB, 0) / 2048;
  return lost > 0 ? [`${lost} huge pages that no process has`] : [];
}

function processes(): readonly number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);
}

function filesBelow(directory: string): readonly string[] {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
