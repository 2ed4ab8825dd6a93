/** Finds the QEMU process of a domain the way libvirt leaves it behind: a pid file, which may be stale. */
import { join } from 'node:path';
import type { HostRoot } from './host-root.ts';
import { readText } from './host-root.ts';
import { readLeader } from './process.ts';

/**
 * The pid of the live QEMU of a domain, or undefined where there is none.
 *
 * A pid file outlives a host's or libvirtd's crash, and its number may belong to any program since: the process counts only
 * when its command line names the domain, as libvirt writes it (`-name guest=NAME,debug-threads=on`).
 * @param runDirectory - libvirt's state directory, `/run/libvirt`, which holds `qemu/NAME.pid`.
 */
export function qemuPid(root: HostRoot, runDirectory: string, domainName: string): number | undefined {
  // No libvirt domain has such a name, and a path made of it would lead elsewhere.
  if (domainName === '' || domainName.startsWith('.') || /[/\0]/.test(domainName)) return undefined;
  const text = readText(join(runDirectory, 'qemu', `${domainName}.pid`));
  if (text === undefined || !/^[1-9]\d*$/.test(text)) return undefined;
  const pid = Number(text);
  if (readLeader(root, pid) === undefined) return undefined;
  return isQemuOf(readText(join(root.proc, text, 'cmdline')), domainName) ? pid : undefined;
}

function isQemuOf(commandLine: string | undefined, domainName: string): boolean {
  const args = commandLine?.split('\0') ?? [];
  const name = args[args.indexOf('-name') + 1];
  // QEMU's option syntax doubles a comma that belongs to a value.
  const guest = `guest=${domainName.replaceAll(',', ',,')}`;
  return args.includes('-name') && (name === guest || name?.startsWith(`${guest},`) === true);
}
