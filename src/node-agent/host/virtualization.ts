/** Whether this host can run domains with KVM, and if not, why and what mends it. */
import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { readCpuFlags } from './cpu-flags.ts';
import { errorCode, readText, reasonOf } from './host-root.ts';
import type { HostRoot } from './host-root.ts';

export type Virtualization = { readonly kvm: true } | { readonly kvm: false; readonly reason: string; readonly remedy: string };

/**
 * Opens /dev/kvm for reading and writing, as QEMU will: neither its presence nor its mode says that this may be done. In a container
 * without the device it is the kernel's own list of devices that counts: libvirt and QEMU are outside.
 */
export function readVirtualization(root: HostRoot): Virtualization {
  const device = join(root.dev, 'kvm');
  try {
    closeSync(openSync(device, constants.O_RDWR));
    return { kvm: true };
  } catch (error) {
    switch (errorCode(error)) {
      case 'ENOENT':
        return hostHasKvm(root) ? { kvm: true } : noDevice(root, device);
      case 'EACCES':
      case 'EPERM':
        return {
          kvm: false,
          reason: `${device} may not be opened by this user`,
          remedy: 'run as root, or add the user to the group kvm (usermod -aG kvm USER); in a container, let it have the device',
        };
      default:
        return { kvm: false, reason: `${device} cannot be opened: ${reasonOf(error)}`, remedy: 'reload the module: modprobe -r kvm_intel kvm_amd && modprobe -a kvm_intel kvm_amd' };
    }
  }
}

/** Whether the kernel has registered the device, as it does when the module for this CPU is loaded. */
function hostHasKvm(root: HostRoot): boolean {
  return readText(join(root.sys, 'class/misc/kvm/dev')) !== undefined;
}

/** Why KVM cannot be used, and what mends it, as one sentence; undefined where it can. */
export function kvmProblem(root: HostRoot): string | undefined {
  const virtualization = readVirtualization(root);
  return virtualization.kvm ? undefined : `KVM is not usable on this host: ${virtualization.reason}; ${virtualization.remedy}`;
}

function noDevice(root: HostRoot, device: string): Virtualization {
  const flags = readCpuFlags(root);
  const module = flags.has('vmx') ? 'kvm_intel' : flags.has('svm') ? 'kvm_amd' : undefined;
  return module === undefined
    ? {
        kvm: false,
        reason: `${device} is missing and the CPU shows neither vmx nor svm`,
        remedy: 'switch virtualization on in the firmware (VT-x, AMD-V/SVM), or nested virtualization on the outer host, and boot again',
      }
    : { kvm: false, reason: `${device} is missing`, remedy: `load the module: modprobe ${module}` };
}
