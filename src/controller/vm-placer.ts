/** Decides where a VM goes, within what its class allows its namespace, and writes that into the node's table. */
import { formatProblem } from '../crds/document-problem.ts';
import { guestToWire } from '../crds/guest-wire.ts';
import { placementToWire } from '../crds/placement-wire.ts';
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import { assert } from '../realtime/assert.ts';
import type { Decision } from '../realtime/decision.ts';
import type { Random } from '../runtime/random.ts';
import { contradictionOf } from '../realtime/place/contradiction.ts';
import { formatRefusal } from '../realtime/place/refusal-groups.ts';
import { ConflictError } from '../store/errors.ts';
import type { Stored } from '../store/resource.ts';
import type { AllocationWriter } from './allocation-writer.ts';
import { exclusiveCpuCount, selects } from './class-limits.ts';
import type { ClusterView } from './cluster-view.ts';
import type { GuestResolver } from './guest-resolver.ts';
import { hasNodeLocalDisks } from './node-local-disks.ts';
import type { VmStanding } from './vm-report.ts';

export interface VmPlacerOptions {
  readonly view: ClusterView;
  readonly writer: Pick<AllocationWriter, 'change'>;
  readonly resolver: GuestResolver;
  readonly random: Random;
  readonly namespaceLabels: (name: string) => Readonly<Record<string, string>>;
  /** Makes a VM's status say where its NodeLocal disks are, or that they are nowhere yet. @returns the VM as it is then. */
  readonly bind: (vm: Stored<'RealtimeVM'>, nodeName: string | undefined, signal: AbortSignal) => Promise<Stored<'RealtimeVM'>>;
}

export class VmPlacer {
  readonly #options: VmPlacerOptions;

  constructor(options: VmPlacerOptions) {
    this.#options = options;
  }

  /**
   * Looks at the nodes for a VM in slices, so that thousands of them do not hold up all else: between two slices anything
   * may happen. What is then decided at once has little left to look at. Rule 4.15.
   */
  consider(vm: Stored<'RealtimeVM'>): Iterable<undefined> {
    const guest = this.#options.resolver.resolve(vm);
    return guest.ok && !hasNodeLocalDisks(guest.value) ? this.#options.view.consider(guest.value) : [];
  }

  /**
   * The decision and its change are made in the same breath: between them nothing may come in. Where NodeLocal disks will be
   * is in the VM's status before the table can have them made, since a table may be lost: then it is decided once more.
   * @param bound where it has disks that keep it on their node: the entry that it holds there, which the new one replaces.
   * @param isNewHome its status has just been made to say where its disks will be, and none are there.
   * @throws ConflictError where it has to be decided anew; and what the store throws.
   */
  async place(vm: Stored<'RealtimeVM'>, bound: AllocatedGuest | undefined, signal: AbortSignal, isNewHome = false): Promise<VmStanding> {
    const { view, writer, resolver, random, namespaceLabels, bind } = this.#options;
    const { namespace, name, uid, generation } = vm.metadata;
    const guest = resolver.resolve(vm);
    if (!guest.ok) return { kind: 'invalid', message: guest.problems.map(formatProblem).join('; ') };
    const vmClass = resolver.classOf(vm);
    const allowed = vmClass?.spec.allowedNamespaces;
    if (allowed !== undefined && !selects(allowed, namespaceLabels(namespace))) {
      return { kind: 'unplaced', reason: 'NamespaceNotAllowed', message: `class ${vmClass?.metadata.name ?? ''} is not for namespace ${namespace}: its spec.allowedNamespaces does not select the namespace's labels; label the namespace so that it does, or use another class` };
    }
    const home = bound?.placement.nodeName ?? (hasNodeLocalDisks(guest.value) ? vm.status?.boundTo : undefined);
    const decision = bound === undefined && home !== undefined ? view.decideOn(home, guest.value) : view.decide(guest.value, bound);
    // Somebody else has come to the new home meanwhile: nothing is there yet.
    if (decision.kind === 'refused' && isNewHome) return this.place(await bind(vm, undefined, signal), bound, signal);
    if (decision.kind === 'refused') return { kind: 'unplaced', ...refusal(decision, home) };
    const { placement } = decision;
    const contradiction = contradictionOf(guest.value, placement);
    assert(contradiction === undefined, "a placement is its guest's", { contradiction });
    const isHome = home === undefined || placement.host === home;
    assert(isHome, 'a VM is placed where its NodeLocal disks are', { home, host: placement.host });
    const entry: AllocatedGuest = {
      vm: { namespace, name, uid },
      generation,
      desired: 'Running',
      request: random.uuid(),
      ...(vm.spec.restartedAt === undefined ? {} : { restartedAt: vm.spec.restartedAt }),
      ...(vm.spec.className === undefined ? {} : { className: vm.spec.className }),
      guest: guestToWire(guest.value),
      placement: placementToWire(placement),
    };
    const limit = vmClass?.spec.maxCpusPerNamespace;
    const held = view.classUse.held(vm.spec.className ?? '', namespace) - (bound === undefined ? 0 : exclusiveCpuCount(bound));
    if (limit !== undefined && held + exclusiveCpuCount(entry) > limit) {
      return { kind: 'unplaced', reason: 'NamespaceLimit', message: `VMs of class ${vmClass?.metadata.name ?? ''} hold ${held} of at most ${limit} pCPUs in namespace ${namespace}, and ${exclusiveCpuCount(entry)} more are needed` };
    }
    if (home === undefined && hasNodeLocalDisks(guest.value)) return this.place(await bind(vm, placement.host, signal), bound, signal, true);
    // Somebody else may have written it into a table while its status was written, or another table was.
    if (bound === undefined && view.find(uid) !== undefined) {
      throw new ConflictError(`RealtimeVM ${namespace}/${name} has been given a place meanwhile`);
    }
    await writer.change(placement.host, uid, { kind: 'put', entry }, signal);
    return { kind: 'placed', entry, report: undefined, restartRequired: undefined, lost: undefined };
  }
}

/** @param home the only node that was asked. */
function refusal({ groups }: Extract<Decision, { kind: 'refused' }>, home: string | undefined): { reason: string; message: string } {
  const message = groups.length > 0 ? formatRefusal(groups) : home === undefined ? 'there is no RealtimeNode' : `there is no RealtimeNode ${home}`;
  return {
    reason: groups[0]?.reason ?? 'NoNodes',
    message: home === undefined ? message : `its NodeLocal disks bind it to node ${home} until it is deleted; ${message}`,
  };
}
