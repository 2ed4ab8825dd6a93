/** A plan on a live cluster, for people and for programs. */
import { placementToWire } from '../../../crds/placement-wire.ts';
import type { RefusalGroup, RefusalReason } from '../../../realtime/decision.ts';
import type { VmIdentity } from '../../../realtime/ids.ts';
import { vmUid } from '../../../realtime/ids.ts';
import { formatPlan } from '../../plan/plan-text.ts';
import type { PlanHosts } from '../../plan/plan-text.ts';
import type { PictureOptions } from '../../picture/host-picture.ts';
import { printable } from '../../io.ts';
import { wrap } from '../../table.ts';
import type { HeldVm } from '../../plan/plan-text.ts';
import type { NodeVerdict } from './live-cluster.ts';
import type { LivePlanItem } from './plan-live.ts';

export interface LiveHosts {
  readonly inventories: PlanHosts['inventories'];
  readonly held: ReadonlyMap<string, readonly (HeldVm & { readonly uid: string })[]>;
}

/** Nodes of one verdict that are named; thousands may say the same. */
const mostNodesNamed = 4;

/** The pictures of the chosen nodes and what fits nowhere, as `rtvm plan` shows them; then what each other node says. */
export function formatLivePlan(items: readonly LivePlanItem[], { inventories, held }: LiveHosts, options: PictureOptions): string {
  const planned = new Set<string>(items.map(({ vm }) => vm.metadata.uid));
  const others = new Map([...held].map(([host, vms]) => [host, vms.filter(({ uid }) => !planned.has(uid))]));
  const [shown, refused] = [items.filter((item) => item.placement !== undefined || item.verdicts.length > 0), items.filter((item) => item.placement === undefined && item.verdicts.length === 0)];
  const decided = shown.map(({ vm, placement, verdicts }) => ({
    vm: identityOf(vm.metadata),
    decision: placement === undefined ? { kind: 'refused' as const, groups: groupsOf(verdicts) } : { kind: 'placed' as const, placement },
  }));
  return [
    ...(decided.length === 0 ? [] : [formatPlan(decided, { inventories, held: others }, options)]),
    ...refused.map(({ vm, refusal }) => wrap(`${options.style(['red', 'bold'], nameOf(vm.metadata))} is not placed: ${printable(refusal?.message ?? '')}`, options.width).join('\n')),
    ...items.flatMap((item) => remarks(item, options)),
  ].join('\n\n');
}

function remarks({ vm, placement, holds, atNextStart, verdicts }: LivePlanItem, options: PictureOptions): readonly string[] {
  if (placement === undefined) return [];
  const name = options.style('bold', nameOf(vm.metadata));
  if (holds) return [`${name} holds its place on ${placement.host} already, and keeps it`];
  const elsewhere = verdictLines(verdicts.filter(({ nodeName }) => nodeName !== placement.host), options.width);
  return [
    ...(atNextStart ? [`${name} runs as another guest now: this is where its next start puts it (kubectl rtvm restart ${vm.metadata.name} -n ${vm.metadata.namespace})`] : []),
    ...(elsewhere.length === 0 ? [] : [[`${name} elsewhere:`, ...elsewhere].join('\n')]),
  ];
}

/** One line for each thing that nodes say, those that take the guest first. */
export function verdictLines(verdicts: readonly NodeVerdict[], width: number): readonly string[] {
  const fitting = verdicts.filter(({ kind }) => kind === 'fits').map(({ nodeName }) => nodeName);
  const lines = [
    ...(fitting.length === 0 ? [] : [`${namedNodes(fitting)}: it fits there too`]),
    ...groupsOf(verdicts).map(({ hosts, message }) => `${namedNodes(hosts)}: ${printable(message)}`),
  ];
  return lines.flatMap((line) => wrap(line, width - 4).map((part, index) => (index === 0 ? `  - ${part}` : `    ${part}`)));
}

function namedNodes(names: readonly string[]): string {
  const rest = names.length - mostNodesNamed;
  return rest > 0 ? `${names.slice(0, mostNodesNamed).join(', ')} and ${rest} more` : names.join(', ');
}

function groupsOf(verdicts: readonly NodeVerdict[]): readonly RefusalGroup[] {
  const refusing = verdicts.filter((verdict) => verdict.kind === 'refuses');
  return [...Map.groupBy(refusing, ({ reason, message }) => `${reason} ${message}`).values()]
    .map((same) => ({ reason: same[0]!.reason as RefusalReason, message: same[0]!.message, hosts: same.map(({ nodeName }) => nodeName) }))
    .toSorted((one, other) => other.hosts.length - one.hosts.length);
}

/** What `-o json` prints of a VM; stable. As `rtvm plan` prints it, with what the other nodes say of a VM that has a place, too. */
export function planReport({ vm: { metadata: { namespace, name } }, placement, holds, atNextStart, refusal, verdicts }: LivePlanItem) {
  return {
    namespace, name,
    placement: placement === undefined ? null : placementToWire(placement),
    holds, atNextStart,
    refusal: refusal === undefined ? null : { reason: refusal.reason, message: refusal.message },
    fitsOn: verdicts.filter(({ kind }) => kind === 'fits').map(({ nodeName }) => nodeName),
    reasons: verdicts.flatMap((verdict) => (verdict.kind === 'fits' ? [] : [{ host: verdict.nodeName, reason: verdict.reason, message: verdict.message }])),
  };
}

function identityOf({ namespace, name, uid }: LivePlanItem['vm']['metadata']): VmIdentity {
  return { namespace, name, uid: vmUid(uid) };
}

function nameOf({ namespace, name }: LivePlanItem['vm']['metadata']): string {
  return `${namespace}/${name}`;
}
