/** The parts of a controller, put together. */
import type { Log } from '../runtime/log.ts';
import { objectKey, partsOfKey } from '../runtime/object-key.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { ResourceStore } from '../store/resource-store.ts';
import { agentLease } from './agent-lease.ts';
import { AllocationWriter } from './allocation-writer.ts';
import { ClusterView } from './cluster-view.ts';
import { DoubleBookings } from './double-bookings.ts';
import { Faults } from './faults.ts';
import { Grants } from './grants.ts';
import { GuestResolver } from './guest-resolver.ts';
import { nobodyCounts } from './invariants-observer.ts';
import type { InvariantsObserver } from './invariants-observer.ts';
import { Living } from './living.ts';
import { catchesUpMs } from './mirror.ts';
import type { Mirror } from './mirror.ts';
import { NodeBook } from './node-book.ts';
import type { NodeFacts } from './node-facts.ts';
import { NodeJudge } from './node-judge.ts';
import type { NodePicture } from './node-news.ts';
import { NodeReconciler } from './node-reconciler.ts';
import { quickAnswerMs } from './quick-answers.ts';
import { restoreInCluster, restoreOnHost, Restores } from './restores.ts';
import type { RestoreRecord, RestoresOptions } from './restores.ts';
import { Seals } from './seals.ts';
import { statementOf } from './statement.ts';
import { Suspicions } from './suspicions.ts';
import { VmGatherer } from './vm-gatherer.ts';
import { VmPlacer } from './vm-placer.ts';
import { VmReconciler } from './vm-reconciler.ts';
import { VmStandings } from './vm-standings.ts';
import { VmSteps } from './vm-steps.ts';
import { VmWriter } from './vm-writer.ts';

export interface ControllerPartsOptions {
  readonly store: ResourceStore;
  readonly runtime: Runtime;
  readonly log: Log;
  readonly invariants?: InvariantsObserver;
  readonly agentOf?: (nodeName: string) => NodeFacts['statement'];
  readonly signal: AbortSignal;
  /** Absent on one host. */
  readonly cluster?: object;
  readonly record: RestoreRecord;
  readonly vms: Mirror<'RealtimeVM'>;
  readonly classes: Mirror<'RealtimeVMClass'>;
  readonly images: Mirror<'RealtimeImage'>;
  readonly nodes: Mirror<'RealtimeNode'>;
  readonly factsOf: (nodeName: string) => NodeFacts | undefined;
  readonly namespaceLabels: (name: string) => Readonly<Record<string, string>>;
  readonly drains: (nodeName: string) => boolean;
  /** A guest that was refused before may be placed now. */
  readonly placesChanged: () => void;
  readonly restoreChanged: () => void;
  /** A count was read that is lower than before. */
  readonly suspected: () => void;
  /** A write of the node's table was not answered. */
  readonly unanswered: (nodeName: string) => void;
  /** Nodes that run something, or may be asked to. */
  readonly knownNodes: () => Iterable<string>;
}

export class ControllerParts {
  readonly view: ClusterView;
  readonly judge: NodeJudge;
  readonly living = new Living();
  readonly book: NodeBook;
  readonly restores: Restores;
  readonly suspicions: Suspicions;
  readonly faults: Faults;
  readonly reconciler: VmReconciler;
  readonly nodeReconciler: NodeReconciler;
  readonly #options: ControllerPartsOptions;

  constructor(options: ControllerPartsOptions) {
    this.#options = options;
    const { store, runtime, log, vms, nodes, factsOf, record } = options;
    const { clock, random } = runtime;
    const invariants = options.invariants ?? nobodyCounts;
    const view = new ClusterView({
      changed: options.placesChanged,
      claimed: (name) => doubleBookings.look(name),
      read: (table) => this.suspicions.tableSeen(table),
    });
    const doubleBookings = new DoubleBookings({
      view, observer: invariants, log, record: (event) => store.recordEvent(event, options.signal),
    });
    const seals = new Seals(random);
    const remedy = options.cluster === undefined ? restoreOnHost : restoreInCluster;
    const writer: AllocationWriter = new AllocationWriter(store, view, clock, options.unanswered);
    const isUnanswered = (name: string) => writer.isUnanswered(name);
    const judge = new NodeJudge({ view, vms, nodes, seals, factsOf, restore: () => record.current, isUnanswered, remedy });
    const resolver = new GuestResolver(options.classes, options.images);
    const vmWriter = new VmWriter({ store, vms, clock, log });
    const grants = new Grants(view);
    const placer = new VmPlacer({ view, resolver, random, namespaceLabels: options.namespaceLabels });
    this.book = new NodeBook(clock);
    this.suspicions = new Suspicions(store, options.suspected);
    const allSealed = () => every(options.knownNodes(), (name) => {
      const table = judge.table(name);
      return table !== undefined && judge.standing(name) === 'Mine' && table.spec.restore === record.current?.id;
    });
    const allHeard = () => every(options.knownNodes(), (name) => judge.isAcceptedOff(name) || judge.isHeard(name));
    const gatherer: VmGatherer = new VmGatherer({
      view, judge, grants, placer, resolver, living: this.living, restores: record, drains: options.drains,
      allHeard: () => allSealed() && allHeard(),
    });
    const gather: RestoresOptions['gather'] = (restore) => {
      if (restore === undefined) return { allSealed: false, allHeard: false, anyContradicts: false, allSettled: false };
      const [sealed, heard] = [allSealed(), allHeard()];
      return {
        allSealed: sealed, allHeard: heard,
        anyContradicts: restore.kind === 'suspected' && !every(options.knownNodes(), (name) => !judge.contradicts(name)),
        // It is the last that is asked, and asks every VM.
        allSettled: sealed && heard && restore.accepted !== undefined
          && every(options.knownNodes(), (name) => judge.keepsAsStated(name))
          && every(vms.values(), (vm) => gatherer.isSettled(vm)),
      };
    };
    this.restores = new Restores({
      record, random, clock, log, gather, remedy,
      changed: options.restoreChanged, told: invariants.restoreOpen,
    });
    this.faults = new Faults({ vms, view, vmWriter, observer: invariants, log });
    this.view = view;
    this.judge = judge;
    this.nodeReconciler = new NodeReconciler({
      view, writer, judge, seals, random, log, restore: () => record.current,
      confirm: (name, signal) => this.#confirm(options, name, signal),
      openRestore: (why, signal) => this.restores.open('found', why, signal),
    });
    this.reconciler = new VmReconciler({
      vms, gatherer, placer, vmWriter, restores: this.restores, runtime, runningTwice: invariants.runningTwice, isUnanswered,
      settlingForMs: () => this.book.settlingForMs(quickAnswerMs),
      steps: new VmSteps({ view, judge, writer, vmWriter, grants, seals, resolver, random }),
      standings: new VmStandings({
        judge, resolver, factsOf, agentOf: options.agentOf,
        // A Lease names a session a moment after its agent has stated it.
        isNewForMs: (name) => this.book.isNewForMs(name, catchesUpMs),
      }),
    });
  }

  /** What VMs depend on of a node. */
  picture(name: string): NodePicture {
    const { judge } = this;
    const statement = judge.statement(name);
    const lease = agentLease(name, statement, this.#options);
    return {
      table: judge.table(name),
      standing: {
        table: judge.standing(name), heard: judge.isHeard(name), acceptedOff: judge.isAcceptedOff(name),
        takesGuests: judge.takesGuests(name), fenced: judge.isFenced(name), alive: judge.isAlive(name),
        drains: this.#options.drains(name), wentBack: statement?.wentBack,
        isLast: statement?.session === lease?.session && (statement?.number ?? 0) >= (lease?.statement ?? 0),
        session: statement?.session,
      },
    };
  }

  /** An agent that contradicts the store may only have been read together with what was before. */
  async #confirm({ store, vms }: ControllerPartsOptions, name: string, signal: AbortSignal): Promise<boolean> {
    const table = await store.get('RealtimeAllocation', { name }, signal);
    if (table === undefined) this.view.tableGone(name);
    else this.view.tableKnown(table);
    const known = this.judge.table(name);
    for (const { vm } of known === undefined ? [] : statementOf(known)?.domains ?? []) {
      if (vm === undefined) continue;
      const named = partsOfKey(vm);
      const now = await store.get('RealtimeVM', named, signal);
      if (now === undefined) vms.remove(named);
      else if (vms.find(objectKey(now.metadata))?.metadata.resourceVersion !== now.metadata.resourceVersion) vms.put(now);
    }
    return this.judge.contradicts(name);
  }
}

function every<Item>(items: Iterable<Item>, holds: (item: Item) => boolean): boolean {
  for (const item of items) if (!holds(item)) return false;
  return true;
}
