/** Brings one RealtimeVM to where its spec says, one step of the protocol at a time; and its status to what is. */
import { nextVmStep } from '../protocol/vm-table.ts';
import type { VmStep, VmWait } from '../protocol/vm-table.ts';
import { assert } from '../realtime/assert.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { isStoreError } from '../store/errors.ts';
import type { Stored } from '../store/resource.ts';
import { quickAnswerMs, QuickAnswers } from './quick-answers.ts';
import type { Mirror } from './mirror.ts';
import type { Restores } from './restores.ts';
import type { Gathered, VmGatherer } from './vm-gatherer.ts';
import type { VmPlacer } from './vm-placer.ts';
import type { VmStanding } from './vm-report.ts';
import type { VmStandings } from './vm-standings.ts';
import type { VmSteps } from './vm-steps.ts';
import type { VmWriter } from './vm-writer.ts';

export interface VmReconcilerOptions {
  readonly vms: Pick<Mirror<'RealtimeVM'>, 'find'>;
  readonly gatherer: VmGatherer;
  readonly placer: Pick<VmPlacer, 'consider'>;
  readonly steps: VmSteps;
  readonly standings: VmStandings;
  readonly vmWriter: Pick<VmWriter, 'report'>;
  readonly restores: Pick<Restores, 'isNoticed'>;
  /** Whether a write of the node's table was not answered, and may land still. */
  readonly isUnanswered: (nodeName: string) => boolean;
  /** How long agents that have begun a moment ago may take still before people are told of them. */
  readonly settlingForMs: () => number;
  /** How many VMs run more than once, whenever that changes. */
  readonly runningTwice: (vms: number) => void;
  readonly runtime: Runtime;
}

/** @property againInMs to be looked at again then, whatever happens; @property waits it needs a change elsewhere: of a node, an allocation, a class or an image. */
export interface VmReconciled {
  readonly waits: boolean;
  readonly againInMs?: number;
}

type Vm = Stored<'RealtimeVM'>;

const settled: VmReconciled = { waits: false };
/** Each step leads to another row; more than all of them is a fault. */
const mostSteps = 30;
/** What a step waits for is told by a watch; this is in case it is not. */
const lookAgainMs = 5000;
/** So soon a write that was not answered is overtaken by another, as a rule. */
const overtakenInMs = 1000;

/** Waits of moments, of which nobody is told. */
const ofMoments: ReadonlySet<VmWait> = new Set<VmWait>(['TableNotTaken']);

export class VmReconciler {
  readonly #options: VmReconcilerOptions;
  readonly #quickAnswers: QuickAnswers;
  /** Keys of VMs that run more than once. */
  readonly #twice = new Set<string>();

  constructor(options: VmReconcilerOptions) {
    this.#options = options;
    this.#quickAnswers = new QuickAnswers(options.runtime.clock);
  }

  /** A write that came too late has made what is known current: then everything is gathered again. */
  async reconcile(key: string, signal: AbortSignal): Promise<VmReconciled> {
    const { vms, gatherer, steps } = this.#options;
    let considered: string | undefined;
    for (let done = 0; ; done += 1) {
      signal.throwIfAborted();
      assert(done < mostSteps, 'what is to be done for a VM comes to an end', { vm: key });
      // Nothing is decided on a store that may have been put back.
      if (this.#options.restores.isNoticed) return { waits: false, againInMs: lookAgainMs };
      const vm = vms.find(key);
      if (vm === undefined) {
        this.#count(key, false);
        return settled;
      }
      if (considered !== vm.metadata.resourceVersion && await this.#consider(vm, signal)) {
        considered = vm.metadata.resourceVersion;
        continue;
      }
      const gathered = gatherer.gather(vm);
      const { step } = nextVmStep(gathered.situation);
      this.#count(key, step.do === 'wait' && step.why === 'RunsTwice');
      try {
        if (step.do === 'wait' || step.do === 'done') return await this.#rest(vm, gathered, step, signal);
        const instead = await steps.carryOut(vm, gathered, step, signal);
        if (instead !== undefined) return await this.#tell(vm, instead, undefined, signal);
      } catch (error) {
        if (!isStoreError(error, 'CONFLICT')) throw error;
      }
    }
  }

  #count(key: string, runsTwice: boolean): void {
    if (this.#twice.has(key) === runsTwice) return;
    if (runsTwice) this.#twice.add(key);
    else this.#twice.delete(key);
    this.#options.runningTwice(this.#twice.size);
  }

  /**
   * Looks at the nodes for a VM that is to get a place, with other work between the slices. Rule 4.15.
   * @returns whether there was any: all may be different now.
   */
  async #consider(vm: Vm, signal: AbortSignal): Promise<boolean> {
    const { placer, runtime: { clock } } = this.#options;
    const { spec: { runStrategy }, status, metadata: { deletionTimestamp } } = vm;
    if (runStrategy === 'Halted' || status?.run?.state === 'Open' || deletionTimestamp !== undefined) return false;
    let slices = 0;
    for (const slice of placer.consider(vm)) {
      await new Promise((resolve) => clock.afterThisTurn(() => resolve(slice)));
      signal.throwIfAborted();
      slices += 1;
    }
    return slices > 0;
  }

  async #rest(
    vm: Vm, gathered: Gathered, step: Extract<VmStep, { do: 'wait' | 'done' }>, signal: AbortSignal,
  ): Promise<VmReconciled> {
    if (step.do === 'done' && step.as === 'Gone') {
      this.#quickAnswers.forget(vm.metadata.uid);
      return settled;
    }
    if (step.do === 'wait' && ofMoments.has(step.why)) return { waits: false, againInMs: lookAgainMs };
    // What is said of the VM is said of all that it was asked for: nothing of before may land after it. I6.
    if (this.#options.isUnanswered(vm.status?.run?.node ?? '')) return { waits: false, againInMs: overtakenInMs };
    const standing = this.#options.standings.of(vm, gathered, step);
    if (typeof standing === 'number') return { waits: false, againInMs: standing };
    return this.#tell(vm, standing, step.do === 'wait' ? step.why : undefined, signal);
  }

  async #tell(vm: Vm, standing: VmStanding, why: VmWait | undefined, signal: AbortSignal): Promise<VmReconciled> {
    const newsInMs = this.#quickAnswers.waitMs(vm.metadata.uid, standing, vm.status?.phase);
    if (newsInMs > 0) return { waits: false, againInMs: newsInMs };
    const waits = standing.kind === 'invalid' || standing.kind === 'unplaced';
    // Most agents answer at once: only where one does not is it worth telling every VM.
    const settlingMs = why === 'Unplaced' || why === 'NodeNotHeard' ? this.#options.settlingForMs() : 0;
    if (settlingMs > 0) return { waits: true, againInMs: Math.min(settlingMs, quickAnswerMs) };
    await this.#options.vmWriter.report(vm, standing, signal);
    return { waits };
  }
}

