/** Where the files' VMs would go in the cluster as it is, and why not elsewhere. */
import { hasNodeLocalDisks } from '../../../controller/node-local-disks.ts';
import type { Candidate } from '../../../controller/vm-placer.ts';
import { placementFromWire } from '../../../crds/placement-wire.ts';
import { parseFiles } from '../../../crds/parse-files.ts';
import type { ParsedDocument } from '../../../crds/parse-files.ts';
import type { AllocatedGuest } from '../../../crds/realtime-allocation.ts';
import { requireValid } from '../../../crds/require-valid.ts';
import { provisionalUid } from '../../../crds/to-vm-spec.ts';
import type { Placement } from '../../../realtime/placement.ts';
import type { Stored } from '../../../store/resource.ts';
import type { LivePlanOptions } from '../../commands/live/plan.ts';
import { requiredFiles } from '../../commands/options.ts';
import { CommandError } from '../../exit.ts';
import type { ExitCode } from '../../exit.ts';
import { requireFine } from '../../input/print-problems.ts';
import { readInputFiles } from '../../input/read-files.ts';
import type { Io } from '../../io.ts';
import { siblingWarning } from '../../plan/sibling-warnings.ts';
import { withCluster } from '../connect.ts';
import type { Live } from '../connect.ts';
import { printData } from '../harmless.ts';
import { heldByNode, inventoriesOf, LiveCluster, readLiveObjects } from './live-cluster.ts';
import type { LiveObjects, NodeVerdict } from './live-cluster.ts';
import { formatLivePlan, planReport } from './live-plan-text.ts';

type Vm = Stored<'RealtimeVM'>;

/** What became of one VM of the files. */
export interface LivePlanItem {
  readonly vm: Vm;
  /** What it gets, or holds; undefined where it has no place. */
  readonly placement: Placement | undefined;
  /** It runs there already, with the guest that the files say. */
  readonly holds: boolean;
  /** It runs as another guest: this is where its next start puts it. */
  readonly atNextStart: boolean;
  /** Why it has none, as the controller's condition Placed (or Accepted) would say. */
  readonly refusal: { readonly reason: string; readonly message: string } | undefined;
  /** What each node says; empty where that is not what decides. */
  readonly verdicts: readonly NodeVerdict[];
}

/** @returns 1 where a VM does not fit. */
export async function planLive(options: LivePlanOptions, io: Io): Promise<ExitCode> {
  return withCluster(options, async (live) => {
    const documents = await readDocuments(options, live, io);
    const vms = ofKind(documents, 'RealtimeVM');
    if (vms.length === 0) throw new CommandError('VM_MISSING', `there is no RealtimeVM in ${(options.file ?? []).join(', ')}`);
    const read = await readLiveObjects(live, vms.map(({ metadata }) => metadata.namespace));
    const objects: LiveObjects = {
      ...read,
      classes: asApplied(read.classes, ofKind(documents, 'RealtimeVMClass')),
      images: asApplied(read.images, ofKind(documents, 'RealtimeImage')),
    };
    for (const note of objects.notes) io.err(`warning: ${note}`);
    for (const kind of ['RealtimeNode', 'RealtimeAllocation'] as const) {
      if (ofKind(documents, kind).length > 0) io.err(`warning: the ${kind}s among the files are not looked at: those of the cluster are`);
    }
    const inventories = inventoriesOf(objects);
    const items = planAll(await identified(vms, live), live, objects);
    for (const { vm, placement } of items) {
      const host = placement === undefined ? undefined : inventories.get(placement.host);
      const warning = host === undefined || placement === undefined ? undefined : siblingWarning(`${vm.metadata.namespace}/${vm.metadata.name}`, placement, host);
      if (warning !== undefined) io.err(`warning: ${warning}`);
    }
    if (options.output === 'table') io.out(formatLivePlan(items, { inventories, held: heldByNode(objects) }, { width: io.columns, unicode: io.unicode, style: io.style }));
    else printData({ items: items.map(planReport) }, options.output, io);
    return items.every(({ placement }) => placement !== undefined) ? 0 : 1;
  });
}

async function readDocuments(options: LivePlanOptions, live: Live, io: Io): Promise<readonly ParsedDocument[]> {
  const { documents, problems } = parseFiles(await readInputFiles(requiredFiles(options), io), { namespace: live.namespace });
  requireFine({ problems, warnings: [] }, io);
  return documents;
}

function ofKind<K extends ParsedDocument['resource']['kind']>(documents: readonly ParsedDocument[], kind: K): readonly Stored<K>[] {
  return documents.flatMap(({ resource }) => (resource.kind === kind ? [resource as unknown as Stored<K>] : []));
}

/** Those of the files take the place of the cluster's. */
function asApplied<Item extends { readonly metadata: { readonly namespace?: string | undefined; readonly name: string } }>(live: readonly Item[], files: readonly Item[]): readonly Item[] {
  const keyOf = ({ metadata }: Item) => `${metadata.namespace ?? ''}/${metadata.name}`;
  return [...new Map([...live, ...files].map((item) => [keyOf(item), item])).values()];
}

/** As they would be once applied: with the identity of the VM of that name, where there is one. */
async function identified(vms: readonly Vm[], { store, signal }: Live): Promise<readonly Vm[]> {
  return Promise.all(vms.map(async (vm) => {
    const { namespace, name } = vm.metadata;
    const there = await store.get('RealtimeVM', { namespace, name }, signal);
    const { uid = provisionalUid(namespace, name), generation = 1, resourceVersion = '', creationTimestamp = '' } = there?.metadata ?? {};
    return { ...vm, metadata: { ...vm.metadata, uid, generation, resourceVersion, creationTimestamp }, ...(there?.status === undefined ? {} : { status: there.status }) };
  }));
}

/** In the controller's order: higher placementPriority first, else as in the files. */
function planAll(vms: readonly Vm[], live: Live, objects: LiveObjects): readonly LivePlanItem[] {
  const entries = new Map(objects.tables.flatMap(({ spec }) => spec.guests).map((entry) => [entry.vm.uid, entry]));
  const resolving = new LiveCluster(live, objects);
  const moves = (vm: Vm) => {
    const entry = entries.get(vm.metadata.uid);
    return entry !== undefined && resolving.makesAnother(vm, entry) && !hasNodeLocalDisks(entry.guest);
  };
  const cluster = new LiveCluster(live, objects, new Set(vms.filter(moves).map(({ metadata }) => metadata.uid)));
  const items: LivePlanItem[] = [];
  for (const vm of vms.toSorted((one, other) => other.spec.placementPriority - one.spec.placementPriority)) {
    const entry = entries.get(vm.metadata.uid);
    if (entry !== undefined && !resolving.makesAnother(vm, entry) && cluster.guestOf(vm) !== undefined) items.push(staysAs(vm, entry));
    else items.push(decideOn(vm, cluster, entry));
  }
  return items;
}

function decideOn(vm: Vm, cluster: LiveCluster, entry: AllocatedGuest | undefined): LivePlanItem {
  const bound = entry !== undefined && hasNodeLocalDisks(entry.guest) ? { node: entry.placement.nodeName, entry } : undefined;
  const base = { vm, holds: false, atNextStart: entry !== undefined };
  const stray = entry === undefined ? cluster.strayOf(vm) : undefined;
  if (stray !== undefined) {
    const message = `domain ${stray.domain} on node ${stray.nodeName} still runs for ${stray.vm?.uid === vm.metadata.uid ? 'this RealtimeVM' : 'an earlier RealtimeVM of this name'}, and no allocation names it`;
    return { ...base, placement: undefined, refusal: { reason: 'OldDomainRuns', message }, verdicts: [] };
  }
  const guest = cluster.guestOf(vm);
  // Before it takes its own place, which would no longer fit it then.
  const verdicts = guest === undefined ? [] : cluster.verdicts(guest);
  return { ...base, ...outcome(cluster.place(vm, bound), verdicts) };
}

function outcome(candidate: Candidate, verdicts: readonly NodeVerdict[]): Pick<LivePlanItem, 'placement' | 'refusal' | 'verdicts'> {
  switch (candidate.kind) {
    case 'placed':
      return { placement: placementOf(candidate.entry), refusal: undefined, verdicts };
    case 'unplaced':
      // A class that does not let the namespace have it decides before any node is asked.
      return { placement: undefined, refusal: candidate, verdicts: verdicts.some(({ kind }) => kind === 'fits') ? [] : verdicts };
    case 'invalid':
      return { placement: undefined, refusal: { reason: 'Invalid', message: candidate.message }, verdicts: [] };
  }
}

function staysAs(vm: Vm, entry: AllocatedGuest): LivePlanItem {
  return { vm, placement: placementOf(entry), holds: true, atNextStart: false, refusal: undefined, verdicts: [] };
}

function placementOf(entry: AllocatedGuest): Placement {
  return requireValid(placementFromWire(entry.placement, 'placement'), `the place of ${entry.vm.namespace}/${entry.vm.name}`);
}
