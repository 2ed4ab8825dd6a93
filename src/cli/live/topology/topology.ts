/** Draws nodes as they are now: who has which CPU. */
import type { HostInventory } from '../../../realtime/host.ts';
import { toHostInventory } from '../../../crds/to-host-inventory.ts';
import type { TopologyOptions } from '../../commands/live/topology.ts';
import type { ExitCode } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { cpuUses } from '../../picture/cpu-use.ts';
import type { CpuUse, DrawnVm } from '../../picture/cpu-use.ts';
import { formatHost } from '../../plan/plan-text.ts';
import { withCluster } from '../connect.ts';
import { printData } from '../harmless.ts';
import { chosenNodes } from '../named-nodes.ts';
import { factsOf, readNodeStates } from '../node-state.ts';
import type { NodeStates } from '../node-state.ts';
import { permitted, valueOr } from '../permitted.ts';
import { heldByNode } from '../plan/live-cluster.ts';
import { withFacts } from '../../../controller/node-facts.ts';

export async function topology(names: readonly string[], options: TopologyOptions, io: Io): Promise<ExitCode> {
  return withCluster(options, async (live): Promise<ExitCode> => {
    const nodes = await chosenNodes(names, live);
    const [tables, states] = await Promise.all([permitted(live.store.list('RealtimeAllocation', { signal: live.signal })), readNodeStates(live)]);
    const note = (text: string) => io.err(`warning: ${text}`);
    for (const missing of states.notes) note(missing);
    const held = heldByNode({ nodes, tables: valueOr(tables, [], (missing) => note(`which VMs are there is not known: ${missing}`)) });
    if (nodes.length === 0) io.err('rtvm: there is no RealtimeNode: label nodes with rtvm.dev/realtime=true, and their agents make one each');
    const drawn = nodes.map((node) => {
      const name = node.metadata.name;
      const inventory = toHostInventory(node);
      return { name, inventory: inventory.ok ? inventory.value : undefined, problem: inventory.ok ? undefined : inventory.problems.map(({ path, message }) => `${path} ${message}`).join('; '), vms: held.get(name) ?? [] };
    });
    if (options.output !== 'table') {
      printData({ items: drawn.map(({ name, inventory, vms }) => ({ node: name, cpus: inventory === undefined ? null : cpuReport(inventory, vms) })) }, options.output, io);
      return 0;
    }
    const picture = { width: io.columns, unicode: io.unicode, style: io.style };
    if (drawn.length > 0) {
      io.out(drawn.map(({ name, inventory, problem, vms }) => (
        inventory === undefined ? `${name}: ${problem ?? ''}` : [formatHost(inventory, vms, [], picture), ...stateLine(inventory, states)].join('\n').trimStart()
      )).join('\n\n'));
    }
    return 0;
  });
}

/** Why nothing new would be placed there, if that is so. */
function stateLine(inventory: HostInventory, states: NodeStates): readonly string[] {
  const facts = factsOf(inventory.name, states);
  const known = facts === undefined ? inventory : withFacts(inventory, facts);
  return [
    ...(known.notReady === undefined ? [] : [`nothing new is placed here: ${known.notReady}`]),
    ...(known.unschedulable && !inventory.unschedulable ? ['nothing new is placed here: the Node is cordoned'] : []),
  ];
}

/** What `-o json` prints of a node; stable: one item for each pCPU, ascending. */
function cpuReport(inventory: HostInventory, vms: readonly Pick<DrawnVm, 'name' | 'placement'>[]) {
  const uses = cpuUses(inventory, vms.map((vm) => ({ ...vm, letter: '', planned: true })));
  return [...uses].toSorted(([one], [other]) => one - other).map(([cpu, use]) => ({
    cpu,
    numaNode: inventory.numaNodes.find(({ cpus }) => cpus.has(cpu))?.id ?? null,
    core: inventory.cores.find((core) => core.has(cpu))?.toString() ?? String(cpu),
    ...useReport(use),
  }));
}

function useReport(use: CpuUse) {
  switch (use.kind) {
    case 'vcpu':
      return { use: 'vcpu', vm: use.vm.name, vcpu: use.vcpu, realtime: use.realtime, emulator: use.emulator };
    case 'emulator':
    case 'idle':
      return { use: use.kind, vm: use.vm.name };
    case 'shared':
      return { use: 'shared', vms: use.vms.map(({ vm }) => vm.name) };
    case 'free':
    case 'host':
      return { use: use.kind };
  }
}
