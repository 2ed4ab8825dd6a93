/**
 * States as short strings of numbers, so that states that differ in names alone are one: names are numbered as they
 * come, counts
 * ranked, nodes and VMs taken in the order that gives the smallest string.
 */
import type { Entry, NodeTable, State, Store, TableSpec, Vm } from './state.ts';

const desires = { Running: 1, Stopped: 2, Removed: 3 };
const mades = { No: 0, Kept: 1, MayBeUnderWay: 2 };

export function encodeVm(vm: Vm | null): string {
  return JSON.stringify(vm);
}

export function encodeTable(table: NodeTable | null): string {
  return JSON.stringify(table);
}

/** Whether nothing that anybody could remember is different. */
export function sameStore(one: Store, other: Store): boolean {
  const known = ({ vms, tables, restore }: Store) => JSON.stringify([
    vms.map((vm) => vm?.run ?? null), tables.map((table) => table?.spec ?? null), restore?.id,
  ]);
  return known(one) === known(other);
}

interface Order {
  readonly nodes: readonly number[];
  readonly uids: readonly number[];
}

class Writer {
  readonly #codes: number[] = [];
  readonly #names = new Map<number, number>();
  readonly #nodeAt: readonly number[];
  readonly #uids: readonly number[];
  readonly #condemned: ReadonlySet<number>;
  /** By UID: the version of the spec that others are told from. */
  readonly #bases: readonly number[];
  /** Numbers of a node's statements that anybody remembers, ascending: how far apart they are says nothing. */
  readonly #statementRanks: readonly (readonly number[])[];

  constructor(
    { nodes, uids }: Order, condemned: readonly number[], bases: readonly number[],
    statementRanks: readonly (readonly number[])[],
  ) {
    this.#bases = bases;
    this.#statementRanks = statementRanks;
    this.#nodeAt = nodes.map((_, node) => nodes.indexOf(node));
    this.#uids = uids;
    this.#condemned = new Set(condemned);
  }

  #baseOf(uid: number): number {
    return this.#bases[uid] ?? 0;
  }

  text(): string {
    return String.fromCharCode(...this.#codes);
  }

  number(value: number): void {
    this.#codes.push(value);
  }

  flags(...values: readonly boolean[]): void {
    this.#codes.push(values.reduce((sum, value) => 2 * sum + Number(value), 1));
  }

  /** What has a name that nobody makes twice; 0 is none. */
  name(name: number): void {
    if (name === 0) {
      this.#codes.push(0);
      return;
    }
    let known = this.#names.get(name);
    if (known === undefined) {
      known = this.#names.size + 1;
      this.#names.set(name, known);
      // Told once, with the name.
      if (this.#condemned.has(name)) known += 1000;
    }
    this.#codes.push(known);
  }

  vm(uid: number, vm: Vm | null): void {
    if (vm === null) {
      this.number(0);
      return;
    }
    this.flags(
      vm.deleted, vm.finalizer, vm.halted, vm.renew, vm.run !== null, vm.run?.open === true,
      vm.spec !== this.#baseOf(uid), vm.run !== null && vm.run.spec !== this.#baseOf(uid),
    );
    this.number(vm.boundTo === null ? 0 : 1 + this.#nodeAt[vm.boundTo]!);
    if (vm.run === null) this.number(vm.past === null ? 0 : 1 + this.#nodeAt[vm.past]!);
    else {
      this.name(vm.run.grant);
      this.number(this.#nodeAt[vm.run.node]!);
    }
  }

  spec(spec: TableSpec | null, rank: (count: number) => number): void {
    if (spec === null) {
      this.number(0);
      return;
    }
    this.flags(spec.seal !== null, spec.fenced);
    this.name(spec.tid);
    this.number(rank(spec.count));
    if (spec.seal !== null) {
      this.name(spec.seal.id);
      this.name(spec.seal.term);
    }
    this.name(spec.restore);
    this.name(spec.session);
    this.number(spec.kept.length);
    for (const grant of spec.kept) this.name(grant);
    this.entries(spec.entries);
  }

  entries(entries: readonly Entry[]): void {
    for (const uid of this.#uids) {
      const entry = entries.find((one) => one.uid === uid);
      this.number(entry === undefined ? 0 : 2 * desires[entry.desired] + Number(entry.spec !== this.#baseOf(uid)));
      if (entry !== undefined) this.name(entry.grant);
    }
  }

  table(table: NodeTable | null, rank: (count: number) => number, node: number): void {
    this.spec(table?.spec ?? null, rank);
    const statement = table?.statement ?? null;
    if (statement === null) {
      this.number(0);
      return;
    }
    this.number(statement.wentBack === 'No' ? 1 : statement.wentBack === 'Yes' ? 2 : 3);
    this.name(statement.session);
    this.number(this.#statementRanks[node]!.indexOf(statement.number));
    this.name(statement.seal);
    for (const uid of this.#uids) {
      const domain = statement.domains.find((one) => one.uid === uid);
      this.number(domain === undefined ? 0 : 1);
      if (domain !== undefined) this.flags(domain.runs, domain.pinned, domain.spec !== this.#baseOf(uid));
      if (domain !== undefined) this.name(domain.grant);
    }
    const answers = statement.answers
      .map(({ grant, desired }) => [this.#names.get(grant) ?? 0, desires[desired], grant] as const)
      .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    this.number(answers.length);
    for (const [, desired, grant] of answers) {
      this.name(grant);
      this.number(desired);
    }
  }

  store(store: Store, { nodes }: Order, ranks: readonly ((count: number) => number)[]): void {
    for (const uid of this.#uids) this.vm(uid, store.vms[uid] ?? null);
    for (const node of nodes) {
      this.table(store.tables[node] ?? null, ranks[node]!, node);
      this.name(store.leases[node]!.session);
      this.number(this.#statementRanks[node]!.indexOf(store.leases[node]!.statement));
      this.flags(store.words[node]!, store.nodes[node]!);
    }
    this.flags(
      store.past, store.restore !== null, store.restore?.found === true,
      store.restore != null && store.restore.accepted !== null,
      ...nodes.map((node) => store.restore?.accepted?.[node] === true),
    );
    if (store.restore !== null) this.name(store.restore.id);
  }
}

/** Counts of one node's tables, wherever they are remembered, by their order alone. */
function ranksOf(state: State, node: number): (count: number) => number {
  const { agent, note } = state.hosts[node]!;
  const late = state.late?.kind === 'table' && state.late.at === node
    ? [state.late.expect?.spec.count, state.late.put.spec.count]
    : [];
  const seen = state.behind?.node === node ? [state.behind.table?.spec.count] : [];
  const counts = [
    ...seen, state.store.tables[node]?.spec.count, state.snapshot?.tables[node]?.spec.count,
    agent?.cache?.count, note?.count, ...late,
  ];
  const sorted = [...new Set(counts.filter((count) => count !== undefined))].sort((a, b) => a - b);
  let rank = 0;
  const ranks = new Map<number, number>();
  // How far counts are apart matters only where the table may come to be older than is remembered. A controller
  // writes a table less
  // often than six times before it needs its agent's answer.
  const isNewest = state.snapshot === null
    && (sorted.length === 0 || sorted.at(-1) === state.store.tables[node]?.spec.count);
  for (const [at, count] of sorted.entries()) {
    if (at > 0) rank += isNewest ? 1 : Math.min(6, count - sorted[at - 1]!);
    ranks.set(count, rank);
  }
  return (count) => ranks.get(count) ?? 0;
}

function statementsOf({ store, snapshot, hosts, late, behind }: State, node: number): readonly number[] {
  const lates = late?.kind === 'table' && late.at === node
    ? [late.expect?.statement?.number, late.put.statement?.number]
    : [];
  const seen = behind?.node === node ? [behind.table?.statement?.number] : [];
  const numbers = [
    ...seen, hosts[node]!.agent?.statements, store.tables[node]?.statement?.number, store.leases[node]!.statement,
    snapshot?.tables[node]?.statement?.number, snapshot?.leases[node]!.statement, ...lates,
  ];
  return [...new Set(numbers.filter((number) => number !== undefined))].sort((a, b) => a - b);
}

function encodeBy(
  state: State, order: Order, ranks: readonly ((count: number) => number)[], bases: readonly number[],
): string {
  const writer = new Writer(order, state.condemned, bases, state.hosts.map((_, node) => statementsOf(state, node)));
  writer.store(state.store, order, ranks);
  for (const node of order.nodes) {
    const { on, note, agent, domains, disks } = state.hosts[node]!;
    writer.flags(
      on, note !== null, note?.wentBack === true, agent !== null, agent?.stated === true, agent?.old === true,
      state.alive[node]!, state.excused[node]!, state.leader.agreed[node]!,
    );
    if (note !== null) {
      writer.name(note.tid);
      writer.number(ranks[node]!(note.count));
      writer.name(note.seal);
      writer.name(note.restore);
      if (note.wentBack) writer.name(note.under);
    }
    if (agent !== null) {
      writer.name(agent.session);
      writer.number(statementsOf(state, node).indexOf(agent.statements));
      writer.spec(agent.cache, ranks[node]!);
    }
    for (const uid of order.uids) {
      const domain = domains[uid] ?? null;
      writer.flags(
        domain !== null, domain?.live === true, domain?.job === true, domain?.pinned === true,
        domain !== null && domain.spec !== (bases[uid] ?? 0), disks[uid]!,
      );
      if (domain !== null) {
        writer.name(domain.grant);
        // Of a process that is gone, nobody asks which it was.
        writer.flags(domain.by === agent?.process);
      }
    }
    const lost = state.leader.lost[node] ?? null;
    writer.number(lost === null ? 0 : 1);
    if (lost !== null) writer.entries(lost);
  }
  writer.name(state.leader.term);
  writer.flags(state.leader.remembersMore, state.lied);
  for (const uid of order.uids) {
    writer.number(mades[state.leader.made[uid]!]);
    writer.flags(state.leader.unbound[uid]!);
  }
  writer.number(state.late === null ? 0 : state.late.kind === 'vm' ? 1 : 2);
  if (state.late?.kind === 'vm') {
    writer.number(order.uids.indexOf(state.late.at));
    writer.vm(state.late.at, state.late.expect);
    writer.vm(state.late.at, state.late.put);
  } else if (state.late?.kind === 'table') {
    writer.number(order.nodes.indexOf(state.late.at));
    writer.table(state.late.expect, ranks[state.late.at]!, state.late.at);
    writer.table(state.late.put, ranks[state.late.at]!, state.late.at);
  }
  writer.number(state.behind === null ? 0 : 1 + order.nodes.indexOf(state.behind.node));
  if (state.behind !== null) writer.table(state.behind.table, ranks[state.behind.node]!, state.behind.node);
  writer.number(state.snapshot === null ? 0 : 1);
  if (state.snapshot !== null) writer.store(state.snapshot, order, ranks);
  return writer.text();
}

export interface Folds {
  readonly nodes: boolean;
  readonly vms: boolean;
  /** Versions of a spec claim the same. */
  readonly specs: boolean;
}

/**
 * Without what may still go wrong and be wished for: the fewer of either have been, the more can come.
 * @param folds nodes and VMs that may change places; what tells them apart, as which of them lies, forbids it.
 */
export function encode(state: State, vms: number, folds: Folds): string {
  const nodes = state.hosts.map((_, node) => node);
  const uids = state.store.vms.map((_, uid) => uid);
  const nodeOrders = folds.nodes && nodes.length === 2 ? [[0, 1], [1, 0]] : [nodes];
  const uidOrders = folds.vms && vms === 2 ? [uids, uids.map((uid) => (uid % 2 === 0 ? uid + 1 : uid - 1))] : [uids];
  const ranks = nodes.map((node) => ranksOf(state, node));
  const bases = folds.specs ? state.store.vms.map((vm) => vm?.spec ?? 0) : [];
  let least: string | undefined;
  for (const nodeOrder of nodeOrders) {
    for (const uidOrder of uidOrders) {
      const text = encodeBy(state, { nodes: nodeOrder, uids: uidOrder }, ranks, bases);
      if (least === undefined || text < least) least = text;
    }
  }
  return least!;
}
