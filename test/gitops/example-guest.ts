// One VM of examples/, resolved and placed by the product's own code, as a controller holds it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkManifests } from '../../src/cli/input/manifests.ts';
import { guestToWire } from '../../src/crds/guest-wire.ts';
import { parseFiles } from '../../src/crds/parse-files.ts';
import { placementToWire } from '../../src/crds/placement-wire.ts';
import type { AllocatedGuest } from '../../src/crds/realtime-allocation.ts';
import type { RealtimeVm } from '../../src/crds/realtime-vm.ts';
import type { HostInventory } from '../../src/realtime/host.ts';
import { Cluster } from '../../src/realtime/place/cluster.ts';
import { formatRefusal } from '../../src/realtime/place/refusal-groups.ts';
import type { Stored } from '../../src/store/resource.ts';

export const createdAt = '2026-01-31T12:00:00Z';

const examples = join(import.meta.dirname, '..', '..', 'examples');

/** What an example says, with the guest that it makes and host-a. */
export function exampleVm(file: string) {
  const manifests = checkManifests(parseFiles([file, 'host-a.yaml'].map((name) => ({ file: name, text: readFileSync(join(examples, name), 'utf8') }))), 'refuse');
  const resource = manifests.documents.map((document) => document.resource).find(({ kind }) => kind === 'RealtimeVM') as RealtimeVm | undefined;
  const guest = manifests.vms[0]?.guest;
  const host = manifests.hosts[0];
  if (resource === undefined || guest === undefined || host === undefined) throw new Error(`examples/${file} has no VM, or it cannot be resolved`);
  return { resource, guest, host };
}

/** The resource as an API server has stored it. */
export function asStored(resource: RealtimeVm, name: string, spec: Partial<RealtimeVm['spec']> = {}): Stored<'RealtimeVM'> {
  return {
    ...resource,
    metadata: { ...resource.metadata, name, uid: 'a3b1f6f2-6d3c-4f6e-9d2a-5f1c8e0b7d10', resourceVersion: '7', generation: 1, creationTimestamp: createdAt },
    spec: { ...resource.spec, ...spec },
  };
}

/** The VM's entry in its node's table, placed on the example's host. */
export function entryOf(file: string, { metadata: { uid, namespace, name, generation } }: Stored<'RealtimeVM'>): AllocatedGuest {
  const { guest, host } = exampleVm(file);
  const networks = guest.networks.map(({ network }) => ({ name: network, openToInline: true, kind: 'bridge' as const, bridge: 'br0' }));
  const decision = new Cluster([{ ...host, networks }], []).decide(guest);
  if (decision.kind === 'refused') throw new Error(`examples/${file} does not fit: ${formatRefusal(decision.groups)}`);
  return { vm: { uid, namespace, name }, generation, desired: 'Running', guest: guestToWire(guest), placement: placementToWire(decision.placement) };
}

/** What a placement says of the VM on a host that has nothing left. */
export function refusalOf(file: string): { readonly reason: string; readonly message: string } {
  const { guest, host } = exampleVm(file);
  const full: HostInventory = { ...host, dedicatedCpus: host.dedicatedCpus.minus(host.dedicatedCpus) };
  const decision = new Cluster([full], []).decide(guest);
  if (decision.kind === 'placed') throw new Error(`examples/${file} fits on a host without dedicated CPUs`);
  return { reason: decision.groups[0]!.reason, message: formatRefusal(decision.groups) };
}
