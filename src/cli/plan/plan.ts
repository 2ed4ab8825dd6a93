/** Shows where VMs would go, in the form that was asked for. */
import { placementToWire } from '../../crds/placement-wire.ts';
import type { PlanOptions } from '../commands/plan.ts';
import type { ExitCode } from '../exit.ts';
import type { Io } from '../io.ts';
import { formatData } from '../output/formats.ts';
import { makePlan } from './make-plan.ts';
import type { Plan } from './make-plan.ts';
import { formatPlan } from './plan-text.ts';
import type { PlanItem } from './plan-vms.ts';
import { siblingWarning } from './sibling-warnings.ts';

/** @returns 1 where a VM does not fit. */
export async function plan(options: PlanOptions, io: Io): Promise<ExitCode> {
  const planned = await makePlan(options, io);
  for (const warning of siblingWarnings(planned)) io.err(`warning: ${warning}`);
  switch (options.output) {
    case 'table':
      io.out(formatPlan(planned.items, planned, { width: io.columns, unicode: io.unicode, style: io.style }));
      break;
    case 'json':
    case 'yaml':
      io.out(formatData({ items: planned.items.map(itemReport) }, options.output));
      break;
  }
  return planned.items.every(({ decision }) => decision.kind === 'placed') ? 0 : 1;
}

function siblingWarnings({ items, inventories }: Plan): string[] {
  return items.flatMap(({ vm, decision }) => {
    if (decision.kind === 'refused') return [];
    const host = inventories.get(decision.placement.host);
    return (host && siblingWarning(`${vm.namespace}/${vm.name}`, decision.placement, host)) ?? [];
  });
}

/** What `-o json` prints of a VM; stable. */
function itemReport({ vm: { namespace, name }, decision }: PlanItem) {
  switch (decision.kind) {
    case 'placed':
      return { namespace, name, placement: placementToWire(decision.placement), reasons: [] };
    case 'refused': {
      const reasons = decision.groups.flatMap(({ reason, message, hosts }) => hosts.map((host) => ({ host, reason, message })));
      return { namespace, name, placement: null, reasons: reasons.sort((a, b) => (a.host < b.host ? -1 : 1)) };
    }
  }
}
