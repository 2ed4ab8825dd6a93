/** Prints the libvirt domains of VMs, placed as a plan places them. */
import { join } from 'node:path';
import { guestToWire } from '../../crds/guest-wire.ts';
import { placementToWire } from '../../crds/placement-wire.ts';
import { formatPayload } from '../../node-agent/domain-payload.ts';
import { readCpuFlags } from '../../node-agent/host/cpu-flags.ts';
import { thisHost } from '../../node-agent/host/host-root.ts';
import { hostFactsOfCpuFlags } from '../../realtime/domain/host-facts.ts';
import { renderDomain } from '../../realtime/domain/render.ts';
import type { DomainHostFacts } from '../../realtime/domain/host-facts.ts';
import type { HostInventory } from '../../realtime/host.ts';
import type { Placement } from '../../realtime/placement.ts';
import type { RenderOptions } from '../commands/render.ts';
import { CommandError } from '../exit.ts';
import type { ExitCode } from '../exit.ts';
import type { Io } from '../io.ts';
import { formatData } from '../output/formats.ts';
import { makePlan } from '../plan/make-plan.ts';
import type { ManifestPlanItem } from '../plan/make-plan.ts';
import { formatRefused } from '../plan/plan-text.ts';
import { plannedFiles } from './planned-files.ts';

/** A RealtimeNode does not tell what its CPU can: taken to be a current one of Intel's. The agent asks the CPU itself. */
const assumedCpu: DomainHostFacts = { invariantTsc: true, archCapabilities: true };

/** @returns 1 where a VM does not fit, and so has no domain; why is told on standard error. */
export async function render(options: RenderOptions, io: Io): Promise<ExitCode> {
  const { items, inventories, onThisHost } = await makePlan(options, io);
  const host = onThisHost ? hostFactsOfCpuFlags(readCpuFlags(thisHost)) : assumedCpu;
  const rendered = items.map((item) => ({ item, xml: domainOf(item, inventories, host, options) }));
  switch (options.output) {
    case 'xml':
      for (const { xml } of rendered) if (xml !== null) io.out(xml);
      break;
    case 'json':
    case 'yaml':
      io.out(formatData({ items: rendered.map(({ item: { vm: { namespace, name }, decision }, xml }) => (
        { namespace, name, nodeName: decision.kind === 'placed' ? decision.placement.host : null, xml }
      )) }, options.output));
      break;
  }
  for (const { vm, decision } of items) {
    if (decision.kind === 'refused') io.err(formatRefused(`${vm.namespace}/${vm.name}`, decision.groups, { width: io.columns }));
  }
  return rendered.every(({ xml }) => xml !== null) ? 0 : 1;
}

function domainOf({ vm, guest, spec, decision }: ManifestPlanItem, hosts: ReadonlyMap<string, HostInventory>, host: DomainHostFacts, options: RenderOptions): string | null {
  if (decision.kind === 'refused') return null;
  const { placement } = decision;
  return renderDomain({
    vm,
    generation: spec.generation,
    guest,
    placement,
    virtType: options.virtType,
    payload: formatPayload({ guest: guestToWire(guest), placement: placementToWire(placement) }),
    files: plannedFiles(vm, guest, { state: options.stateDir, images: options.imageRoot ?? join(options.stateDir, 'images') }),
    networks: hostOf(placement, hosts).networks,
    host,
  });
}

function hostOf({ host }: Placement, hosts: ReadonlyMap<string, HostInventory>): HostInventory {
  const inventory = hosts.get(host);
  if (inventory === undefined) throw new CommandError('HOST_MISSING', `a VM is on host ${host} by its RealtimeAllocation; give that host's RealtimeNode with --host too`);
  return inventory;
}
