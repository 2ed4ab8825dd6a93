/** Carries out what the protocol's table says for a VM: one write each. */
import { formatProblem } from '../crds/document-problem.ts';
import { grantNameBefore } from '../crds/grant.ts';
import { guestToWire } from '../crds/guest-wire.ts';
import type { AllocatedGuest, UnlistedDomain } from '../crds/realtime-allocation.ts';
import type { VmRun } from '../crds/realtime-vm-status.ts';
import type { CloseReason, VmStep } from '../protocol/vm-table.ts';
import { assert } from '../realtime/assert.ts';
import type { Random } from '../runtime/random.ts';
import { isStoreError } from '../store/errors.ts';
import type { Stored } from '../store/resource.ts';
import { asking, entryName } from './asked.ts';
import type { AllocationWriter } from './allocation-writer.ts';
import { DoubleBookedError } from './double-booked-error.ts';
import type { ClusterView } from './cluster-view.ts';
import type { Grants } from './grants.ts';
import type { GuestResolver } from './guest-resolver.ts';
import type { NodeJudge } from './node-judge.ts';
import type { Seals } from './seals.ts';
import { readPlacement } from './table-claims.ts';
import { finalizer } from './vm-finalizer.ts';
import type { Gathered } from './vm-gatherer.ts';
import type { VmStanding } from './vm-report.ts';
import { homeOf } from './vm-status.ts';
import type { VmWriter } from './vm-writer.ts';

type Vm = Stored<'RealtimeVM'>;
type Act = Exclude<VmStep, { readonly do: 'wait' | 'done' }>;

export interface VmStepsOptions {
  readonly view: Pick<ClusterView, 'written'>;
  readonly judge: NodeJudge;
  readonly writer: Pick<AllocationWriter, 'change' | 'changeTable'>;
  readonly vmWriter: Pick<VmWriter, 'setFinalizers' | 'setRun'>;
  readonly grants: Grants;
  readonly seals: Pick<Seals, 'next'>;
  readonly resolver: Pick<GuestResolver, 'resolve'>;
  readonly random: Random;
}

export class VmSteps {
  readonly #options: VmStepsOptions;

  constructor(options: VmStepsOptions) {
    this.#options = options;
  }

  /**
   * @returns where the VM stands, if the step cannot be made.
   * @throws StoreError CONFLICT where all is to be gathered anew; and what the store throws.
   */
  async carryOut(vm: Vm, gathered: Gathered, step: Act, signal: AbortSignal): Promise<VmStanding | undefined> {
    const { vmWriter } = this.#options;
    const { finalizers = [] } = vm.metadata;
    switch (step.do) {
      case 'addFinalizer':
        await vmWriter.setFinalizers(vm, [...finalizers, finalizer], signal);
        return undefined;
      case 'removeFinalizer':
        await vmWriter.setFinalizers(vm, finalizers.filter((name) => name !== finalizer), signal);
        return undefined;
      case 'open':
        await this.#open(vm, gathered, signal);
        return undefined;
      case 'close':
        await this.#close(vm, step.because, signal);
        return undefined;
      case 'adoptRun':
        await this.#adoptRun(vm, gathered, signal);
        return undefined;
      case 'grant':
        await this.#grant(vm, signal);
        return undefined;
      case 'touch':
        await this.#touch(vm, signal);
        return undefined;
      case 'adoptEntry': {
        const run = runOf(vm);
        const domain = this.#options.judge.domains(run.node).find(({ grant }) => grant === run.grant)?.unlisted;
        return this.#adopt(vm, run.node, domain, step.desired, signal);
      }
      case 'removeCopy':
        return this.#removeCopy(vm, gathered, signal);
      case 'ask':
        await this.#put(runOf(vm).node, asking(entryOf(gathered), step.desired, this.#options.random), signal);
        return undefined;
      case 'dropEntry':
        await this.#options.writer.change(runOf(vm).node, vm.metadata.uid, { kind: 'remove' }, signal);
        return undefined;
    }
  }

  /** What is decided is held before anything else can come in. */
  async #open(vm: Vm, { candidate }: Gathered, signal: AbortSignal): Promise<void> {
    const { grants, vmWriter } = this.#options;
    const place = candidate();
    assert(place.kind === 'placed', 'a run is opened where there is room', { vm: vm.metadata.uid });
    const { node, entry } = place;
    const { boundTo: boundBefore, run } = vm.status ?? {};
    grants.keep({ node, entry, mayBeUnderWay: false, boundBefore });
    try {
      const next: VmRun = { count: (run?.count ?? 0) + 1, grant: entry.grant.name, node, state: 'Open' };
      await vmWriter.setRun(vm, next, homeOf(entry) ?? boundBefore, signal);
    } catch (error) {
      // If it was written all the same, nobody has its bytes, and it is closed once its node's agent has answered.
      grants.drop(vm.metadata.uid);
      throw error;
    }
  }

  async #close(vm: Vm, because: CloseReason, signal: AbortSignal): Promise<void> {
    const { grants, vmWriter } = this.#options;
    const run = runOf(vm);
    // What was never granted has made no disks.
    const made = because === 'NeverGranted' ? grants.of(vm.metadata.uid, run.grant) : undefined;
    const boundTo = made === undefined ? vm.status?.boundTo : made.boundBefore;
    await vmWriter.setRun(vm, { ...run, count: run.count + 1, state: 'Closed' }, boundTo, signal);
    grants.drop(vm.metadata.uid);
  }

  async #adoptRun(vm: Vm, { copies, oldHome }: Gathered, signal: AbortSignal): Promise<void> {
    const { view, judge, grants, vmWriter } = this.#options;
    const { uid } = vm.metadata;
    const count = (vm.status?.run?.count ?? 0) + 1;
    const copy = copies.find((domain) => domain.uid === uid);
    const entry = oldHome === undefined ? undefined : view.written(oldHome, uid);
    const adopted = copy === undefined
      ? entry !== undefined && oldHome !== undefined
        ? { grant: entryName(entry, judge.reportOf(oldHome, uid)), node: oldHome } : undefined
      : { grant: copy.grant, node: copy.node };
    assert(adopted !== undefined, 'what is adopted is there', { uid });
    const boundTo = vm.status?.boundTo ?? (entry === undefined ? undefined : homeOf(entry));
    await vmWriter.setRun(vm, { count, ...adopted, state: 'Open' }, boundTo, signal);
    grants.drop(uid);
  }

  async #grant(vm: Vm, signal: AbortSignal): Promise<void> {
    const { grants } = this.#options;
    const { uid } = vm.metadata;
    const made = grants.of(uid, runOf(vm).grant);
    assert(made !== undefined, 'only who has made a grant writes it', { uid });
    try {
      await this.#put(made.node, made.entry, signal);
      grants.drop(uid);
    } catch (error) {
      const wasRefused = isStoreError(error, 'CONFLICT') || error instanceof DoubleBookedError;
      grants.keep({ ...made, mayBeUnderWay: !wasRefused });
      if (!(error instanceof DoubleBookedError)) throw error;
    }
  }

  async #touch(vm: Vm, signal: AbortSignal): Promise<void> {
    const { writer, grants, seals } = this.#options;
    const run = runOf(vm);
    await writer.changeTable(run.node, (spec) => ({ ...spec, term: seals.next() }), signal);
    const made = grants.of(vm.metadata.uid, run.grant);
    if (made !== undefined) grants.keep({ ...made, mayBeUnderWay: false });
  }

  /**
   * Guest and placement come from the domain, in its bytes. One of an earlier version does not say its guest: it gets
   * that of the spec of its generation, or counts as another grant until its next start. I1, I2.
   */
  async #adopt(
    vm: Vm, node: string, domain: UnlistedDomain | undefined, desired: AllocatedGuest['desired'], signal: AbortSignal,
  ): Promise<VmStanding | undefined> {
    const { random, resolver } = this.#options;
    const { metadata: { namespace, name, uid, generation }, spec: { className } } = vm;
    const where = `domain ${domain?.domain ?? 'of this VM'} on node ${node}`;
    // Only a liar names a grant whose bytes it does not give: an entry of it would have another name, for ever anew.
    const isNamed = domain?.salt !== undefined || domain?.grant === grantNameBefore(uid);
    if (domain?.placement === undefined || !isNamed || !readPlacement(domain.placement).ok) {
      return { kind: 'unplaced', reason: 'DomainUnreadable', message: `${where} runs for this VM and does not say what it holds; end it there, then the VM is placed` };
    }
    const resolved = domain.guest === undefined ? resolver.resolve(vm) : undefined;
    if (resolved?.ok === false) return { kind: 'invalid', message: resolved.problems.map(formatProblem).join('; ') };
    const guest = domain.guest ?? (resolved === undefined ? undefined : guestToWire(resolved.value));
    if (guest === undefined) return undefined;
    await this.#put(node, {
      vm: { namespace, name, uid },
      generation: domain.guest === undefined ? generation : domain.generation,
      desired,
      request: random.uuid(),
      ...(domain.restartedAt === undefined ? {} : { restartedAt: domain.restartedAt }),
      ...(className === undefined ? {} : { className }),
      guest,
      placement: domain.placement,
      ...(domain.salt === undefined ? {} : { grant: { name: domain.grant, salt: domain.salt } }),
    }, signal, true);
    return undefined;
  }

  async #removeCopy(vm: Vm, { copies }: Gathered, signal: AbortSignal): Promise<VmStanding | undefined> {
    const { view, judge, random } = this.#options;
    const { uid } = vm.metadata;
    const copy = copies.find((domain) => domain.uid === uid);
    if (copy === undefined) return undefined;
    const { node, grant, unlisted } = copy;
    const entry = view.written(node, uid);
    if (entry === undefined || entryName(entry, judge.reportOf(node, uid)) !== grant) return this.#adopt(vm, node, unlisted, 'Removed', signal);
    if (entry.desired === 'Removed') return { kind: 'unplaced', reason: 'Removing', message: `node ${node} has not answered yet` };
    await this.#put(node, asking(entry, 'Removed', random), signal);
    return undefined;
  }

  async #put(node: string, entry: AllocatedGuest, signal: AbortSignal, runs = false): Promise<void> {
    await this.#options.writer.change(node, entry.vm.uid, { kind: 'put', entry, ...(runs ? { runs } : {}) }, signal);
  }
}

function runOf({ metadata, status }: Vm): VmRun {
  const run = status?.run;
  assert(run !== undefined, 'what is done to a run is done to one that is there', { uid: metadata.uid });
  return run;
}

function entryOf({ entry }: Gathered): AllocatedGuest {
  assert(entry !== undefined, 'what is asked is asked of an entry', {});
  return entry;
}
