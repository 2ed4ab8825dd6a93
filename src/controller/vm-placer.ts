/** Decides where a VM goes, within what its class allows its namespace, and makes the grant that its node's table is to have. Writes nothing. */
import { formatProblem } from '../crds/document-problem.ts';
import { granted } from '../crds/grant.ts';
import { guestToWire } from '../crds/guest-wire.ts';
import { placementToWire } from '../crds/placement-wire.ts';
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import { assert } from '../realtime/assert.ts';
import type { Decision } from '../realtime/decision.ts';
import type { Guest } from '../realtime/guest.ts';
import type { Random } from '../runtime/random.ts';
import { contradictionOf } from '../realtime/place/contradiction.ts';
import { formatRefusal } from '../realtime/place/refusal-groups.ts';
import type { Stored } from '../store/resource.ts';
import { exclusiveCpuCount, selects } from './class-limits.ts';
import type { ClusterView } from './cluster-view.ts';
import type { MadeGrant } from './grants.ts';
import type { GuestResolver } from './guest-resolver.ts';
import { hasNodeLocalDisks } from './node-local-disks.ts';
import type { VmStanding } from './vm-report.ts';

export interface VmPlacerOptions {
  readonly view: Pick<ClusterView, 'consider' | 'decide' | 'decideOn' | 'classUse'>;
  readonly resolver: GuestResolver;
  readonly random: Random;
  readonly namespaceLabels: (name: string) => Readonly<Record<string, string>>;
}

/** Where a VM would go now, or why nowhere. */
export type Candidate =
  | { readonly kind: 'placed'; readonly node: string; readonly entry: MadeGrant['entry'] }
  | Extract<VmStanding, { kind: 'invalid' | 'unplaced' }>;

/** What a VM's last grant holds still. */
export interface Leftover {
  readonly node: string;
  readonly entry: AllocatedGuest;
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
   * To be acted on in the same breath: between the decision and holding what it takes nothing may come in.
   * @param leftover its place is kept where it fits there still; where its disks are there, it goes nowhere else.
   */
  decide(vm: Stored<'RealtimeVM'>, leftover: Leftover | undefined): Candidate {
    const { resolver, random, namespaceLabels } = this.#options;
    const { namespace, name, uid, generation } = vm.metadata;
    const guest = resolver.resolve(vm);
    if (!guest.ok) return { kind: 'invalid', message: guest.problems.map(formatProblem).join('; ') };
    const vmClass = resolver.classOf(vm);
    const allowed = vmClass?.spec.allowedNamespaces;
    if (allowed !== undefined && !selects(allowed, namespaceLabels(namespace))) {
      return { kind: 'unplaced', reason: 'NamespaceNotAllowed', message: `class ${vmClass?.metadata.name ?? ''} is not for namespace ${namespace}: its spec.allowedNamespaces does not select the namespace's labels; label the namespace so that it does, or use another class` };
    }
    const isBound = hasNodeLocalDisks(guest.value) || (leftover !== undefined && hasNodeLocalDisks(leftover.entry.guest));
    const home = isBound ? vm.status?.boundTo ?? leftover?.node : undefined;
    const decision = this.#decideOn(guest.value, leftover, home);
    if (decision.kind === 'refused') return { kind: 'unplaced', ...refusal(decision, home) };
    const { placement } = decision;
    const contradiction = contradictionOf(guest.value, placement);
    assert(contradiction === undefined, "a placement is its guest's", { contradiction });
    const isHome = home === undefined || placement.host === home;
    assert(isHome, 'a VM is placed where its NodeLocal disks are', { home, host: placement.host });
    const entry = granted({
      vm: { namespace, name, uid },
      generation,
      desired: 'Running' as const,
      request: random.uuid(),
      ...(vm.spec.restartedAt === undefined ? {} : { restartedAt: vm.spec.restartedAt }),
      ...(vm.spec.className === undefined ? {} : { className: vm.spec.className }),
      guest: guestToWire(guest.value),
      placement: placementToWire(placement),
    }, random.uuid());
    return this.#overLimit(vm, entry, leftover) ?? { kind: 'placed', node: placement.host, entry };
  }

  #decideOn(guest: Guest, leftover: Leftover | undefined, home: string | undefined): Decision {
    const { view } = this.#options;
    if (leftover !== undefined && (home === undefined || leftover.node === home)) {
      const again = view.decide(guest, leftover.entry);
      if (again.kind === 'placed' || home !== undefined) return again;
    }
    return home === undefined ? view.decide(guest) : view.decideOn(home, guest);
  }

  #overLimit(vm: Stored<'RealtimeVM'>, entry: AllocatedGuest, leftover: Leftover | undefined): Candidate | undefined {
    const { view, resolver } = this.#options;
    const { namespace } = vm.metadata;
    const vmClass = resolver.classOf(vm);
    const limit = vmClass?.spec.maxCpusPerNamespace;
    const held = view.classUse.held(vm.spec.className ?? '', namespace)
      - (leftover === undefined ? 0 : exclusiveCpuCount(leftover.entry));
    if (limit === undefined || held + exclusiveCpuCount(entry) <= limit) return undefined;
    return { kind: 'unplaced', reason: 'NamespaceLimit', message: `VMs of class ${vmClass?.metadata.name ?? ''} hold ${held} of at most ${limit} pCPUs in namespace ${namespace}, and ${exclusiveCpuCount(entry)} more are needed` };
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
