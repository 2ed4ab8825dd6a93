// I6: nothing ends a domain but what a person has asked for: the agent ends only what its table says, each wish once,
// and the controller writes only what a person has written into the VM.
import type { ChaosEvent } from './chaos-events.ts';

/** A wish in a table that ends the VM's domain, by the name of its request. */
interface Wish {
  readonly seenAt: number;
  isSpent: boolean;
}

interface VmRevision {
  readonly at: number;
  readonly endsIt: boolean;
  readonly generation: number;
  readonly observedGeneration: number;
}

export function endBreaches(events: readonly ChaosEvent[]): readonly string[] {
  return [...unaskedWishes(events), ...unaskedEnds(events)];
}

/**
 * Wishes that no person has had. After the data went back, what counts is what it says of VMs then and later, and nothing from
 * before: a VM that was halted in the older state, and ran when that was put back, may be halted once more, since its spec
 * says so and a restored wish cannot be told from a new one. Nothing else may.
 */
function unaskedWishes(events: readonly ChaosEvent[]): readonly string[] {
  const breaches: string[] = [];
  const vms = new Map<string, VmRevision[]>();
  const restarts = new Map<string, Set<string>>();
  const known = new Set<string>();
  /** When each node was drained, and when each VM was started there. */
  const drains = new Map<string, number>();
  const starts = new Map<string, number>();
  /** What a person had asked for in the very moment of a restore may still be carried out. */
  const underWay = new Set<string>();
  let restoring = false;
  events.forEach((event, at) => {
    if (event.type === 'rolledBack') {
      for (const uid of event.underWay ?? []) underWay.add(uid);
      vms.clear();
      restoring = true;
    } else if (event.type === 'drained') drains.set(event.node, at);
    else if (event.type === 'started') starts.set(`${event.node} ${event.vm}`, at);
    else if (event.type === 'restored') restoring = false;
    else if (event.type === 'vm') {
      vms.set(event.uid, [...vms.get(event.uid) ?? [], { ...event, at }]);
      if (event.restartedAt !== undefined) restarts.set(event.uid, (restarts.get(event.uid) ?? new Set()).add(event.restartedAt));
    } else if (event.type === 'table') {
      for (const { vm: { uid }, desired, request = '', restartedAt } of event.guests ?? []) {
        const where = `the table of ${event.node} at revision ${event.revision}`;
        if (restartedAt !== undefined && restarts.get(uid)?.has(restartedAt) !== true) breaches.push(`I6: VM ${uid} is to be restarted (${restartedAt}) by ${where}, and nobody asked for it`);
        const wish = `${uid} ${request} ${desired}`;
        if (desired === 'Running' || known.has(wish)) continue;
        known.add(wish);
        // A restored table is as it was, when its wishes were looked at.
        // A person has said that the machine is off: nothing of it may be started when it is back.
        const isDrained = desired === 'Stopped' && (drains.get(event.node) ?? -1) > (starts.get(`${event.node} ${uid}`) ?? -1);
        const isAsked = isDrained || underWay.delete(uid) || (event.fenced === true && desired === 'Stopped') || mayEnd(vms.get(uid) ?? []) || (desired === 'Stopped' && isRestart(restarts.get(uid), restartedAt));
        if (!restoring && !isAsked) breaches.push(`I6: VM ${uid} is to be ${desired} by ${where}, and nobody asked for it`);
      }
    }
  });
  return breaches;
}

/** A person has asked for a restart that this entry has not made: with another shape, it is stopped before it is placed again. */
function isRestart(asked: ReadonlySet<string> | undefined, made: string | undefined): boolean {
  return [...asked ?? []].some((each) => made === undefined || Date.parse(each) > Date.parse(made));
}

/**
 * The last wish to end it stands, or has been taken back since, which no controller has yet seen: one that has says so in
 * `observedGeneration`, and none that came before it can write any more.
 */
function mayEnd(revisions: readonly VmRevision[]): boolean {
  const wished = revisions.findLastIndex(({ endsIt }) => endsIt);
  const takenBack = revisions[wished + 1];
  return wished >= 0 && (takenBack === undefined || !revisions.slice(wished + 1).some(({ observedGeneration }) => observedGeneration >= takenBack.generation));
}

/** Ends that no table asked for, or a second time for what was asked once. */
function unaskedEnds(events: readonly ChaosEvent[]): readonly string[] {
  const breaches: string[] = [];
  const wishes = new Map<string, Map<string, Wish>>();
  const restarts = new Map<string, string>();
  const runs = new Map<string, { readonly startedAt: number; readonly previousAt: number; readonly restartedAt: string | undefined }>();
  const byHand = new Set<string>();
  let restoring = false;
  const read = (event: ChaosEvent | undefined, at: number) => {
    if (event?.type !== 'table') return;
    for (const { vm: { uid }, desired, request = '', restartedAt } of event.guests ?? []) {
      const key = `${event.node} ${uid}`;
      if (restartedAt !== undefined && Date.parse(restartedAt) > Date.parse(restarts.get(key) ?? '1970-01-01T00:00:00Z')) restarts.set(key, restartedAt);
      const asked = wishes.get(key) ?? new Map<string, Wish>();
      wishes.set(key, asked);
      // A restored table asks anew, and nobody can tell that from a new wish: it may end what has been started since.
      if (desired !== 'Running' && (restoring || !asked.has(request))) asked.set(request, { seenAt: at, isSpent: false });
    }
  };
  events.forEach((event, at) => {
    if (event.type === 'table') read(event, at);
    else if (event.type === 'rolledBack') restoring = true;
    else if (event.type === 'restored') restoring = false;
    else if (event.type === 'byHand') byHand.add(`${event.node} ${event.vm}`);
    else if (event.type === 'started') {
      const key = `${event.node} ${event.vm}`;
      runs.set(key, { startedAt: at, previousAt: runs.get(key)?.startedAt ?? -1, restartedAt: event.restartedAt });
    } else if (event.type === 'ended') {
      const key = `${event.node} ${event.vm}`;
      if (byHand.delete(key)) return;
      // The first revision that is told after an end may be the one that asked for it.
      const next = events.findIndex((later, i) => i > at && later.type === 'table' && later.node === event.node);
      read(events[next], next);
      const run = runs.get(key);
      const madeWith = run?.restartedAt;
      const restart = restarts.get(key);
      if (restart !== undefined && (madeWith === undefined || Date.parse(restart) > Date.parse(madeWith))) return;
      const wish = [...wishes.get(key)?.values() ?? []].find(({ seenAt, isSpent }) => !isSpent && seenAt > (run?.previousAt ?? -1));
      if (wish === undefined) breaches.push(`I6: the domain of VM ${event.vm} on ${event.node} has ended, and nobody asked for it`);
      else wish.isSpent = true;
    }
  });
  return breaches;
}
