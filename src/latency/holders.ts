/**
 * Who has which CPUs of this host, as libvirt knows it: VMs of rtvm by their placement, everybody else by how they
 * are pinned.
 */
import { exclusiveCpus } from '../node-agent/exclusive-cpus.ts';
import { grantOf } from '../node-agent/domain-payload.ts';
import { placementFromWire } from '../crds/placement-wire.ts';
import type { LibvirtClient } from '../libvirt/client.ts';
import type { DomainRef } from '../libvirt/domain-types.ts';
import { ifDomainExists } from '../libvirt/errors.ts';
import type { CallOptions } from '../libvirt/pending-call.ts';
import { CpuSet } from '../realtime/cpu-set.ts';
import { parseDomainMetadata } from '../realtime/domain/parse-metadata.ts';
import { pinnedCpusOf } from '../realtime/domain/pinned-cpus.ts';
import type { Placement } from '../realtime/placement.ts';

export interface Holder {
  /** `VM default/press`, or `domain NAME` of one that is not of rtvm. */
  readonly title: string;
  readonly uuid: string;
  readonly active: boolean;
  /** A VM of rtvm with realtime vCPUs. */
  readonly realtime: boolean;
  /** What it has to itself. */
  readonly cpus: CpuSet;
  /** Of a VM of rtvm. */
  readonly placement?: Placement | undefined;
}

/** Every domain that holds CPUs: VMs that are defined, and others that run. */
export async function readHolders(
  client: LibvirtClient,
  hostCpus: CpuSet,
  options: CallOptions,
): Promise<readonly Holder[]> {
  const active = new Set((await client.listAllDomains(['active'], options)).map(({ uuid }) => uuid));
  const domains = await client.listAllDomains([], options);
  const holders = await Promise.all(
    domains.map((ref) => ifDomainExists(readHolder(client, ref, active.has(ref.uuid), hostCpus, options))),
  );
  return holders.filter(
    (holder) => holder !== undefined && holder.cpus.size > 0 && (holder.active || holder.placement !== undefined),
  ) as readonly Holder[];
}

export async function readHolder(
  client: LibvirtClient,
  ref: DomainRef,
  active: boolean,
  hostCpus: CpuSet,
  options: CallOptions,
): Promise<Holder> {
  const xml = await client.getXml(ref, options);
  const metadata = parseDomainMetadata(xml);
  const wire = metadata === undefined ? undefined : grantOf(metadata).placement;
  const placement = wire === undefined ? undefined : placementFromWire(wire, 'placement');
  return {
    title: metadata === undefined ? `domain ${ref.name}` : `VM ${metadata.namespace}/${metadata.name}`,
    uuid: ref.uuid,
    active,
    realtime: wire !== undefined && wire.realtimeVcpus !== '',
    cpus: wire === undefined ? (pinnedCpusOf(xml, hostCpus) ?? CpuSet.empty()) : exclusiveCpus(wire),
    placement: placement?.ok === true ? placement.value : undefined,
  };
}
