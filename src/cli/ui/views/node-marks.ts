/** What of a node's state one should see at a glance: pure. */
import { realtimeLabel } from '../../../controller/node-facts.ts';
import type { Stored } from '../../../store/resource.ts';
import type { ClusterNode } from '../../../store/foreign.ts';
import type { NodeMark } from '../wire.ts';

/** What a cluster says of a node; absent without a cluster. */
export interface ClusterFacts {
  readonly node: ClusterNode | undefined;
  /** Undefined while it is not known yet. */
  readonly leaseSilent: boolean | undefined;
}

/** Worst first. */
export function nodeMarks(node: Stored<'RealtimeNode'> | undefined, facts: ClusterFacts | undefined): readonly NodeMark[] {
  const marks = [...clusterMarks(facts), ...(node === undefined ? [unreported] : statusMarks(node))];
  return [...marks.filter(({ level }) => level === 'bad'), ...marks.filter(({ level }) => level === 'warn'), ...marks.filter(({ level }) => level === 'note')];
}

const unreported: NodeMark = { level: 'warn', label: 'no agent', text: 'There is no RealtimeNode of this name: no agent has reported from this host' };

function clusterMarks(facts: ClusterFacts | undefined): readonly NodeMark[] {
  if (facts === undefined) return [];
  const { node, leaseSilent } = facts;
  if (node === undefined) return [{ level: 'bad', label: 'no Node', text: 'The cluster has no Node of this name (any more)' }];
  const ready = node.status.conditions?.find(({ type }) => type === 'Ready');
  return [
    ...(ready === undefined || ready.status === 'True' ? [] : [{ level: 'bad' as const, label: 'not ready', text: `The Node's condition Ready is ${ready.status}` }]),
    ...(leaseSilent === true ? [{ level: 'bad' as const, label: 'agent silent', text: 'Its agent has not renewed its Lease: nothing is known of its VMs, and nothing new is placed here' }] : []),
    ...(node.spec.unschedulable === true ? [{ level: 'note' as const, label: 'cordoned', text: 'The Node is cordoned: nothing new is placed here' }] : []),
    ...(node.metadata.labels?.[realtimeLabel] === 'true' ? [] : [{ level: 'warn' as const, label: 'not labelled', text: `The Node is not labelled ${realtimeLabel}=true: nothing new is placed here` }]),
  ];
}

function statusMarks({ spec, status }: Stored<'RealtimeNode'>): readonly NodeMark[] {
  const checks = (result: string) => (status?.checks ?? []).filter((check) => check.result === result).map(({ name }) => name);
  const failed = checks('Fail');
  const warned = checks('Warn');
  const orphans = status?.orphans ?? [];
  const unmet = (status?.conditions ?? []).filter(({ type, status: truth }) => (type === 'Ready' || type === 'RealtimeReady') && truth !== 'True');
  return [
    ...unmet.map(({ type, reason, message }): NodeMark => ({ level: 'bad', label: type === 'Ready' ? 'not ready' : 'not realtime-ready', text: `${type}: ${reason}: ${message}` })),
    ...(failed.length === 0 ? [] : [{ level: 'bad' as const, label: counted(failed.length, 'failed check'), text: failed.join(', ') }]),
    ...(orphans.length === 0 ? [] : [{ level: 'bad' as const, label: counted(orphans.length, 'orphan'), text: `Domains that no allocation names: ${orphans.map(({ domain }) => domain).join(', ')}` }]),
    ...(warned.length === 0 ? [] : [{ level: 'warn' as const, label: counted(warned.length, 'warning'), text: warned.join(', ') }]),
    ...(status?.topology === undefined ? [{ level: 'warn' as const, label: 'not reported', text: 'Its agent has not told what the host has' }] : []),
    ...(spec.unschedulable ? [{ level: 'note' as const, label: 'unschedulable', text: 'spec.unschedulable of the RealtimeNode: nothing new is placed here' }] : []),
  ];
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}
