/** Turns what stopped a guest from starting into a reason and a sentence that says what to do. */
import { LibvirtError } from '../libvirt/errors.ts';
import { ImageError } from './images/image-error.ts';
import type { ImageErrorCode } from './images/image-error.ts';

export type StartFailureReason =
  | 'FifoRefused'
  | 'MemoryLockRefused'
  | 'HugepagesUnavailable'
  | 'MemoryUnavailable'
  | 'KvmUnavailable'
  | 'StorageFull'
  | 'StorageFailed'
  | 'ImageUnusable'
  | 'DiskInUse'
  | 'ToolMissing'
  | 'CloudInitInvalid'
  | 'NameTaken'
  | 'UuidTaken'
  | 'CpusTaken'
  | 'DeviceTaken'
  | 'AllocationInvalid'
  | 'NotOffered'
  | 'NotVerified'
  | 'LibvirtRefused'
  | 'StartFailed';

export interface StartFailure {
  readonly reason: StartFailureReason;
  readonly message: string;
}

/** A start that we ourselves give up, with the reason to report. */
export class StartError extends Error {
  override readonly name = 'StartError';
  readonly code: StartFailureReason;
  constructor(reason: StartFailureReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = reason;
  }
}

interface Known {
  readonly pattern: RegExp;
  readonly reason: StartFailureReason;
  readonly meaning: string;
  readonly remedy: string;
}

/** What images and disks say of themselves is for people already: it lacks only the reason. */
const imageReasons: Readonly<Record<ImageErrorCode, StartFailureReason>> = {
  IMAGE_PATH_INVALID: 'ImageUnusable',
  IMAGE_ROOT_MISSING: 'ImageUnusable',
  IMAGE_ROOT_UNSAFE: 'ImageUnusable',
  IMAGE_MISSING: 'ImageUnusable',
  IMAGE_NOT_A_FILE: 'ImageUnusable',
  IMAGE_UNREADABLE: 'ImageUnusable',
  IMAGE_CHANGED: 'ImageUnusable',
  CHECKSUM_MISMATCH: 'ImageUnusable',
  URL_NOT_ALLOWED: 'ImageUnusable',
  DOWNLOAD_FAILED: 'ImageUnusable',
  IMAGE_TOO_LARGE: 'ImageUnusable',
  IMAGE_FORMAT: 'ImageUnusable',
  IMAGE_REFERS_ELSEWHERE: 'ImageUnusable',
  CACHE_FULL: 'StorageFull',
  DISK_FULL: 'StorageFull',
  STORAGE_FAILED: 'StorageFailed',
  DISK_IN_USE: 'DiskInUse',
  DISK_NAME_INVALID: 'StartFailed',
  TOOL_MISSING: 'ToolMissing',
  TOOL_FAILED: 'StorageFailed',
  CLOUD_INIT_INVALID: 'CloudInitInvalid',
};

/** libvirt's and QEMU's sentences, the more telling first. They have no codes of their own: libvirt calls most of them internal or system errors. */
const known: readonly Known[] = [
  {
    pattern: /Cannot set scheduler parameters/i,
    reason: 'FifoRefused',
    meaning: 'the kernel refused to make the realtime vCPUs SCHED_FIFO',
    remedy: 'where the kernel has RT_GROUP_SCHED with cgroup v1, keep libvirt off the cpu controller (cgroup_controllers = [ "devices", "memory", "blkio", "cpuset", "cpuacct" ] in /etc/libvirt/qemu.conf, then restart libvirtd), or use cgroup v2; '
      + 'else libvirtd lacks CAP_SYS_NICE',
  },
  {
    pattern: /cannot limit locked memory|mlockall|locking memory failed|RLIMIT_MEMLOCK/i,
    reason: 'MemoryLockRefused',
    meaning: "the guest's memory cannot be locked",
    remedy: 'libvirtd needs CAP_SYS_RESOURCE, or a memory-lock limit above the guest (LimitMEMLOCK=infinity in its systemd unit, or --ulimit memlock=-1 in a container)',
  },
  {
    pattern: /hugetlbfs|unable to map backing store|hugepage|huge page/i,
    reason: 'HugepagesUnavailable',
    meaning: 'the huge pages that were planned for the guest are not there',
    remedy: 'something that rtvm does not know of holds them, or hugetlbfs is not mounted: compare /sys/devices/system/node/node*/hugepages/*/free_hugepages with "rtvm plan", mount -t hugetlbfs hugetlbfs /dev/hugepages, then restart libvirtd',
  },
  {
    pattern: /cannot set up guest memory|Cannot allocate memory/i,
    reason: 'MemoryUnavailable',
    meaning: 'the host has not enough free memory for the guest',
    remedy: 'something that rtvm does not know of uses it: free -m, numastat -m',
  },
  {
    pattern: /does not support virt type 'kvm'|Could not access KVM|\/dev\/kvm|failed to initialize kvm/i,
    reason: 'KvmUnavailable',
    meaning: 'KVM is not usable on this host',
    remedy: 'load kvm_intel or kvm_amd, switch virtualization on in the firmware, and give libvirt /dev/kvm; only for a try without any guarantee, ask for emulation',
  },
  {
    pattern: /No space left on device/i,
    reason: 'StorageFull',
    meaning: 'the file system is full',
    remedy: 'make room, then try again',
  },
  {
    pattern: /domain '.*' (?:already exists|is already defined) with uuid/i,
    reason: 'NameTaken',
    meaning: "a domain that is not this VM's has its domain's name",
    remedy: 'rename that one (virsh domrename), or end and undefine it',
  },
];

/** @param error - what preparing or starting threw. */
export function startFailure(error: unknown): StartFailure {
  if (error instanceof StartError) return { reason: error.code, message: error.message };
  if (error instanceof ImageError) return { reason: imageReasons[error.code], message: error.message };
  const said = error instanceof LibvirtError ? oneLine(error.libvirtMessage) : oneLine(error instanceof Error ? error.message : String(error));
  const match = known.find(({ pattern }) => pattern.test(said));
  if (match !== undefined) return { reason: match.reason, message: `${match.meaning} (${said}): ${match.remedy}` };
  if (error instanceof LibvirtError) return { reason: 'LibvirtRefused', message: `libvirt refused ${error.procedure}: ${said} (${error.code})` };
  return { reason: 'StartFailed', message: said };
}

/** QEMU's words arrive with its log's time stamps and line ends. */
function oneLine(text: string): string {
  return text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z\s+/g, '').replaceAll(/\s+/g, ' ').trim();
}
