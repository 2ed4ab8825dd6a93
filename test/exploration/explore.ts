/**
 * Breadth first over every state of a world, each once, and once more where it is come to again with less gone wrong;
 * what is found is told as a story.
 */
import { agentEvents } from './agent.ts';
import { brokenBy, brokenIn, isGood } from './checker.ts';
import { Edges } from './edges.ts';
import { encode, encodeTable, encodeVm } from './encode.ts';
import { environmentEvents } from './environment.ts';
import { leaderEvents } from './leader.ts';
import type { Event } from './leader.ts';
import type { Late, State, Store } from './state.ts';
import { Seen, Visits } from './seen.ts';
import { firstState, product } from './world.ts';
import type { Tables, World } from './world.ts';

export interface Explored {
  readonly states: number;
  readonly steps: number;
  readonly depth: number;
  /** Nothing is left to be looked at. */
  readonly closed: boolean;
  readonly broken: Found | undefined;
  /** A state from which nothing good can be reached any more. */
  readonly stuck: Found | undefined;
  readonly milliseconds: number;
}

export interface Found {
  readonly what: string;
  /** Numbers of the events, from the first state on: {@link replay} tells them again. */
  readonly events: readonly number[];
  readonly story: readonly string[];
}

export function eventsOf(tables: Tables, world: World, state: State): readonly Event[] {
  return [
    ...leaderEvents(tables, world, state),
    ...state.hosts.flatMap((_, node) => agentEvents(tables, world, state, node)),
    ...environmentEvents(tables, world, state),
  ];
}

export function verifiedIn({ whyNotVerified }: Tables, world: World, state: State): readonly number[] {
  // Nobody says anything.
  if (world.together === true && state.hosts[0]!.agent === null) return [];
  return state.store.vms.flatMap((vm, uid) => {
    const { run } = vm ?? {};
    if (run == null) return [];
    const table = (state.behind?.node === run.node ? state.behind.table : state.store.tables[run.node]) ?? null;
    const entry = table?.spec.entries.find((one) => one.uid === uid);
    const why = whyNotVerified({
      run: { count: 0, grant: String(run.grant), node: String(run.node), state: run.open ? 'Open' : 'Closed' },
      entry: entry === undefined ? undefined : String(entry.grant),
      fenced: table?.spec.fenced === true,
      statement: table?.statement == null ? undefined : {
        session: String(table.statement.session), number: table.statement.number, wentBack: table.statement.wentBack,
        domains: table.statement.domains.map(({ grant, runs, pinned }) => ({
          grant: String(grant), uid: String(uid), vm: '',
          verdict: !runs ? 'Unknown' : pinned ? 'Verified' : 'Violated',
        })),
      },
      lease: {
        session: String(state.store.leases[run.node]!.session),
        statement: state.store.leases[run.node]!.statement, alive: state.alive[run.node]!,
      },
    });
    return why === undefined ? [uid] : [];
  });
}

/** Where a world begins: where it has VMs that run, the product's tables have brought it there. */
function beginningOf(world: World): State {
  let state = firstState(world);
  if (world.begins === 'empty') return state;
  for (;;) {
    const now: State = state;
    const [event] = [
      ...leaderEvents(product, world, now),
      ...now.hosts.flatMap((_, node) => agentEvents(product, world, now, node)),
    ];
    if (event === undefined) return state;
    state = event.next;
  }
}

export function replay(
  world: World, events: readonly number[], tables: Tables = product,
): { readonly state: State; readonly story: readonly string[] } {
  let state = beginningOf(world);
  const story: string[] = [];
  for (const at of events) {
    const event = eventsOf(tables, world, state)[at];
    if (event === undefined) throw new RangeError(`step ${story.length + 1} of the story is not possible any more`);
    story.push(`${story.length + 1}. ${event.says}`);
    state = settled(world, event.next);
  }
  return { state, story };
}

/** Without what nothing can come of any more: a late write that cannot land, and a backup that nobody puts back. */
function settled(world: World, state: State): State {
  const { late, snapshot, faults } = state;
  const isKept = snapshot !== null && faults < world.maxFaults;
  const mayLand = late !== null && (isExpected(late, state.store) || (isKept && isExpected(late, snapshot)));
  if (isKept === (snapshot !== null) && mayLand === (late !== null)) return state;
  return { ...state, late: mayLand ? late : null, snapshot: isKept ? snapshot : null };
}

/** An object is written only over the version that was read; once it is another one, only a restore brings it back. */
function isExpected(late: Late, { vms, tables }: Store): boolean {
  return late.kind === 'vm'
    ? encodeVm(vms[late.at] ?? null) === encodeVm(late.expect)
    : encodeTable(tables[late.at] ?? null) === encodeTable(late.expect);
}

export interface ExploreOptions {
  readonly tables?: Tables;
  readonly maxStates?: number;
  /** Whether every state must be able to come to a good one. */
  readonly liveness?: boolean;
}

export function explore(
  world: World, { tables = product, maxStates = 20_000_000, liveness = true }: ExploreOptions = {},
): Explored {
  const begun = performance.now();
  const folds = {
    nodes: !world.faults.includes('lie') && (world.oldAgents ?? []).length === 0,
    vms: (world.oldAgents ?? []).length === 0 && world.claims === undefined,
    specs: world.claims === undefined,
  };
  const seen = new Seen();
  const visits = new Visits();
  const edges = new Edges();
  const good: number[] = [];
  /** By state: the first visit. */
  const firstVisits: number[] = [0];
  const first = beginningOf(world);
  seen.visit(seen.add(encode(first, world.vms, folds)), first);
  let layer: { readonly state: State; readonly id: number; readonly visit: number }[] = [
    { state: first, id: 0, visit: visits.add(-1, 0) },
  ];
  let [steps, depth] = [0, 0];
  const found = (what: string, visit: number, last?: number): Found => {
    const events = [...visits.path(visit), ...(last === undefined ? [] : [last])];
    return { what, events, story: replay(world, events, tables).story };
  };
  const result = (rest: Partial<Explored>): Explored => ({
    states: seen.size, steps, depth, closed: false, broken: undefined, stuck: undefined,
    milliseconds: performance.now() - begun, ...rest,
  });
  while (layer.length > 0) {
    const next: typeof layer = [];
    for (const { state, id, visit } of layer) {
      if (seen.isOutdone(id, state)) continue;
      const isFirst = seen.look(id);
      if (isFirst) {
        const verified = verifiedIn(tables, world, state);
        const broken = brokenIn(world, state, verified);
        if (broken !== undefined) return result({ broken: found(broken, visit) });
        if (liveness && isGood(world, state, verified)) good.push(id);
      }
      for (const [at, event] of eventsOf(tables, world, state).entries()) {
        steps += 1;
        const wrong = brokenBy(state, event.next, event.says);
        if (wrong !== undefined) return result({ broken: found(wrong, visit, at) });
        const after = settled(world, event.next);
        const known = seen.size;
        const to = seen.add(encode(after, world.vms, folds));
        // What is stuck must come right by itself, not by what else goes wrong.
        if (liveness && isFirst && after.faults === state.faults && after.wishes === state.wishes) edges.add(id, to);
        if (!seen.visit(to, after)) continue;
        const number = visits.add(visit, at);
        if (to === known) firstVisits.push(number);
        next.push({ state: after, id: to, visit: number });
      }
      if (seen.size > maxStates) return result({});
    }
    layer = next;
    depth += 1;
  }
  const dead = liveness ? edges.firstThatNeverReaches(good, seen.size) : undefined;
  return result({
    closed: true,
    stuck: dead === undefined ? undefined : found('nothing good can be reached from here', firstVisits[dead]!),
  });
}
