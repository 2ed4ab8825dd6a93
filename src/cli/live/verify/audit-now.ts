/** Has agents audit VMs now: each is given its node's RealtimeAllocation, and prints what it reads. */
import type { LiveVerifyOptions } from '../../commands/live/verify.ts';
import { CommandError } from '../../exit.ts';
import type { ExitCode } from '../../exit.ts';
import { printable } from '../../io.ts';
import type { Io } from '../../io.ts';
import { agentMissing, findAgents } from '../agents.ts';
import type { Live } from '../connect.ts';
import { printData } from '../harmless.ts';
import { vmName } from '../named-vms.ts';
import type { Vm } from '../named-vms.ts';
import { captureKubectl, execInAgent } from '../run-kubectl.ts';

/** @returns 1 where a VM is not as asked for, does not run, or could not be audited. */
export async function auditNow(vms: readonly Vm[], { output }: LiveVerifyOptions, live: Live, io: Io): Promise<ExitCode> {
  const { store, signal } = live;
  const placed = vms.filter(({ status }) => status?.placement !== undefined);
  for (const vm of vms) if (!placed.includes(vm)) io.err(`RealtimeVM ${vmName(vm)}: has no place on a node, so there is nothing to audit`);
  const byNode = [...Map.groupBy(placed, ({ status }) => status?.placement?.nodeName ?? '')].toSorted(([one], [other]) => (one < other ? -1 : 1));
  const agents = await findAgents(live);
  const items: unknown[] = [];
  let fine = placed.length === vms.length;
  for (const [nodeName, here] of byNode) {
    const pod = agents.running.get(nodeName);
    if (pod === undefined) {
      io.err(`rtvm: ${agentMissing(nodeName, agents, live)}`);
      fine = false;
      continue;
    }
    const allocation = await store.get('RealtimeAllocation', { name: nodeName }, signal);
    if (allocation === undefined) throw new CommandError('ALLOCATION_MISSING', `there is no RealtimeAllocation ${nodeName}, though VMs are said to be there`);
    const { apiVersion, kind, metadata: { name }, spec } = allocation;
    const form = output === 'table' ? 'table' : 'json';
    const command = ['rtvm', ...(io.style('bold', 'x') === 'x' ? [] : ['--color=always']), 'verify', '--allocation', '-', '-o', form, ...here.map(vmName)];
    const { exitCode, stdout, stderr } = await captureKubectl(execInAgent(pod.metadata.name, ['-i'], command, live), JSON.stringify({ apiVersion, kind, metadata: { name }, spec }), io, signal);
    if (stderr.trim() !== '') io.err(stderr.trimEnd().split('\n').map((line) => `${nodeName}: ${line}`).join('\n'));
    fine &&= exitCode === 0;
    if (stdout.trim() === '') continue;
    if (form === 'json') items.push(...itemsOf(stdout, nodeName));
    else io.out(withoutControls(stdout));
  }
  if (output !== 'table') printData({ items }, output, io);
  return fine ? 0 : 1;
}

function itemsOf(stdout: string, nodeName: string): readonly unknown[] {
  try {
    const { items } = JSON.parse(stdout) as { readonly items: readonly object[] };
    return items.map((item) => ({ node: nodeName, ...item }));
  } catch (error) {
    throw new CommandError('NOT_JSON', `what the agent of node ${nodeName} printed is no JSON: is it of another version? It begins: ${printable(stdout.slice(0, 200))}`, { cause: error });
  }
}

/** The colours that our own program wrote stay; whatever else steers a terminal is written out. */
function withoutControls(text: string): string {
  return text.split(/(\u001b\[[0-9;]*m)/).map((part, index) => (index % 2 === 1 ? part : printable(part))).join('');
}
