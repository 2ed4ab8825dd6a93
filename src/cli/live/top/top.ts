/** What something else took of vCPUs' CPUs, between two readings of the agents' counters. */
import type { Clock } from '../../../runtime/clock.ts';
import type { Pod } from '../../../store/foreign.ts';
import { StoreError } from '../../../store/errors.ts';
import { placementFromWire } from '../../../crds/placement-wire.ts';
import { requireValid } from '../../../crds/require-valid.ts';
import { pinCpus } from '../../../realtime/placement.ts';
import type { TopOptions } from '../../commands/live/top.ts';
import { CommandError } from '../../exit.ts';
import type { ExitCode } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { formatTable } from '../../table.ts';
import { agentMetricsPort, agentMissing, findAgents } from '../agents.ts';
import { withCluster } from '../connect.ts';
import type { Live } from '../connect.ts';
import { harmless, printData } from '../harmless.ts';
import { chosenVms, vmName } from '../named-vms.ts';
import type { Vm } from '../named-vms.ts';
import { readVcpus } from './read-vcpus.ts';
import type { VcpuReading } from './read-vcpus.ts';

interface Sample {
  readonly atMs: number;
  /** By `namespace/name/vcpu`. */
  readonly vcpus: ReadonlyMap<string, VcpuReading>;
}

export interface TopRow {
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  readonly vcpu: number;
  /** The pCPUs that it may run on, in the kernel's notation. */
  readonly cpus: string;
  readonly realtime: boolean;
  readonly preemptionsPerSecond: number;
  /** Of a second of time, how many microseconds it could have run and had no CPU. */
  readonly runDelayMicrosecondsPerSecond: number;
  readonly preemptions: number;
  readonly runDelaySeconds: number;
}

/** @returns 1 where an agent could not be read. */
export async function top(names: readonly string[], options: TopOptions, io: Io): Promise<ExitCode> {
  return withCluster(options, async (live): Promise<ExitCode> => {
    const vms = (await chosenVms(names, live, options)).filter(({ status }) => status?.placement !== undefined);
    if (vms.length === 0) throw new CommandError('NOTHING_RUNS', `no VM ${names.length > 0 ? 'of these' : options.allNamespaces === true ? 'of the cluster' : `of namespace ${live.namespace}`} has a place on a node; "kubectl rtvm get${options.allNamespaces === true ? ' -A' : ''}" says why`);
    const nodes = [...new Set(vms.map(nodeOf))].toSorted();
    const agents = await findAgents(live);
    const problems = nodes.filter((node) => !agents.running.has(node)).map((node) => agentMissing(node, agents, live));
    const pods = nodes.flatMap((node) => agents.running.get(node) ?? []);
    const read = async () => Promise.all(pods.map((pod) => sample(pod, live, io.runtime.clock)));
    const first = await read();
    await io.runtime.clock.sleep(1000 * options.interval, live.signal);
    const second = await read();
    const rows = pods.flatMap((_, index) => {
      const [before, after] = [first[index]!, second[index]!];
      if (before instanceof StoreError || after instanceof StoreError) {
        problems.push((before instanceof StoreError ? before : after as StoreError).message);
        return [];
      }
      return rates(before, after, vms);
    });
    for (const problem of problems) io.err(`rtvm: ${problem}`);
    if (options.output !== 'table') printData({ items: rows }, options.output, io);
    else if (rows.length > 0) io.out(formatRows(harmless(rows), io));
    else if (problems.length === 0) io.err('rtvm: the agents know no figures of these VMs: they are not running yet');
    return problems.length === 0 ? 0 : 1;
  });
}

function nodeOf({ status }: Vm): string {
  return status?.placement?.nodeName ?? '';
}

/** One agent that does not answer does not hide the others. */
async function sample(pod: Pod, { store, signal }: Live, clock: Clock): Promise<Sample | StoreError> {
  try {
    const text = await store.podText(pod.metadata, { port: agentMetricsPort, path: '/metrics' }, signal);
    return { atMs: clock.nowMs(), vcpus: new Map(readVcpus(text).map((reading) => [keyOf(reading), reading])) };
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
}

function rates(before: Sample, after: Sample, vms: readonly Vm[]): readonly TopRow[] {
  const seconds = (after.atMs - before.atMs) / 1000;
  const byName = new Map(vms.map((vm) => [vmName(vm), vm]));
  return [...after.vcpus.values()].flatMap((now) => {
    const vm = byName.get(`${now.namespace}/${now.name}`);
    const then = before.vcpus.get(keyOf(now));
    if (vm?.status?.placement === undefined || then === undefined) return [];
    const placement = requireValid(placementFromWire(vm.status.placement, 'status.placement'), `RealtimeVM ${vmName(vm)}`);
    const pin = placement.vcpuPins.find(({ vcpu }) => vcpu === now.vcpu);
    // An agent that has started anew counts from the beginning of the thread: what is less than before says nothing.
    const preempted = Math.max(0, now.involuntarySwitches - then.involuntarySwitches);
    const delayed = Math.max(0, now.runDelaySeconds - then.runDelaySeconds);
    return [{
      namespace: now.namespace, name: now.name, node: placement.host, vcpu: now.vcpu,
      cpus: pin === undefined ? '' : pinCpus(pin).toString(),
      realtime: [...placement.realtimeVcpus].some((vcpu) => vcpu === now.vcpu),
      preemptionsPerSecond: round(preempted / seconds), runDelayMicrosecondsPerSecond: round(1e6 * delayed / seconds),
      preemptions: now.involuntarySwitches, runDelaySeconds: now.runDelaySeconds,
    }];
  }).toSorted((one, other) => one.namespace.localeCompare(other.namespace) || one.name.localeCompare(other.name) || one.vcpu - other.vcpu);
}

function formatRows(rows: readonly TopRow[], io: Io): string {
  const text = ['NAMESPACE', 'NAME', 'NODE'].map((title) => ({ title }));
  const figures = ['VCPU', 'CPU', 'PREEMPTIONS/S', 'DELAY µs/S', 'PREEMPTIONS', 'DELAY'].map((title) => ({ title: io.unicode ? title : title.replace('µ', 'u'), align: 'right' as const }));
  const cells = rows.map((row) => {
    // One is one too many where a vCPU is to be alone on its CPU.
    const mark = (cell: string, nonzero: boolean) => (row.realtime && nonzero ? io.style('red', cell) : cell);
    return [
      row.namespace, row.name, row.node, `${row.vcpu}${row.realtime ? '*' : ''}`, row.cpus,
      mark(String(row.preemptionsPerSecond), row.preemptionsPerSecond > 0), mark(String(row.runDelayMicrosecondsPerSecond), row.runDelayMicrosecondsPerSecond > 0),
      String(row.preemptions), formatSeconds(row.runDelaySeconds),
    ];
  });
  const table = formatTable([...text, ...figures], cells, { width: io.columns, formatTitles: (line) => io.style('bold', line) });
  return rows.some(({ realtime }) => realtime) ? `${table}\n* realtime` : table;
}

function formatSeconds(seconds: number): string {
  if (seconds >= 1) return `${seconds.toFixed(1)}s`;
  return seconds >= 0.001 ? `${(1000 * seconds).toFixed(1)}ms` : `${Math.round(1e6 * seconds)}us`;
}

function round(value: number): number {
  return Math.round(10 * value) / 10;
}

function keyOf({ namespace, name, vcpu }: VcpuReading): string {
  return `${namespace}/${name}/${vcpu}`;
}
