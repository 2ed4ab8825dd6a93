// Nothing is started that the node's table does not ask for, and nothing with more than it gives.
import type { ChaosEvent, DomainClaims, TableGuest } from './chaos-events.ts';
import { ownCpus, pagesOf } from './chaos-holdings.ts';

interface Revision {
  readonly at: number;
  readonly guests: readonly TableGuest[];
  /** VMs whose end the agent had confirmed by then, or that the table does not name: whoever reads this starts them no more. */
  readonly isClosed: (vm: string) => boolean;
}

/**
 * An agent acts on what it has read, which may be a moment old, so that a start is asked for by any revision since the one that
 * its own answer, or the entry's absence, has closed. etcd tells the agent and us at the same time: the first revision that is
 * told after a start may be the one that asked for it.
 */
export function startBreaches(events: readonly ChaosEvent[]): readonly string[] {
  const revisions = revisionsOf(events);
  return events.flatMap((event, at): readonly string[] => {
    if (event.type !== 'started') return [];
    const { node, vm, claims, begunAt = at } = event;
    const told = revisions.get(node) ?? [];
    const next = told.find((revision) => revision.at > begunAt);
    const before = told.filter((revision) => revision.at < begunAt);
    const open = before.slice(before.findLastIndex(({ isClosed }) => isClosed(vm)) + 1);
    const asking = [...open, ...next === undefined ? [] : [next]].flatMap(({ guests }) => guests.filter((guest) => guest.vm.uid === vm && guest.desired === 'Running'));
    if (asking.length === 0) return [`I6: VM ${vm} is started on ${node}, and no table asks for it`];
    return asking.some((entry) => gives(entry, claims)) ? [] : [`I1: VM ${vm} is started on ${node} with what its table does not give: ${JSON.stringify({ ...claims, pages: [...claims.pages] })}`];
  });
}

function gives(entry: TableGuest, { cpus, pages, devices }: DomainClaims): boolean {
  const [own, given] = [ownCpus(entry), pagesOf(entry)];
  return cpus.every((cpu) => own.includes(cpu)) && [...pages].every(([numaNode, count]) => given.get(numaNode) === count)
    && devices.every((address) => entry.placement.devices.some((device) => device.address === address));
}

function revisionsOf(events: readonly ChaosEvent[]): ReadonlyMap<string, readonly Revision[]> {
  const revisions = new Map<string, Revision[]>();
  /** Terms that were first written since the data went back; undefined before it ever did. */
  let newTerms: Set<string> | undefined;
  let restoring = false;
  /** Nodes whose agents have repeated such a term. An agent that has not may not have read the restored table yet. */
  const heard = new Set<string>();
  const oldTerms = new Set<string>();
  events.forEach((event, at) => {
    if (event.type === 'rolledBack') {
      newTerms = new Set();
      heard.clear();
      restoring = true;
    } else if (event.type === 'restored') restoring = false;
    else if (event.type === 'node' && event.term !== undefined && newTerms?.has(event.term) === true) heard.add(event.node);
    else if (event.type === 'table') {
      const { node, guests, reports, term } = event;
      if (term !== undefined && !oldTerms.has(term) && !restoring) newTerms?.add(term);
      if (term !== undefined && (restoring || newTerms === undefined)) oldTerms.add(term);
      if (guests === undefined) return;
      const mayNotBeRead = newTerms !== undefined && !heard.has(node);
      const isClosed = (vm: string) => {
        if (mayNotBeRead) return false;
        const entry = guests.find((guest) => guest.vm.uid === vm);
        return entry === undefined || (entry.desired !== 'Running' && reports.some(({ uid, phase, request }) => uid === vm && phase === entry.desired && request === entry.request));
      };
      revisions.set(node, [...revisions.get(node) ?? [], { at, guests, isClosed }]);
    }
  });
  return revisions;
}
