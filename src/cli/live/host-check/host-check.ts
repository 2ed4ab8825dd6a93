/** What nodes say of themselves, with what to do about it. */
import { objectKey } from '../../../runtime/object-key.ts';
import type { Stored } from '../../../store/resource.ts';
import type { HostCheckOptions } from '../../commands/live/host-check.ts';
import type { ExitCode } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { formatTable, wrap } from '../../table.ts';
import { ageOf } from '../age.ts';
import { withCluster } from '../connect.ts';
import { harmless, printData } from '../harmless.ts';
import { chosenNodes } from '../named-nodes.ts';
import { leaseState, readNodeStates } from '../node-state.ts';
import type { LeaseState, NodeStates } from '../node-state.ts';
import { nodeProblems } from '../why/node-problems.ts';
import type { Cause } from '../why/cause.ts';

type Node = Stored<'RealtimeNode'>;
type Check = NonNullable<NonNullable<Node['status']>['checks']>[number];

/** What needs somebody comes first. */
const order: readonly Check['result'][] = ['Fail', 'Warn', 'Unknown', 'Pass'];

/** @returns 1 where something on a node needs a person. */
export async function hostCheck(names: readonly string[], options: HostCheckOptions, io: Io): Promise<ExitCode> {
  return withCluster(options, async (live): Promise<ExitCode> => {
    const [nodes, states] = [harmless(await chosenNodes(names, live)), await readNodeStates(live)];
    for (const note of states.notes) io.err(`warning: ${note}`);
    const checked = nodes.map((node) => ({ node, problems: nodeProblems(node, states, live) }));
    if (options.output !== 'table') printData({ items: checked.map((one) => report(one, states)) }, options.output, io);
    else if (nodes.length === 0) io.err('rtvm: there is no RealtimeNode: label nodes with rtvm.dev/realtime=true, and their agents make one each');
    else io.out(checked.map((one) => describe(one, states, io)).join('\n\n'));
    return checked.every(({ node, problems }) => problems.length === 0 && failed(node).length === 0) ? 0 : 1;
  });
}

interface Checked {
  readonly node: Node;
  readonly problems: readonly Cause[];
}

function describe({ node, problems }: Checked, states: NodeStates, io: Io): string {
  const { status, spec } = node;
  const lease = leaseState(node.metadata.name, states);
  const { style, columns: width } = io;
  const checks = sortedChecks(node);
  const summary = failed(node).length + problems.length === 0 ? style('green', 'nothing needs mending') : style('red', `${failed(node).length + problems.length} to mend`);
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['agent', agentText(lease, states.now)],
    ['CPUs', `dedicated ${orNone(spec.dedicatedCpus)}, shared ${orNone(spec.sharedCpus)}${spec.unschedulable ? ', unschedulable' : ''}`],
    ['latency', latencyText(node, states.now)],
    ['checks', node.status?.checks === undefined ? 'none published by this agent' : undefined],
    ['versions', Object.entries(status?.versions ?? {}).map(([what, version]) => `${what} ${version}`).join(', ') || undefined],
    // Where its Lease can be read, the line above says it with more.
    ...(status?.conditions ?? []).filter(({ type }) => lease === undefined || type !== 'AgentAlive')
      .map(({ type, status: holds, reason, message }) => [type, `${holds} (${reason}): ${message}`] as const),
  ];
  return [
    `${style('bold', node.metadata.name)}: ${summary}`,
    ...facts.flatMap(([what, text]) => (text === undefined ? [] : [`  ${what}: ${text}`])),
    ...problems.flatMap((problem) => causeLines(problem, io)),
    ...(checks.length === 0 ? [] : ['', formatTable(['CHECK', 'RESULT', 'FOUND', 'WANTED'].map((title) => ({ title })), checks.map(({ name, result, observed, wanted }) => [
      name, style(result === 'Fail' ? 'red' : result === 'Pass' ? 'green' : 'yellow', result), observed, wanted,
    ]), { width, formatTitles: (line) => style('bold', line) })]),
    ...checks.filter(({ result, remedy }) => result !== 'Pass' && remedy !== undefined).flatMap(({ name, remedy }) => wrap(`${name}: ${remedy!}`, width - 4).map((line, index) => (index === 0 ? `  → ${line}` : `    ${line}`))),
  ].join('\n');
}

/** The cause, and below it what to do. */
export function causeLines({ message, remedy }: Cause, io: Io): readonly string[] {
  const arrow = io.unicode ? '→' : '->';
  return [
    ...wrap(message, io.columns - 4).map((line, index) => (index === 0 ? `  - ${line}` : `    ${line}`)),
    ...(remedy === undefined ? [] : wrap(remedy, io.columns - 6).map((line, index) => (index === 0 ? `    ${arrow} ${line}` : `      ${line}`))),
  ];
}

function agentText(lease: LeaseState | undefined, now: Date): string | undefined {
  if (lease === undefined) return undefined;
  if (lease.renewedAt === undefined) return 'has never renewed its Lease';
  return `renewed its Lease ${ageOf(lease.renewedAt, now)} ago: ${lease.alive ? 'at work, and its audits keep their interval' : 'silent'}`;
}

function latencyText({ status }: Node, now: Date): string {
  const latency = status?.latency;
  if (latency === undefined) return 'not measured';
  return `at most ${latency.maxMicroseconds} µs${latency.durationSeconds === undefined ? '' : ` in ${latency.durationSeconds} s`}${latency.measuredAt === undefined ? '' : `, measured ${ageOf(latency.measuredAt, now)} ago`}`;
}

function sortedChecks({ status }: Node): readonly Check[] {
  return (status?.checks ?? []).toSorted((one, other) => order.indexOf(one.result) - order.indexOf(other.result));
}

function failed({ status }: Node): readonly Check[] {
  return (status?.checks ?? []).filter(({ result }) => result === 'Fail');
}

function orNone(cpus: string | undefined): string {
  return cpus === undefined || cpus === '' ? 'none' : cpus;
}

/** What `-o json` prints of a node; stable. */
function report({ node, problems }: Checked, states: NodeStates) {
  const { status } = node;
  const lease = leaseState(node.metadata.name, states);
  return {
    node: node.metadata.name,
    agent: lease === undefined ? null : { alive: lease.alive, renewedAt: lease.renewedAt ?? null },
    latency: status?.latency ?? null,
    versions: status?.versions ?? {},
    conditions: status?.conditions ?? [],
    checks: sortedChecks(node),
    orphans: (status?.orphans ?? []).map(({ domain, uuid, vm }) => ({ domain, uuid, vm: vm === undefined ? null : objectKey(vm) })),
    problems,
  };
}
