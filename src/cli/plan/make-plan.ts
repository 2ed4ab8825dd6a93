/** From manifests to a plan: what `rtvm plan` shows and `rtvm render` renders. */
import { provisionalUid } from '../../crds/to-vm-spec.ts';
import type { Guest } from '../../realtime/guest.ts';
import type { HostInventory } from '../../realtime/host.ts';
import type { VmIdentity, VmUid } from '../../realtime/ids.ts';
import { Cluster } from '../../realtime/place/cluster.ts';
import type { VmSpec } from '../../realtime/spec.ts';
import type { HostOptions } from '../commands/plan.ts';
import { requiredFiles } from '../commands/options.ts';
import type { InputOptions } from '../commands/options.ts';
import { CommandError } from '../exit.ts';
import { readThisHost } from '../host/this-host.ts';
import { loadManifests } from '../input/manifests.ts';
import type { ManifestVm } from '../input/manifests.ts';
import { printWarnings, requireFine } from '../input/print-problems.ts';
import type { Io } from '../io.ts';
import { readHeld } from './held.ts';
import type { HeldGuest } from './held.ts';
import type { PlanHosts } from './plan-text.ts';
import { planVms } from './plan-vms.ts';
import type { PlanItem } from './plan-vms.ts';

/** A VM of the files with its decision. */
export interface ManifestPlanItem extends PlanItem {
  readonly spec: VmSpec;
  readonly vm: VmIdentity;
  readonly guest: Guest;
}

export interface Plan extends PlanHosts {
  readonly items: readonly ManifestPlanItem[];
  /** No file had a host, so the one that rtvm runs on was taken. */
  readonly onThisHost: boolean;
}

/**
 * Places the VMs of the files: higher placementPriority first, else in the order of the files. A VM that a
 * RealtimeAllocation among the files has already stays where it is. Warnings are printed.
 * @throws CommandError where the files are not fine, or have no VM or no host.
 */
export async function makePlan({ host = [], ...input }: InputOptions & HostOptions, io: Io): Promise<Plan> {
  const file = requiredFiles(input);
  const manifests = await loadManifests([...new Set([...file, ...host])], 'refuse', io);
  const { held, problems } = readHeld(manifests.documents);
  requireFine({ problems: [...manifests.problems, ...problems], warnings: manifests.warnings }, io);
  if (manifests.vms.length === 0) throw new CommandError('VM_MISSING', `there is no RealtimeVM in ${file.join(', ')}`);
  if (manifests.hosts.length === 0 && host.length > 0) throw new CommandError('HOST_MISSING', `there is no RealtimeNode in ${host.join(', ')}; "rtvm host inventory" prints one`);

  const onThisHost = manifests.hosts.length === 0;
  const hosts = onThisHost ? [inventoryHere(io)] : manifests.hosts;
  const cluster = new Cluster(hosts, held);
  for (const { message } of cluster.conflicts()) io.err(`warning: ${message}`);

  const vms = manifests.vms
    .toSorted((one, other) => other.spec.placementPriority - one.spec.placementPriority)
    .map(({ spec, guest }) => ({ spec, vm: spec.identity, guest }));
  const placed = placedAlready(manifests.vms, held);
  const own = new Set(placed.values());
  const others = held.filter((guest) => !own.has(guest));
  return {
    onThisHost,
    items: planVms(vms, new Map([...placed].map(([uid, { placement }]) => [uid, placement])), cluster),
    inventories: new Map(hosts.map((each) => [each.name, each])),
    held: Map.groupBy(others, ({ placement }) => placement.host),
  };
}

/** VMs of the files that hold a placement, by UID; a file that no API server has seen has no UID, and is told by its name. */
function placedAlready(vms: readonly ManifestVm[], held: readonly HeldGuest[]): Map<VmUid, HeldGuest> {
  const byUid = new Map(held.map((guest) => [guest.uid, guest]));
  const byName = new Map(held.map((guest) => [guest.name, guest]));
  const placed = new Map<VmUid, HeldGuest>();
  for (const { spec: { identity: { namespace, name, uid } } } of vms) {
    const own = byUid.get(uid) ?? (uid === provisionalUid(namespace, name) ? byName.get(`${namespace}/${name}`) : undefined);
    if (own !== undefined) placed.set(uid, own);
  }
  return placed;
}

function inventoryHere(io: Io): HostInventory {
  const checked = readThisHost({});
  if (!checked.ok) throw new CommandError('HOST_REFUSED', checked.problems.map(({ message }) => message).join('; '));
  printWarnings(checked.warnings, io);
  if (checked.value.dedicatedCpus.isEmpty) io.err('To plan as if CPUs were dedicated: rtvm host inventory --dedicated LIST > host.yaml, then --host host.yaml');
  return checked.value;
}
