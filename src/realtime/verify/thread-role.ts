/** Tells what a thread is for by its name. */
import type { ThreadRole } from '../finding.ts';

/**
 * `comm` is `/proc/PID/task/TID/comm`, cut by the kernel to 15 bytes (since Linux 5.17 not for its own threads). QEMU
 * names vCPU and I/O threads (libvirt asks it to), KVM and vhost name their own. Everything else of the process is the
 * emulator: the main thread, monitor, pool workers, and whatever a later QEMU adds, so that an unknown thread is held
 * to the emulator's rules instead of passing unseen.
 */
export function threadRole(comm: string): ThreadRole {
  const vcpu = /^CPU (\d+)\/(?:KVM|TCG)$/.exec(comm);
  if (vcpu !== null) return { kind: 'vcpu', vcpu: Number(vcpu[1]) };
  const iothread = /^IO iothread(\d+)$/.exec(comm);
  if (iothread !== null) return { kind: 'iothread', iothread: Number(iothread[1]) };
  if (/^vhost-\d+$/.test(comm)) return { kind: 'vhost' };
  if (/^kvm-pit\/\d+$/.test(comm)) return { kind: 'kvm-pit' };
  if (/^kvm-nx-lpage-re(?:covery-\d+)?$/.test(comm)) return { kind: 'kvm-nx-lpage-recovery' };
  return { kind: 'emulator' };
}

/**
 * QEMU names its vCPU threads so where it emulates: one each, or one for all (accel/tcg of QEMU). What the kernel says
 * of a domain, not what was asked for.
 */
export function isEmulatedVcpu(comm: string): boolean {
  return /^(?:CPU \d+|ALL CPUs)\/TCG$/.test(comm);
}
