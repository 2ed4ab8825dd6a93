/** Which domains of this host hold what no allocation gives them: ours that it does not name, and others' that are pinned. Pure. */
import type { PlacementWire } from '../crds/placement-schema.ts';
import type { AllocatedGuest, UnlistedDomain } from '../crds/realtime-allocation.ts';
import type { RealtimeNodeStatus } from '../crds/realtime-node-status.ts';
import type { CpuSet } from '../realtime/cpu-set.ts';
import { grantOf } from './domain-payload.ts';
import { exclusiveCpus } from './exclusive-cpus.ts';
import { isAlive, isMadeWith } from './guest-look.ts';
import type { HostDomain } from './hypervisor.ts';

export type Orphan = NonNullable<RealtimeNodeStatus['orphans']>[number];

/** @param entries of the allocation, by UID of the VM. */
export function orphansAmong(
  domains: readonly HostDomain[], entries: ReadonlyMap<string, AllocatedGuest>, nodeName: string,
): readonly Orphan[] {
  return domains.flatMap((domain): Orphan[] => {
    const { name, uuid, metadata } = domain;
    if (metadata === undefined || isNamed(domain, entries)) return [];
    const { placement = pinnedOf(domain, nodeName), restartedAt } = grantOf(metadata);
    return [{
      domain: name,
      uuid,
      vm: vmOf(metadata),
      generation: metadata.generation,
      ...(restartedAt === undefined ? {} : { restartedAt }),
      ...(placement === undefined ? {} : { placement }),
    }];
  });
}

/**
 * Those of ours that live by a grant that no entry has, with all that they say of it. What does not say what it holds
 * holds the pCPUs that it is pinned to.
 */
export function unlistedAmong(
  domains: readonly HostDomain[], entries: ReadonlyMap<string, AllocatedGuest>, nodeName: string,
): readonly UnlistedDomain[] {
  return domains.flatMap((domain): UnlistedDomain[] => {
    const { name, uuid, metadata } = domain;
    if (metadata === undefined || !isAlive(domain) || isNamed(domain, entries)) return [];
    const { name: grant, placement = pinnedOf(domain, nodeName), guest, salt, restartedAt } = grantOf(metadata);
    return [{
      grant,
      domain: name,
      uuid,
      vm: vmOf(metadata),
      generation: metadata.generation,
      ...(restartedAt === undefined ? {} : { restartedAt }),
      ...(salt === undefined ? {} : { salt }),
      ...(guest === undefined ? {} : { guest }),
      ...(placement === undefined ? {} : { placement }),
    }];
  });
}

function isNamed(domain: HostDomain, entries: ReadonlyMap<string, AllocatedGuest>): boolean {
  const entry = entries.get(domain.metadata?.uid ?? '');
  return entry !== undefined && isMadeWith(entry, domain);
}

function vmOf({ namespace, name, uid }: NonNullable<HostDomain['metadata']>): AllocatedGuest['vm'] {
  return { namespace, name, uid };
}

/**
 * Domains that are not ours, and run pinned to CPUs that are for guests alone: what they take counts as taken, as long as they run.
 * One that floats over the host takes no CPU in particular.
 * @param dedicated the CPUs that the administrator gives to guests.
 */
export function strangersAmong(domains: readonly HostDomain[], dedicated: CpuSet, nodeName: string): readonly Orphan[] {
  return domains.flatMap(({ name, uuid, run, metadata, pinnedCpus }): Orphan[] => {
    const taken = metadata === undefined && run !== 'off' ? pinnedCpus?.intersection(dedicated) : undefined;
    if (taken === undefined || taken.size === 0) return [];
    return [{ domain: name, uuid, placement: holdingOf(taken, nodeName) }];
  });
}

function pinnedOf({ run, pinnedCpus }: HostDomain, nodeName: string): PlacementWire | undefined {
  return run === 'off' || pinnedCpus === undefined ? undefined : holdingOf(pinnedCpus, nodeName);
}

/** Nothing but pCPUs, which nobody else gets. */
function holdingOf(cpus: CpuSet, nodeName: string): PlacementWire {
  return {
    nodeName, cells: [], vcpuPins: [], realtimeVcpus: '', emulatorCpus: '', reservedCpus: cpus.toString(), devices: [],
    extraMemoryMiB: 0,
  };
}

/** Guests whose own CPUs somebody else is pinned to, and which of them. */
export function disturbedBy({ placement }: Orphan, entries: Iterable<AllocatedGuest>): readonly { readonly vm: AllocatedGuest['vm']; readonly cpus: CpuSet }[] {
  const taken = placement === undefined ? undefined : exclusiveCpus(placement);
  return [...entries].flatMap((entry) => {
    const cpus = taken?.intersection(exclusiveCpus(entry.placement));
    return cpus === undefined || cpus.size === 0 ? [] : [{ vm: entry.vm, cpus }];
  });
}
