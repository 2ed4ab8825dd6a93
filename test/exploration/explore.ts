/** Breadth first over every state of a world, each once; what is found is told as a story. */
import { agentEvents } from './agent.ts';
import { brokenBy, brokenIn, isGood } from './checker.ts';
import { encode } from './encode.ts';
import { environmentEvents } from './environment.ts';
import { leaderEvents } from './leader.ts';
import type { Event } from './leader.ts';
import type { State } from './state.ts';
import { Seen } from './seen.ts';
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

export function verifiedIn({ whyNotVerified }: Tables, state: State): readonly number[] {
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
        domains: table.statement.domains.map(({ grant, runs }) => ({
          grant: String(grant), uid: String(uid), vm: '', verdict: runs ? 'Verified' : 'Unknown',
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
    state = event.next;
  }
  return { state, story };
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
    vms: (world.oldAgents ?? []).length === 0,
  };
  const seen = new Seen();
  const edges = new Edges();
  const good: number[] = [];
  const first = beginningOf(world);
  seen.add(encode(first, world.vms, folds), -1, 0);
  let layer: { readonly state: State; readonly id: number }[] = [{ state: first, id: 0 }];
  let [steps, depth] = [0, 0];
  const found = (what: string, id: number, last?: number): Found => {
    const events = [...seen.path(id), ...(last === undefined ? [] : [last])];
    return { what, events, story: replay(world, events, tables).story };
  };
  const result = (rest: Partial<Explored>): Explored => ({
    states: seen.size, steps, depth, closed: false, broken: undefined, stuck: undefined,
    milliseconds: performance.now() - begun, ...rest,
  });
  while (layer.length > 0) {
    const next: typeof layer = [];
    for (const { state, id } of layer) {
      const verified = verifiedIn(tables, state);
      const broken = brokenIn(state, verified);
      if (broken !== undefined) return result({ broken: found(broken, id) });
      if (liveness && isGood(state, verified)) good.push(id);
      for (const [at, event] of eventsOf(tables, world, state).entries()) {
        steps += 1;
        const wrong = brokenBy(state, event.next, event.says);
        if (wrong !== undefined) return result({ broken: found(wrong, id, at) });
        const known = seen.size;
        const to = seen.add(encode(event.next, world.vms, folds), id, at);
        if (liveness) edges.add(id, to);
        if (to === known) next.push({ state: event.next, id: to });
      }
      if (seen.size > maxStates) return result({});
    }
    layer = next;
    depth += 1;
  }
  const dead = liveness ? edges.firstThatNeverReaches(good, seen.size) : undefined;
  return result({
    closed: true, stuck: dead === undefined ? undefined : found('nothing good can be reached from here', dead),
  });
}

/** Steps from state to state, for looking backward. */
class Edges {
  #from = new Int32Array(1 << 16);
  #to = new Int32Array(1 << 16);
  #count = 0;

  add(from: number, to: number): void {
    if (from === to) return;
    if (this.#count === this.#from.length) [this.#from, this.#to] = [grown(this.#from), grown(this.#to)];
    this.#from[this.#count] = from;
    this.#to[this.#count] = to;
    this.#count += 1;
  }

  firstThatNeverReaches(good: readonly number[], states: number): number | undefined {
    const offsets = new Int32Array(states + 1);
    for (let edge = 0; edge < this.#count; edge += 1) offsets[this.#to[edge]! + 1]! += 1;
    for (let state = 0; state < states; state += 1) offsets[state + 1]! += offsets[state]!;
    const sources = new Int32Array(this.#count);
    const filled = offsets.slice(0, states);
    for (let edge = 0; edge < this.#count; edge += 1) {
      const to = this.#to[edge]!;
      sources[filled[to]!] = this.#from[edge]!;
      filled[to]! += 1;
    }
    const reaches = new Uint8Array(states);
    const open = [...good];
    for (const id of good) reaches[id] = 1;
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      for (let at = offsets[id]!; at < offsets[id + 1]!; at += 1) {
        const source = sources[at]!;
        if (reaches[source] === 1) continue;
        reaches[source] = 1;
        open.push(source);
      }
    }
    const dead = reaches.indexOf(0);
    return dead < 0 ? undefined : dead;
  }
}

function grown(list: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(list.length * 2);
  larger.set(list);
  return larger;
}
