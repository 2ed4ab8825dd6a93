/** A plan for people: where each VM went with the picture of its host, or why it fits nowhere. */
import type { RefusalGroup } from '../../realtime/decision.ts';
import type { HostInventory } from '../../realtime/host.ts';
import type { Placement } from '../../realtime/placement.ts';
import type { DrawnVm } from '../picture/cpu-use.ts';
import { glyphsFor } from '../picture/glyphs.ts';
import { drawHost } from '../picture/host-picture.ts';
import type { PictureOptions } from '../picture/host-picture.ts';
import { vmColour } from '../picture/label.ts';
import { vmLetter } from '../picture/letters.ts';
import { nearnessParts } from '../picture/nearness-parts.ts';
import { describePlacement } from '../picture/vm-line.ts';
import { plainStyle } from '../style.ts';
import type { Style } from '../style.ts';
import { padEnd, wrap, wrapParts } from '../table.ts';
import type { PlanItem } from './plan-vms.ts';

/** What a VM held before this call. */
export interface HeldVm {
  /** `namespace/name`. */
  readonly name: string;
  readonly placement: Placement;
  /** Placed just now, where the search ended before it was known that nothing is nearer. */
  readonly unproven?: boolean;
}

export interface PlanHosts {
  readonly inventories: ReadonlyMap<string, HostInventory>;
  /** By host. */
  readonly held: ReadonlyMap<string, readonly HeldVm[]>;
}

/** Hosts of a refusal that are named; thousands may refuse alike. */
const mostHostsNamed = 3;

/** Chosen hosts in the order in which they were first chosen, then what fits nowhere, then the count. */
export function formatPlan(
  items: readonly Pick<PlanItem, 'vm' | 'decision'>[],
  hosts: PlanHosts,
  options: PictureOptions,
): string {
  const placed = items.flatMap(({ vm, decision }): HeldVm[] =>
    decision.kind === 'placed'
      ? [{ name: `${vm.namespace}/${vm.name}`, placement: decision.placement, unproven: decision.unproven === true }]
      : [],
  );
  const refused = items.flatMap(({ vm, decision }) =>
    decision.kind === 'refused' ? [{ name: `${vm.namespace}/${vm.name}`, groups: decision.groups }] : [],
  );
  const chosen = Map.groupBy(placed, ({ placement }) => placement.host);
  const sections = [
    ...[...chosen].map(([host, vms]) =>
      formatHost(hosts.inventories.get(host), vms, hosts.held.get(host) ?? [], options),
    ),
    ...refused.map(({ name, groups }) => formatRefused(name, groups, options)),
    ...(items.length > 1 ? [`${placed.length} of ${items.length} VMs fit`] : []),
  ];
  return sections.join('\n\n');
}

/**
 * A line for each VM, then the picture. VMs may hold a place on a host that is not among those given: that is told,
 * and not drawn.
 */
export function formatHost(
  inventory: HostInventory | undefined,
  vms: readonly HeldVm[],
  held: readonly HeldVm[],
  options: PictureOptions,
): string {
  const drawn: readonly (DrawnVm & Pick<HeldVm, 'unproven'>)[] = [
    ...vms.map((vm, index) => ({ ...vm, letter: vmLetter(index, true), planned: true })),
    ...held.map((vm, index) => ({ ...vm, letter: vmLetter(index, false), planned: false })),
  ];
  const lines = drawn
    .filter(({ planned }) => planned)
    .flatMap((vm) => {
      const parts = [
        ...describePlacement(vm.name, vm.placement, glyphsFor(options.unicode)),
        ...(inventory === undefined ? [] : nearnessParts(inventory, vm.placement)),
        ...(vm.unproven === true ? ['nearer ones were not ruled out'] : []),
      ];
      const margin = vm.letter.length + 2;
      return indent(
        wrapParts(parts, '; ', options.width - margin),
        margin,
        options.style([vmColour(vm), 'bold'], vm.letter),
      );
    });
  return [...lines, ...(inventory === undefined ? [] : ['', drawHost(inventory, drawn, options)])].join('\n');
}

/** `default/du-2 fits on no host:` and a line for each group of reasons. */
export function formatRefused(
  name: string,
  groups: readonly RefusalGroup[],
  { width, style = plainStyle }: { readonly width: number; readonly style?: Style },
): string {
  const reasons =
    groups.length === 0
      ? ['there is no host to place it on']
      : groups.map(({ hosts, message }) => {
          if (hosts.length === 1) return `${hosts[0]!}: ${message}`;
          const named = hosts.slice(0, mostHostsNamed).join(', ');
          const rest = hosts.length - mostHostsNamed;
          return `${hosts.length} hosts: ${message} (${rest > 0 ? `${named} and ${rest} more` : named})`;
        });
  return [
    `${style(['red', 'bold'], name)} fits on no host:`,
    ...reasons.flatMap((reason) => indent(wrap(reason, width - 4), 4, '  - ')),
  ].join('\n');
}

/** Lines after a mark that stands before the first. */
function indent(lines: readonly string[], margin: number, mark: string): string[] {
  return lines.map((line, index) => padEnd(index === 0 ? mark : '', margin) + line);
}
