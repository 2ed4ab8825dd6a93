/** Which domains of this host hold what no allocation gives them: ours that it does not name, and others' that are pinned. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { PlacementWire } from '../crds/placement-schema.ts';
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import type { RealtimeNodeStatus } from '../crds/realtime-node-status.ts';
import type { CpuSet } from '../realtime/cpu-set.ts';
import type { DomainMetadata } from '../realtime/domain/parse-metadata.ts';
import { parsePayload, restartedAtOf } from './domain-payload.ts';
import { exclusiveCpus } from './exclusive-cpus.ts';
import type { HostDomain } from './hypervisor.ts';

export type Orphan = NonNullable<RealtimeNodeStatus['orphans']>[number];

/** @param allocated what the allocation gives each VM, by UID. */
export function orphansAmong(domains: readonly HostDomain[], allocated: ReadonlyMap<string, PlacementWire>): readonly Orphan[] {
  return domains.flatMap(({ name, uuid, metadata }): Orphan[] => {
    if (metadata === undefined) return [];
    const given = allocated.get(metadata.uid);
    if (given !== undefined && holds(metadata, given)) return [];
    const placement = parsePayload(metadata.payload);
    const restartedAt = restartedAtOf(metadata.payload);
    return [{
      domain: name,
      uuid,
      vm: { namespace: metadata.namespace, name: metadata.name, uid: metadata.uid },
      generation: metadata.generation,
      ...(restartedAt === undefined ? {} : { restartedAt }),
      ...(placement === undefined ? {} : { placement }),
    }];
  });
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
    return [{
      domain: name,
      uuid,
      placement: { nodeName, cells: [], vcpuPins: [], realtimeVcpus: '', emulatorCpus: '', reservedCpus: taken.toString(), devices: [], extraMemoryMiB: 0 },
    }];
  });
}

/** Guests whose own CPUs somebody else is pinned to, and which of them. */
export function disturbedBy({ placement }: Orphan, entries: Iterable<AllocatedGuest>): readonly { readonly vm: AllocatedGuest['vm']; readonly cpus: CpuSet }[] {
  const taken = placement === undefined ? undefined : exclusiveCpus(placement);
  return [...entries].flatMap((entry) => {
    const cpus = taken?.intersection(exclusiveCpus(entry.placement));
    return cpus === undefined || cpus.size === 0 ? [] : [{ vm: entry.vm, cpus }];
  });
}

/** Whether a domain was made with this placement. One that does not say is taken at the allocation's word. */
export function holds({ payload }: DomainMetadata, placement: PlacementWire): boolean {
  const made = parsePayload(payload);
  return made === undefined || isDeepStrictEqual(made, placement);
}
