// What the kernel says of a running guest, read from /proc with nothing of the product: a second opinion on its audits.
import { readdirSync, readFileSync } from 'node:fs';
import type { PrivateLibvirtd } from '../../testbed/libvirtd.ts';
import { qemus } from './leftovers.ts';

export interface LiveThread {
  readonly tid: number;
  readonly name: string;
  /** `FIFO 7`, `OTHER`. */
  readonly scheduling: string;
  /** CPUs that it may run on, in the kernel's list notation. */
  readonly cpus: string;
}

export interface LiveMemory {
  readonly hugeKiB: number;
  readonly lockedKiB: number;
  readonly residentKiB: number;
  readonly swappedKiB: number;
}

/** As numbered in sched(7). */
const policies = ['OTHER', 'FIFO', 'RR', 'BATCH', '4', 'IDLE', 'DEADLINE'];

/** QEMUs of this libvirtd that run the VM, by the name in their command line; more than one would be one too many. */
export function qemusOf(libvirtd: PrivateLibvirtd, vm: string, namespace = 'default'): readonly number[] {
  return qemus(libvirtd).filter((pid) => vmOf(pid)?.startsWith(`rtvm-${namespace}-${vm}-`) === true);
}

/** The pid of the one QEMU of a VM. */
export function qemuOf(libvirtd: PrivateLibvirtd, vm: string): number {
  const [pid, ...others] = qemusOf(libvirtd, vm);
  if (pid === undefined || others.length > 0) throw new Error(`one QEMU of ${vm} was expected, found ${[pid, ...others].join(', ') || 'none'}`);
  return pid;
}

/** Every thread of a process; one that ends meanwhile is left out. */
export function threadsOf(pid: number): readonly LiveThread[] {
  return readdirSync(`/proc/${pid}/task`).map(Number).sort((a, b) => a - b).flatMap((tid) => threadOf(`/proc/${pid}/task/${tid}`, tid) ?? []);
}

/** The thread of a vCPU, as QEMU names it under KVM or emulated. */
export function vcpuThread(pid: number, vcpu: number): LiveThread {
  const thread = threadsOf(pid).find(({ name }) => name === `CPU ${vcpu}/KVM` || name === `CPU ${vcpu}/TCG`);
  if (thread === undefined) throw new Error(`process ${pid} has no thread of vCPU ${vcpu}`);
  return thread;
}

export function memoryOf(pid: number): LiveMemory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return { hugeKiB: field(status, 'HugetlbPages'), lockedKiB: field(status, 'VmLck'), residentKiB: field(status, 'VmRSS'), swappedKiB: field(status, 'VmSwap') };
}

/** Tells a process from every other that had or will have its number: pid and start time. Undefined where it does not run. */
export function identityOf(pid: number): string | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  const [state, ...rest] = afterName(stat);
  return state === 'Z' || state === 'X' ? undefined : `${pid}@${rest[18]}`;
}

/** The CPUs of a list such as `0-3,8`. */
export function cpusIn(list: string): readonly number[] {
  return list.split(',').filter((part) => part !== '').flatMap((part) => {
    const [first, last = first] = part.split('-').map(Number);
    return Array.from({ length: last! - first! + 1 }, (_, i) => first! + i);
  });
}

function threadOf(directory: string, tid: number): LiveThread | undefined {
  const stat = readIfThere(`${directory}/stat`);
  const status = readIfThere(`${directory}/status`);
  if (stat === undefined || status === undefined) return undefined;
  // proc(5): rt_priority is field 40, policy 41; the list here begins with field 3.
  const fields = afterName(stat);
  const [priority, policy] = [Number(fields[37]), policies[Number(fields[38])]!];
  return {
    tid,
    name: stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')),
    scheduling: priority === 0 ? policy : `${policy} ${priority}`,
    cpus: /^Cpus_allowed_list:\s+(\S+)$/m.exec(status)![1]!,
  };
}

/** A name may hold spaces and parentheses; nothing after it does. */
function afterName(stat: string): readonly string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).trim().split(' ');
}

function field(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)![1]);
}

function vmOf(pid: number): string | undefined {
  return /\0-name\0guest=([^,\0]+)/.exec(readIfThere(`/proc/${pid}/cmdline`) ?? '')?.[1];
}

/** Undefined for what has ended. */
function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return undefined;
    throw error;
  }
}
