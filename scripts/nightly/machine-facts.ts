/** What figures of a nightly run depend on, without what would name the machine. */
import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { usableVirtType } from '../../test/testbed/tiny-domain.ts';

export function machineFacts(): readonly string[] {
  const processors = cpus();
  return [
    `${processors.length} CPUs (${processors[0]?.model.trim() ?? 'unknown'})`,
    `${Math.round(totalmem() / 2 ** 30)} GiB`,
    `Linux ${release()}`,
    `Node ${process.versions.node}`,
    `libvirt ${versionOf('/usr/sbin/libvirtd')}`,
    `QEMU ${versionOf('qemu-system-x86_64')}`,
    usableVirtType() === 'kvm' ? 'KVM' : 'no KVM: guests are emulated',
    `load ${loadavg()[0]!.toFixed(1)} at the beginning`,
  ];
}

function versionOf(program: string): string {
  try {
    const said = execFileSync(program, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return /\d+\.\d+\.\d+/.exec(said)?.[0] ?? 'unknown';
  } catch {
    return 'missing';
  }
}
