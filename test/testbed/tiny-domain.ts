// The smallest domain that libvirt and QEMU really run: firmware and nothing to boot. For tests of what surrounds a guest.
import { existsSync } from 'node:fs';

/** `kvm`, or `qemu` with a warning where there is no KVM: then nothing that a test says about speed or threads holds for KVM. */
export function usableVirtType(): 'kvm' | 'qemu' {
  if (existsSync('/dev/kvm')) return 'kvm';
  process.stderr.write('WARNING: /dev/kvm is missing on this machine, the domains of this test run EMULATED (type=qemu)\n');
  return 'qemu';
}

export interface TinyDomainOptions {
  readonly vcpus?: number;
  /** XML beneath `<domain>`, such as a `<cputune>`. */
  readonly extra?: string;
}

export function tinyDomainXml(name: string, { vcpus = 1, extra = '' }: TinyDomainOptions = {}): string {
  return `<domain type='${usableVirtType()}'>
  <name>${name}</name>
  <memory unit='MiB'>16</memory>
  <vcpu>${vcpus}</vcpu>
  ${extra}
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <features><acpi/></features>
  <devices>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
  </devices>
</domain>`;
}
