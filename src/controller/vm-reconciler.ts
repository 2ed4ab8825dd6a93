/** Brings one RealtimeVM to where its spec says: placed, stopped or removed; and its status to what is. */
import { isDeepStrictEqual } from 'node:util';
import { formatProblem } from '../crds/document-problem.ts';
import { guestToWire } from '../crds/guest-wire.ts';
import type { PlacementWire } from '../crds/placement-schema.ts';
import { requireValid } from '../crds/require-valid.ts';
import type { AllocatedGuest, ReportedGuest } from '../crds/realtime-allocation.ts';
import { assert } from '../realtime/assert.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { isStoreError } from '../store/errors.ts';
import type { Stored } from '../store/resource.ts';
import type { AllocationWriter } from './allocation-writer.ts';
import type { ClusterView } from './cluster-view.ts';
import type { GuestResolver } from './guest-resolver.ts';
import type { Hearing } from './hearing.ts';
import { isGivenUp } from './node-facts.ts';
import type { NodeFacts } from './node-facts.ts';
import { hasNodeLocalDisks } from './node-local-disks.ts';
import type { FoundOrphan } from './orphan-book.ts';
import type { Mirror } from './mirror.ts';
import { quickAnswerMs, QuickAnswers } from './quick-answers.ts';
import { readPlacement } from './table-claims.ts';
import type { VmPlacer } from './vm-placer.ts';
import type { VmStanding } from './vm-report.ts';
import type { VmWriter } from './vm-writer.ts';
import { asking, isAnswered, isDoubted, isRestartDue, reportOn } from './wish.ts';

/** Keeps a deleted RealtimeVM until nothing of it is left on any host. */
export const finalizer = 'rtvm.dev/allocation';

export interface VmReconcilerOptions {
  readonly vms: Mirror<'RealtimeVM'>;
  readonly view: ClusterView;
  readonly writer: AllocationWriter;
  readonly placer: VmPlacer;
  readonly vmWriter: VmWriter;
  readonly resolver: GuestResolver;
  readonly hearing: Pick<Hearing, 'wait'>;
  readonly runtime: Runtime;
  /** What the cluster says of a node; undefined without a cluster. */
  readonly factsOf: (nodeName: string) => NodeFacts | undefined;
  /** Whether a node is being drained, with leave to stop the VMs that allow it. */
  readonly drains: (nodeName: string) => boolean;
}

/** @property againInMs to be looked at again then, whatever happens; @property waits it needs a change elsewhere: of a node, an allocation, a class or an image. */
export interface VmReconciled {
  readonly waits: boolean;
  readonly againInMs?: number;
}

/** What a VM holds, on which node, and what the node's agent says of it. */
interface Held {
  readonly nodeName: string;
  readonly entry: AllocatedGuest;
  readonly report: ReportedGuest | undefined;
}

const settled: VmReconciled = { waits: false };

export class VmReconciler {
  readonly #options: VmReconcilerOptions;
  readonly #quickAnswers: QuickAnswers;

  constructor(options: VmReconcilerOptions) {
    this.#options = options;
    this.#quickAnswers = new QuickAnswers(options.runtime.clock);
  }

  /** A write that came too late has made what is known current: then everything is decided again. */
  async reconcile(key: string, signal: AbortSignal): Promise<VmReconciled> {
    for (;;) {
      signal.throwIfAborted();
      try {
        return await this.#reconcileOnce(key, signal);
      } catch (error) {
        if (!isStoreError(error, 'CONFLICT')) throw error;
      }
    }
  }

  /** @param considered the nodes have been looked at for it, just before. */
  async #reconcileOnce(key: string, signal: AbortSignal, considered = false): Promise<VmReconciled> {
    const vm = this.#options.vms.find(key);
    if (vm === undefined) return settled;
    await this.#restoreTable(vm, signal);
    if (vm.metadata.deletionTimestamp !== undefined) {
      this.#quickAnswers.forget(vm.metadata.uid);
      return this.#remove(vm, signal);
    }
    if (vm.metadata.finalizers?.includes(finalizer) !== true) {
      const finalizers = [...(vm.metadata.finalizers ?? []), finalizer];
      await this.#options.vmWriter.setFinalizers(vm, finalizers, signal);
      return this.#reconcileOnce(key, signal);
    }
    if (!considered && await this.#consider(vm, signal)) return this.#reconcileOnce(key, signal, true);
    const standing = await this.#stand(vm, signal);
    const newsInMs = this.#quickAnswers.waitMs(vm.metadata.uid, standing, vm.status?.phase);
    if (newsInMs > 0) return { waits: false, againInMs: newsInMs };
    // Most agents answer at once: only where one does not is it worth telling every VM.
    const { wait } = this.#options.hearing;
    if (isUnheard(standing) && wait !== undefined && wait.sinceMs < quickAnswerMs) return { waits: true, againInMs: quickAnswerMs - wait.sinceMs };
    await this.#options.vmWriter.report(vm, standing, signal);
    const doubted = standing.kind === 'placed' && isDoubted(standing.entry, standing.report);
    const waits = standing.kind === 'invalid' || standing.kind === 'unplaced' || doubted;
    return waits ? this.#waits(doubted || isUnheard(standing)) : settled;
  }

  /**
   * Looks at the nodes for a VM that has none, with other work between the slices. Rule 4.15.
   * @returns whether there was any: all may be different now.
   */
  async #consider(vm: Stored<'RealtimeVM'>, signal: AbortSignal): Promise<boolean> {
    const { view, placer, runtime: { clock } } = this.#options;
    if (vm.spec.runStrategy === 'Halted' || view.find(vm.metadata.uid) !== undefined) return false;
    let slices = 0;
    for (const slice of placer.consider(vm)) {
      await new Promise((resolve) => clock.afterThisTurn(() => resolve(slice)));
      signal.throwIfAborted();
      slices += 1;
    }
    return slices > 0;
  }

  /** @param forAgents it waits for nothing but the agents. */
  #waits(forAgents: boolean): VmReconciled {
    const againInMs = this.#options.hearing.wait?.forMs ?? (forAgents ? 1 : undefined);
    return againInMs === undefined ? { waits: true } : { waits: true, againInMs };
  }

  /** A table that somebody has deleted is made again as it was: absence gives nothing back. I6. */
  async #restoreTable({ metadata: { uid } }: Stored<'RealtimeVM'>, signal: AbortSignal): Promise<void> {
    const { view, writer } = this.#options;
    const found = view.find(uid);
    if (found !== undefined && view.isGone(found.nodeName)) await writer.change(found.nodeName, uid, { kind: 'put', entry: found.entry }, signal);
  }

  async #stand(vm: Stored<'RealtimeVM'>, signal: AbortSignal): Promise<VmStanding> {
    const halted = vm.spec.runStrategy === 'Halted';
    const held = this.#held(vm);
    const orphan = this.#options.view.orphanOf({ ...vm.metadata });
    // One that runs where its table says is not to be doubted because of a domain that came back with a lost node.
    const runsAsAllocated = held?.report?.phase === 'Running' && held.nodeName !== orphan?.nodeName;
    if (orphan !== undefined && !runsAsAllocated) return this.#adopt(vm, orphan, held, signal);
    if (held === undefined) {
      const lastOn = vm.status?.placement?.nodeName;
      if (lastOn !== undefined && this.#options.view.isUnsettled(lastOn)) return unsettled(lastOn);
      if (halted) return { kind: 'halted' };
      return this.#place(vm, undefined, signal);
    }
    const bound = hasNodeLocalDisks(held.entry.guest);
    if (this.#isGivenUp(held) && !bound) {
      await this.#release(vm, held, signal);
      return halted ? { kind: 'halted' } : this.#place(vm, undefined, signal);
    }
    const drains = !halted && vm.spec.evictionStrategy === 'Shutdown' && this.#options.drains(held.nodeName);
    const isOver = isAnswered(held.entry, held.report) || this.#isOverrun(held);
    if (isOver && !((halted || drains) && bound)) {
      // What it runs with next is decided anew, from the spec as it is now.
      if (!bound) await this.#release(vm, held, signal);
      return halted ? { kind: 'halted' } : this.#place(vm, bound ? held.entry : undefined, signal);
    }
    return this.#hold(vm, held, halted || drains, drains, signal);
  }

  /** Nothing is, before every agent has told what runs: this VM may, or another on the CPUs that it would get. I1, I7. */
  async #place(vm: Stored<'RealtimeVM'>, bound: AllocatedGuest | undefined, signal: AbortSignal): Promise<VmStanding> {
    return this.#options.hearing.wait === undefined ? this.#options.placer.place(vm, bound, signal) : unheard;
  }

  /** Nothing of it runs there, nor will: a domain has come to its CPUs since, before the data went back. */
  #isOverrun({ nodeName, entry, report }: Held): boolean {
    return isDoubted(entry, report) && this.#options.view.isOverrun(nodeName, entry);
  }

  /** It keeps what it holds; what is asked of its agent may change. */
  async #hold(vm: Stored<'RealtimeVM'>, held: Held, ends: boolean, drains: boolean, signal: AbortSignal): Promise<VmStanding> {
    const { resolver, writer, runtime: { random } } = this.#options;
    const { restartedAt } = vm.spec;
    const { generation } = vm.metadata;
    let { entry } = held;
    const restarts = !ends && isRestartDue(restartedAt, entry, held.report);
    // With another guest it may need another place: it is stopped, and then placed anew.
    const moves = restarts && resolver.makesAnother(vm, entry);
    if (restarts && !moves && resolver.resolve(vm).ok) entry = { ...entry, generation, restartedAt };
    entry = asking(entry, ends || moves ? 'Stopped' : 'Running', random);
    // Every agent has told what runs, and none has told of this VM.
    if (isDoubted(entry, held.report) && this.#options.hearing.wait === undefined) entry = { ...entry, request: random.uuid() };
    if (entry !== held.entry) await writer.change(held.nodeName, vm.metadata.uid, { kind: 'put', entry }, signal);
    return { kind: 'placed', entry, report: held.report, restartRequired: resolver.restartRequired(vm, entry), lost: this.#lost(held), drains };
  }

  async #release(vm: Stored<'RealtimeVM'>, { nodeName, entry, report }: Held, signal: AbortSignal): Promise<void> {
    const isFree = isAnswered(entry, report) || isDoubted(entry, report) || this.#isGivenUp({ nodeName });
    const details = { nodeName, desired: entry.desired, phase: report?.phase };
    assert(
      isFree, 'nothing is freed before the agent, or a person, has said that nothing of the guest is left', details,
    );
    await this.#options.writer.change(nodeName, vm.metadata.uid, { kind: 'remove' }, signal);
  }

  /**
   * A domain of this VM runs, and no table says so: the table is made to say what the domain holds. That of an earlier VM
   * of the same name keeps this one from running, since nobody could tell the two apart. I6, I7.
   */
  async #adopt(vm: Stored<'RealtimeVM'>, { nodeName, orphan }: FoundOrphan, held: Held | undefined, signal: AbortSignal): Promise<VmStanding> {
    const { uid, namespace, name, generation } = vm.metadata;
    const where = `domain ${orphan.domain} on node ${nodeName}`;
    if (orphan.vm?.uid !== uid) return { kind: 'unplaced', reason: 'OldDomainRuns', message: `${where} still runs for an earlier RealtimeVM ${namespace}/${name}; end it there ("virsh destroy" and "virsh undefine"), then this one is placed` };
    if (!saysWhatItHolds(orphan.placement, nodeName)) {
      const message = `${where} runs for this VM and does not say what it holds; end it there, then the VM is placed`;
      return { kind: 'unplaced', reason: 'DomainUnreadable', message };
    }
    if (held !== undefined && held.nodeName !== nodeName && (isDoubted(held.entry, held.report) || isAnswered(held.entry, held.report))) {
      // Nothing of it is there, and nothing will be.
      await this.#release(vm, held, signal);
      return this.#adopt(vm, { nodeName, orphan }, undefined, signal);
    }
    if (held !== undefined && held.nodeName !== nodeName) return { kind: 'unplaced', reason: 'RunsElsewhere', message: `${where} runs for this VM, which node ${held.nodeName} was to run; end it there, then it goes on` };
    const isHeld = isDeepStrictEqual(held?.entry.placement, orphan.placement);
    const others = isHeld ? [] : this.#options.view.inTheWayOf({ nodeName, orphan }, uid).map((other) => `${other.vm.namespace}/${other.vm.name}`);
    if (others.length > 0) return { kind: 'unplaced', reason: 'GivenToAnother', message: `${where} runs for this VM and holds what the node's RealtimeAllocation, since the cluster's data went back, gives to RealtimeVM ${others.join(', ')}; it runs on, and is taken up once that is given to nobody else` };
    const guest = this.#options.resolver.resolve(vm);
    if (!guest.ok && held === undefined) return { kind: 'invalid', message: guest.problems.map(formatProblem).join('; ') };
    const desired = vm.metadata.deletionTimestamp !== undefined ? 'Removed' : vm.spec.runStrategy === 'Halted' ? 'Stopped' : 'Running';
    const entry: AllocatedGuest = {
      vm: { namespace, name, uid },
      generation: orphan.generation ?? generation,
      desired,
      request: held?.entry.desired === desired ? held.entry.request : this.#options.runtime.random.uuid(),
      ...(orphan.restartedAt === undefined ? {} : { restartedAt: orphan.restartedAt }),
      ...(vm.spec.className === undefined ? {} : { className: vm.spec.className }),
      guest: held?.entry.guest ?? guestToWire(requireValid(guest, `RealtimeVM ${namespace}/${name}`)),
      placement: orphan.placement,
    };
    const edit = { kind: 'put', entry, runs: true } as const;
    if (!isDeepStrictEqual(held?.entry, entry)) await this.#options.writer.change(nodeName, uid, edit, signal);
    return { kind: 'placed', entry, report: held?.report, restartRequired: undefined, lost: undefined };
  }

  /** finalizer → `desired: Removed` → the agent confirms → the entry goes → the finalizer goes. */
  async #remove(vm: Stored<'RealtimeVM'>, signal: AbortSignal): Promise<VmReconciled> {
    const held = this.#held(vm);
    if (held !== undefined) {
      const entry = asking(held.entry, 'Removed', this.#options.runtime.random);
      if (entry !== held.entry) {
        await this.#options.writer.change(held.nodeName, vm.metadata.uid, { kind: 'put', entry }, signal);
        return settled;
      }
      // Nobody is there to confirm it, and a person has said that nothing runs there.
      if (!isAnswered(entry, held.report) && !this.#isGivenUp(held)) {
        await this.#options.vmWriter.report(vm, { kind: 'placed', entry, report: held.report, restartRequired: undefined, lost: this.#lost(held) }, signal);
        return settled;
      }
      await this.#release(vm, held, signal);
    }
    const orphan = this.#options.view.orphanOf({ ...vm.metadata });
    if (orphan?.orphan.vm?.uid === vm.metadata.uid) {
      const standing = await this.#adopt(vm, orphan, undefined, signal);
      await this.#options.vmWriter.report(vm, standing, signal);
      return { waits: standing.kind !== 'placed' };
    }
    // A domain of it may run that is in no table since the data went back.
    if (this.#options.hearing.wait !== undefined) return this.#waits(true);
    const finalizers = vm.metadata.finalizers?.filter((name) => name !== finalizer);
    if (finalizers?.length !== vm.metadata.finalizers?.length) {
      await this.#options.vmWriter.setFinalizers(vm, finalizers, signal);
    }
    return settled;
  }

  /** Why nothing is known of a guest: its node's agent is silent. */
  #lost({ nodeName }: Held): string | undefined {
    const facts = this.#options.factsOf(nodeName);
    if (facts === undefined || (facts.alive && facts.node !== undefined)) return undefined;
    return isGivenUp(facts)
      ? `node ${nodeName} is given up, but the VM has a disk there: it stays bound to the node until the VM is deleted`
      : `the agent of node ${nodeName} has not renewed its Lease; the VM is not placed elsewhere until the Node is deleted or carries the taint node.kubernetes.io/out-of-service, since it may run still`;
  }

  #isGivenUp({ nodeName }: Pick<Held, 'nodeName'>): boolean {
    const facts = this.#options.factsOf(nodeName);
    return facts !== undefined && isGivenUp(facts);
  }

  #held({ metadata: { uid } }: Stored<'RealtimeVM'>): Held | undefined {
    const found = this.#options.view.find(uid);
    if (found === undefined) return undefined;
    const { nodeName, entry, table } = found;
    return { nodeName, entry, report: reportOn(entry, table?.status?.guests.find((guest) => guest.uid === uid)) };
  }
}

/** The same for every VM and until the last agent is heard, so that a VM is told once. */
const unheard = {
  kind: 'unplaced',
  reason: 'AgentsNotHeard',
  message: 'nothing is placed until every agent has told which domains run on its node, or has not in 40 s, since this controller has just taken over or the cluster\'s data has gone back',
} as const satisfies VmStanding;

function isUnheard(standing: VmStanding): boolean {
  return standing === unheard;
}

/** What a domain says is as old as the domain, and was made on another node where its disk was. */
function saysWhatItHolds(placement: PlacementWire | undefined, nodeName: string): placement is PlacementWire {
  return placement?.nodeName === nodeName && readPlacement(placement).ok;
}

/** Its last node's table was lost: its domain may run there, and only the node's agent can say. I7. */
function unsettled(nodeName: string): VmStanding {
  return { kind: 'unplaced', reason: 'NodeUnsettled', message: `the RealtimeAllocation of node ${nodeName}, where it was, has been lost, and the node's agent has not told yet whether its domain runs there` };
}
