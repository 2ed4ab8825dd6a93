/** Says why a VM waits or is not ready, and what to do. */
import type { RecordedEvent } from '../../../store/event.ts';
import { isStoreError } from '../../../store/errors.ts';
import type { WhyOptions } from '../../commands/live/why.ts';
import type { ExitCode } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { ageOf } from '../age.ts';
import { withCluster } from '../connect.ts';
import type { Live } from '../connect.ts';
import { harmless, printData } from '../harmless.ts';
import { causeLines } from '../host-check/host-check.ts';
import { conditionOf, findVm, vmName } from '../named-vms.ts';
import type { Vm } from '../named-vms.ts';
import { readNodeStates } from '../node-state.ts';
import { permitted } from '../permitted.ts';
import { LiveCluster, readLiveObjects } from '../plan/live-cluster.ts';
import type { NodeVerdict } from '../plan/live-cluster.ts';
import { verdictLines } from '../plan/live-plan-text.ts';
import type { Cause } from './cause.ts';
import { causesOf, isAsAsked } from './causes.ts';
import { nodeProblems } from './node-problems.ts';

interface Explained {
  readonly vm: Vm;
  readonly asAsked: boolean;
  readonly causes: readonly Cause[];
  /** What each node says to it now; undefined where it has a place, or where that may not be read. */
  readonly verdicts: readonly NodeVerdict[] | undefined;
  readonly events: readonly RecordedEvent[];
  /** What could not be read. */
  readonly notes: readonly string[];
}

/** Events further back tell of what has passed. */
const shownEvents = 5;

/** @returns 1 where the VM is not as its spec asks. */
export async function why(name: string, options: WhyOptions, io: Io): Promise<ExitCode> {
  return withCluster(options, async (live): Promise<ExitCode> => {
    const vm = await findVm(name, live);
    const explained = harmless(await explain(vm, live));
    for (const note of explained.notes) io.err(`warning: ${note}`);
    const now = live.now();
    if (options.output === 'text') io.out(describe(explained, now, io));
    else printData(report(explained), options.output, io);
    return explained.asAsked ? 0 : 1;
  });
}

async function explain(vm: Vm, live: Live): Promise<Explained> {
  const { store, signal } = live;
  const { namespace, name, uid } = vm.metadata;
  const notes: string[] = [];
  const note = (missing: string) => notes.push(missing);
  const nodeName = vm.status?.placement?.nodeName;
  const waits = conditionOf(vm, 'Placed')?.status === 'False' && vm.spec.runStrategy !== 'Halted' && vm.metadata.deletionTimestamp === undefined;
  const asAsked = isAsAsked(vm);
  const [events, node, verdicts] = await Promise.all([
    permitted(store.events({ kind: 'RealtimeVM', namespace, name, uid }, signal)),
    asAsked || nodeName === undefined ? [] : ofItsNode(nodeName, live, note),
    waits ? verdictsFor(vm, live, note) : undefined,
  ]);
  if ('missing' in events) note(events.missing);
  return { vm, asAsked, causes: [...causesOf(vm), ...node], verdicts, events: 'value' in events ? events.value.slice(-shownEvents) : [], notes };
}

/** What ails the node that it is on. */
async function ofItsNode(nodeName: string, live: Live, note: (missing: string) => void): Promise<readonly Cause[]> {
  const read = await permitted(live.store.get('RealtimeNode', { name: nodeName }, live.signal));
  if ('missing' in read) {
    note(`what its node says is not known: ${read.missing}`);
    return [];
  }
  const states = await readNodeStates(live);
  states.notes.forEach(note);
  return read.value === undefined ? [{ reason: 'NodeMissing', message: `there is no RealtimeNode ${nodeName} any more` }] : nodeProblems(read.value, states, live);
}

/** Asks the nodes again, as the controller does, since a condition counts nodes and does not name them. */
async function verdictsFor(vm: Vm, live: Live, note: (missing: string) => void): Promise<readonly NodeVerdict[] | undefined> {
  try {
    const objects = await readLiveObjects(live, [vm.metadata.namespace]);
    objects.notes.forEach(note);
    const cluster = new LiveCluster(live, objects);
    const guest = cluster.guestOf(vm);
    return guest === undefined ? undefined : cluster.verdicts(guest);
  } catch (error) {
    if (!isStoreError(error, 'FORBIDDEN')) throw error;
    note(`what each node lacks is not known, the message of the controller counts: ${error.message}`);
    return undefined;
  }
}

function describe({ vm, asAsked, causes, verdicts, events }: Explained, now: Date, io: Io): string {
  const { status, spec, metadata } = vm;
  const since = status?.conditions?.map(({ lastTransitionTime }) => lastTransitionTime).toSorted().at(-1);
  const phase = metadata.deletionTimestamp === undefined ? status?.phase ?? 'New' : 'Deleting';
  const where = status?.placement === undefined ? '' : ` on ${status.placement.nodeName}`;
  // What a condition counts, the nodes are about to say by name.
  const refusedFor = verdicts === undefined || verdicts.length === 0 ? undefined : conditionOf(vm, 'Placed')?.reason;
  const headline = asAsked
    ? io.style('green', spec.runStrategy === 'Halted' ? `${phase}, as spec.runStrategy Halted asks` : `${phase}${where}: ${conditionOf(vm, 'Ready')?.message ?? 'it has ended, and is not to be started again'}`)
    : io.style('red', `${phase}${where}`);
  return [
    `${io.style('bold', vmName(vm))} is ${headline}${since === undefined ? '' : ` (since ${ageOf(since, now)})`}`,
    ...causes.map((cause) => (cause.reason === refusedFor ? { ...cause, message: summary(verdicts ?? []) } : cause)).flatMap((cause) => causeLines(cause, io)),
    ...(verdicts === undefined || verdicts.length === 0 ? [] : [io.style('bold', 'what each node says:'), ...verdictLines(verdicts, io.columns)]),
    ...(events.length === 0 ? [] : [io.style('bold', 'last events:'), ...events.map((event) => `  ${ageOf(event.lastTimestamp, now)} ago  ${event.type === 'Warning' ? io.style('yellow', event.reason) : event.reason}${event.count > 1 ? ` (${event.count} times)` : ''}: ${event.message}`)]),
  ].join('\n');
}

function summary(verdicts: readonly NodeVerdict[]): string {
  const fitting = verdicts.filter(({ kind }) => kind === 'fits');
  return fitting.length === 0 ? 'no node takes it as things are' : `the controller has found no place for it, though ${fitting[0]!.nodeName} would take it now: it is about to, or waits for something else (its last events tell)`;
}

/** What `-o json` prints; stable. */
function report({ vm, asAsked, causes, verdicts, events }: Explained) {
  return {
    namespace: vm.metadata.namespace,
    name: vm.metadata.name,
    phase: vm.status?.phase ?? null,
    node: vm.status?.placement?.nodeName ?? null,
    asAsked,
    causes: causes.map(({ reason, message, remedy }) => ({ reason, message, remedy: remedy ?? null })),
    nodes: (verdicts ?? []).map((verdict) => (verdict.kind === 'fits' ? { node: verdict.nodeName, fits: true } : { node: verdict.nodeName, fits: false, reason: verdict.reason, message: verdict.message })),
    events: events.map(({ type, reason, message, count, lastTimestamp }) => ({ type, reason, message, count, lastTimestamp })),
  };
}
