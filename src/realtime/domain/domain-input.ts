/** Everything that a domain's XML is made from; nothing in it is looked up while rendering. */
import type { Guest } from '../guest.ts';
import type { HostNetwork } from '../host.ts';
import type { VmIdentity } from '../ids.ts';
import type { Placement } from '../placement.ts';
import type { DomainHostFacts } from './host-facts.ts';

/** `kvm`, or `qemu` (emulated, slow, for machines without /dev/kvm) where a person asked for it. */
export type VirtType = 'kvm' | 'qemu';

/** A disk's file as prepared on the host. */
export interface DiskFile {
  readonly path: string;
  readonly format: 'raw' | 'qcow2';
  /** All blocks are allocated already, so that writing never waits for the file system to find some. */
  readonly preallocated: boolean;
}

/** Absolute paths on the host. Which of the optional ones must be there follows from the guest's boot and cloud-init. */
export interface DomainFiles {
  /** By the disk's name in the guest. */
  readonly disks: ReadonlyMap<string, DiskFile>;
  /** The image of a guest whose boot is `rom`. */
  readonly rom?: string | undefined;
  readonly kernel?: string | undefined;
  readonly initrd?: string | undefined;
  /** The cloud-init seed image (NoCloud, volume label CIDATA). */
  readonly seed?: string | undefined;
  /** Where everything that the guest writes to its serial port is kept; its directory exists. */
  readonly serialLog: string;
}

export interface DomainInput {
  readonly vm: VmIdentity;
  /** metadata.generation of the spec that this domain is made from. */
  readonly generation: number;
  readonly guest: Guest;
  readonly placement: Placement;
  readonly virtType: VirtType;
  /** Kept in the domain's metadata as it is, for whoever adopts the domain later. */
  readonly payload: string;
  readonly files: DomainFiles;
  /** The host's networks; those that the guest names must be among them. */
  readonly networks: readonly HostNetwork[];
  readonly host: DomainHostFacts;
}

export type DomainInputProblem = 'FILE_MISSING' | 'NETWORK_MISSING' | 'NETWORK_MODEL' | 'DEVICE_MISSING' | 'DEVICE_ADDRESS' | 'SOCKET_PATH';

/** Thrown where the parts of a {@link DomainInput} do not belong together: a mistake of the caller, not of the person who wrote the YAML. */
export class DomainInputError extends Error {
  override readonly name = 'DomainInputError';
  readonly code: DomainInputProblem;
  constructor(code: DomainInputProblem, message: string) {
    super(message);
    this.code = code;
  }
}
