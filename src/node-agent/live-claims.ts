/**
 * What live domains of a host have, whatever any table says: by the grant that a domain of ours was made with, and by
 * its XML. The host is the lock for "never beside another". I1, I8.
 */
import type { PlacementWire } from '../crds/placement-schema.ts';
import { CpuSet } from '../realtime/cpu-set.ts';
import { grantOf } from './domain-payload.ts';
import { exclusiveCpus } from './exclusive-cpus.ts';
import type { HostDomain } from './hypervisor.ts';
import { StartError } from './start-failure.ts';

/** What a start claims of its host. */
export interface StartClaims {
  readonly uid: string;
  readonly name: string;
  readonly placement: PlacementWire;
}

/** A domain that runs, or a start that is under way. */
interface Holder {
  readonly uid: string | undefined;
  readonly name: string;
  readonly cpus: CpuSet;
  readonly devices: ReadonlySet<string>;
  /** Files behind its disks; of a start that is under way they are its own. */
  readonly disks: readonly string[];
  /** For people: why it has them. */
  readonly how: string;
}

/** @throws StartError where somebody has what the start claims. */
export function requireHostFree(
  claims: StartClaims, domains: readonly HostDomain[], underWay: Iterable<StartClaims>,
): void {
  const cpus = exclusiveCpus(claims.placement);
  const devices = claims.placement.devices.map(({ address }) => address);
  const others = [...domains.flatMap(holderOf), ...[...underWay].map(starting)].filter(({ uid }) => uid !== claims.uid);
  for (const other of others) {
    const taken = other.cpus.intersection(cpus);
    if (taken.size > 0) throw takenBy(other, 'CpusTaken', `pCPUs ${taken.toString()} are`);
    const device = devices.find((address) => other.devices.has(address));
    if (device !== undefined) throw takenBy(other, 'DeviceTaken', `PCI device ${device} is`);
    // A VM's disks are in a directory of its UID.
    const disk = other.disks.find((path) => path.split('/').includes(claims.uid));
    if (disk !== undefined) throw takenBy(other, 'DiskInUse', `disk ${disk} is`);
  }
}

function takenBy({ name, how }: Holder, reason: 'CpusTaken' | 'DeviceTaken' | 'DiskInUse', what: string): StartError {
  const remedy = 'it is started when that domain has ended, or halt it and let it be placed anew';
  return new StartError(reason, `${what} ${reason === 'CpusTaken' ? 'those' : 'that'} of domain ${name}, ${how}; ${remedy}`);
}

function holderOf({ name, run, metadata, pinnedCpus, devices = [], disks = [] }: HostDomain): readonly Holder[] {
  if (run === 'off') return [];
  const placement = metadata === undefined ? undefined : grantOf(metadata).placement;
  const pinned = pinnedCpus ?? CpuSet.empty();
  if (placement === undefined) {
    const how = metadata === undefined
      ? 'which runs on this host and is pinned to them, though it is not of rtvm'
      : 'which runs on this host, and does not say what it was made with';
    return [{ uid: metadata?.uid, name, cpus: pinned, devices: new Set(devices), disks, how }];
  }
  return [{
    uid: metadata?.uid, name, cpus: exclusiveCpus(placement),
    devices: new Set([...devices, ...placement.devices.map(({ address }) => address)]),
    disks, how: 'which runs on this host and has them to itself',
  }];
}

function starting({ uid, name, placement }: StartClaims): Holder {
  return {
    uid, name, cpus: exclusiveCpus(placement), devices: new Set(placement.devices.map(({ address }) => address)),
    disks: [], how: 'which is being started on this host',
  };
}
