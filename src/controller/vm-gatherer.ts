/** Gathers all that a VM's next step depends on, from what this controller knows at this moment. @see protocol/vm-situation.ts */
import type { AllocatedGuest, ReportedGuest } from '../crds/realtime-allocation.ts';
import type { VmRun } from '../crds/realtime-vm-status.ts';
import { isBelieved } from '../protocol/vm-situation.ts';
import type { Home, VmSituation } from '../protocol/vm-situation.ts';
import { objectKey } from '../runtime/object-key.ts';
import type { Stored } from '../store/resource.ts';
import { entryName, isAnswered, isRestartDue, reportOn } from './asked.ts';
import type { ClusterView } from './cluster-view.ts';
import type { Grants } from './grants.ts';
import type { GuestResolver } from './guest-resolver.ts';
import type { Living, LivingDomain } from './living.ts';
import type { NodeJudge } from './node-judge.ts';
import { hasNodeLocalDisks } from './node-local-disks.ts';
import type { RestoreRecord } from './restores.ts';
import { finalizer } from './vm-finalizer.ts';
import { pastNodeOf } from './vm-status.ts';
import type { Candidate, VmPlacer } from './vm-placer.ts';

type Vm = Stored<'RealtimeVM'>;

export interface VmGathererOptions {
  readonly view: Pick<ClusterView, 'written' | 'find' | 'namedBy' | 'inTheWayOf' | 'hasRoom'>;
  readonly judge: NodeJudge;
  readonly living: Pick<Living, 'of'>;
  readonly grants: Pick<Grants, 'of'>;
  readonly placer: Pick<VmPlacer, 'decide'>;
  readonly resolver: Pick<GuestResolver, 'resolve'>;
  readonly restores: Pick<RestoreRecord, 'current'>;
  readonly allHeard: () => boolean;
  /** Whether a node is being drained, with leave to stop the VMs that allow it. */
  readonly drains: (nodeName: string) => boolean;
}

/** What is gathered of one VM. */
export interface Gathered {
  readonly situation: VmSituation;
  /** Its entry in the table of its run's node. */
  readonly entry: AllocatedGuest | undefined;
  /** The node of an entry that no run names. */
  readonly oldHome: string | undefined;
  /** Domains of it that live and are not its run's: those that are believed. */
  readonly copies: readonly LivingDomain[];
  readonly drains: boolean;
  /** Decided when it is first asked for. */
  readonly candidate: () => Candidate;
}

export class VmGatherer {
  readonly #options: VmGathererOptions;

  constructor(options: VmGathererOptions) {
    this.#options = options;
  }

  gather(vm: Vm): Gathered {
    const { judge, restores, allHeard, grants, placer, view } = this.#options;
    const { uid, deletionTimestamp, finalizers = [] } = vm.metadata;
    const { run } = vm.status ?? {};
    const entry = run === undefined ? undefined : view.written(run.node, uid);
    const report = run === undefined ? undefined : judge.reportOf(run.node, uid);
    const old = run === undefined ? this.#oldHome(uid) : this.#isRewritten(run, entry, report) ? run.node : undefined;
    const copies = this.#copies(vm);
    const isBound = this.#isBound(vm, entry);
    const drains = this.#drains(vm, isBound);
    const made = grants.of(uid, run?.grant);
    let decided: Candidate | undefined;
    const candidate = () => decided ??= placer.decide(vm, entry === undefined || run === undefined ? undefined : { node: run.node, entry });
    const situation: VmSituation = {
      restore: restores.current,
      allHeard: restores.current === undefined || allHeard(),
      deleted: deletionTimestamp !== undefined,
      finalizer: finalizers.includes(finalizer),
      wish: vm.spec.runStrategy === 'Halted' || drains ? 'Halt' : 'Run',
      renew: entry !== undefined && isRestartDue(vm.spec.restartedAt, entry, reportOn(entry, report)) && this.#options.resolver.resolve(vm).ok,
      hasOldEntry: old !== undefined,
      pastIsUnheard: this.#pastIsUnheard(vm),
      isBound,
      run,
      home: run === undefined ? undefined : this.#home(vm, run, entry),
      copies: copies.map(({ node, uid: of }) => ({ node, sameVm: of === uid })),
      made: made === undefined ? 'No' : made.mayBeUnderWay ? 'MayBeUnderWay' : 'Kept',
      get candidate() {
        const found = candidate();
        return found.kind === 'placed' ? { node: found.node, isHome: found.node === run?.node } : undefined;
      },
    };
    return { situation, entry, oldHome: old, copies, drains, candidate };
  }

  /**
   * A controller of the version before has written the entry of the run anew, without the grant's name, and nothing
   * lives by that grant: the entry counts, as it did then. One that is left of an earlier run does not ask to run.
   */
  #isRewritten(run: VmRun, entry: AllocatedGuest | undefined, report: ReportedGuest | undefined): boolean {
    const { judge } = this.#options;
    return run.state === 'Open' && entry?.desired === 'Running' && entry.grant === undefined
      && judge.isHeard(run.node)
      && entryName(entry, report) !== run.grant && !judge.lives(run.node, run.grant);
  }

  /** The VM's run says what lives, in a restore: it is closed, or lives where it says. */
  isSettled(vm: Vm): boolean {
    const { situation: { deleted, run, home, copies } } = this.gather(vm);
    if (copies.some(({ sameVm }) => sameVm)) return false;
    if (run?.state !== 'Open') return true;
    if (deleted) return home?.entry?.desired === 'Removed';
    return home?.lives === true && home.entry?.isRuns === true;
  }

  #home(vm: Vm, run: VmRun, entry: AllocatedGuest | undefined): Home {
    const { judge, grants, view } = this.#options;
    const { uid } = vm.metadata;
    const report = judge.reportOf(run.node, uid);
    const made = grants.of(uid, run.grant);
    return {
      table: judge.standing(run.node),
      heard: judge.isHeard(run.node),
      acceptedOff: judge.isAcceptedOff(run.node),
      takesGuests: judge.takesGuests(run.node),
      fenced: judge.isFenced(run.node),
      get hasRoom() {
        if (made !== undefined) return view.hasRoom(run.node, made.entry);
        const placement = judge.domains(run.node).find(({ grant }) => grant === run.grant)?.unlisted?.placement;
        return placement === undefined || view.inTheWayOf(run.node, uid, placement).length === 0;
      },
      entry: entry === undefined ? undefined : {
        isRuns: entryName(entry, report) === run.grant, desired: entry.desired, answered: isAnswered(entry, report),
      },
      lives: judge.lives(run.node, run.grant),
    };
  }

  /** What lives for this VM, or for an earlier one of its name, and is not its run's. */
  #copies(vm: Vm): readonly LivingDomain[] {
    const { judge, living, restores } = this.#options;
    const { run } = vm.status ?? {};
    return living.of(objectKey(vm.metadata)).filter(({ node, grant, uid }) => {
      if (!judge.isHeard(node)) return false;
      if (run?.state === 'Open' && uid === vm.metadata.uid && run.node === node && run.grant === grant) return false;
      return isBelieved({
        restoreIsOpen: restores.current !== undefined, nodeIsRuns: (run?.node ?? pastNodeOf(vm)) === node,
        isInTable: judge.names(node, grant),
      });
    });
  }

  #isBound(vm: Vm, entry: AllocatedGuest | undefined): boolean {
    const { boundTo, run } = vm.status ?? {};
    return entry !== undefined && hasNodeLocalDisks(entry.guest) && (boundTo ?? run?.node) === run?.node;
  }

  /** It is stopped though nobody has halted it. One that no node holds is placed elsewhere. */
  #drains(vm: Vm, isBound: boolean): boolean {
    const { run } = vm.status ?? {};
    return run !== undefined && (run.state === 'Open' || isBound) && vm.spec.runStrategy !== 'Halted'
      && vm.spec.evictionStrategy === 'Shutdown' && this.#options.drains(run.node);
  }

  #pastIsUnheard(vm: Vm): boolean {
    const { judge } = this.#options;
    const past = pastNodeOf(vm);
    if (past === undefined || judge.isFenced(past) || judge.isAcceptedOff(past)) return false;
    return judge.isKnown(past) && !judge.isHeard(past);
  }

  /** Of a VM that has no run. On a fenced node an entry is left of a run that is over. */
  #oldHome(uid: string): string | undefined {
    const { view, judge } = this.#options;
    if (view.find(uid) === undefined) return undefined;
    const nodes = view.namedBy(uid);
    return nodes.find((node) => !judge.isFenced(node)) ?? nodes[0];
  }
}
