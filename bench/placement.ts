/**
 * Placement decisions a second on one core: decide, commit, and one release for each placement.
 *
 *     npm run bench:placement [-- --hosts 5000 --decisions 60000]
 *
 * Seeded: the same decisions every time. Decisions a second are by CPU time of the whole process, garbage collection
 * included, since other work on the machine would count in elapsed time; percentiles are of elapsed time. Before each
 * slice of 200 decisions, the next one is also answered by a rescan on the same state (every host evaluated by the
 * same rules, the best taken), and must come out the same.
 */
import { parseArgs } from 'node:util';
import type { Decision } from '../src/realtime/decision.ts';
import type { Guest } from '../src/realtime/guest.ts';
import type { Placement } from '../src/realtime/placement.ts';
import { claimOf } from '../src/realtime/place/claim.ts';
import { Cluster } from '../src/realtime/place/cluster.ts';
import { demandOf } from '../src/realtime/place/demand.ts';
import { fitHost } from '../src/realtime/place/fit-host.ts';
import { HostState } from '../src/realtime/place/host-state.ts';
import { formatRefusal } from '../src/realtime/place/refusal-groups.ts';
import { sampleGuest } from '../src/realtime/place/sample-hosts.ts';
import { benchHosts, fill, freeCpus, pick, refusedShapes, shapes } from './placement-cluster.ts';
import { random } from './random.ts';

const slice = 200;
const warmUpSlices = 25;

const { values } = parseArgs({
  options: { hosts: { type: 'string', default: '5000' }, decisions: { type: 'string', default: '60000' } },
});
const slices = Math.ceil(Number(values.decisions) / slice);
const next = random(20_261_122);
const hosts = benchHosts(Number(values.hosts));
const held = fill(hosts, next);
const cluster = new Cluster(hosts, held);
const rescanned = new Map(hosts.map((host) => [host.name, new HostState(host, cluster.held(host.name).map(claimOf))]));
const everyShape = [...shapes, ...refusedShapes];

const fullness = (): number => {
  const free = hosts.reduce((sum, { name }) => sum + freeCpus(cluster, name), 0);
  return 1 - free / hosts.reduce((sum, { dedicatedCpus }) => sum + dedicatedCpus.size, 0);
};

/** The host that a look at all of them finds best. */
function rescan(guest: Guest): string | undefined {
  const demand = demandOf(guest);
  const score = (host: HostState) =>
    (demand.dedicatedCpus > 0 ? host.freeCpus : host.floatingRoom) * (guest.packing === 'Spread' ? -1 : 1);
  let best: HostState | undefined;
  for (const host of rescanned.values()) {
    if (fitHost(host, demand) !== undefined && (best === undefined || score(host) < score(best))) best = host;
  }
  return best?.name;
}

const uids = held.map(({ uid }) => uid);
const claims = new Map(held.map((placement) => [placement.uid, claimOf(placement)]));
/** What the rescanned copy has still to be told. */
let news: { readonly come: string; readonly placement: Placement; readonly gone: string }[] = [];

function catchUp(): void {
  for (const { come, placement, gone } of news) {
    const claim = claimOf({ uid: come, placement });
    rescanned.get(placement.host)!.add(claim);
    claims.set(come, claim);
    rescanned.get(claims.get(gone)!.placement.host)!.remove(claims.get(gone)!);
    claims.delete(gone);
  }
  news = [];
}

interface Timed {
  readonly decision: Decision;
  readonly elapsedMicros: number;
}

/** One decision; where it places, its commit and the release of somebody else. */
function step(guest: Guest, come: string): Timed {
  const leaving = Math.floor(next() * uids.length);
  const gone = uids[leaving]!;
  const from = process.hrtime.bigint();
  const decision = cluster.decide(guest);
  if (decision.kind === 'placed') {
    cluster.commit(come, decision.placement);
    cluster.release(gone);
  }
  const elapsedMicros = Number(process.hrtime.bigint() - from) / 1000;
  if (decision.kind === 'placed') {
    uids[leaving] = come;
    news.push({ come, placement: decision.placement, gone });
  }
  return { decision, elapsedMicros };
}

const cpuMicros = (since: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since);
  return user + system;
};

let decisionCpuMicros = 0;
const micros: number[] = [];
const rescanMicros: number[] = [];
const refusals = new Map<string, number>();
const fullBefore = fullness();

for (let index = 0; index < slices + warmUpSlices; index += 1) {
  const measured = index >= warmUpSlices;
  const picked = Array.from({ length: slice }, () => pick(everyShape, next));
  catchUp();
  const beforeRescan = process.cpuUsage();
  const expected = rescan(picked[0]!.guest);
  if (measured) rescanMicros.push(cpuMicros(beforeRescan));
  const beforeSlice = process.cpuUsage();
  const timed = picked.map(({ guest }, offset) => step(guest, `vm-${index}-${offset}`));
  const sliceCpuMicros = cpuMicros(beforeSlice);
  const { decision } = timed[0]!;
  const host = decision.kind === 'placed' ? decision.placement.host : undefined;
  if (host !== expected)
    throw new Error(`${picked[0]!.name}: the index chose ${host ?? 'none'}, a rescan ${expected ?? 'none'}`);
  if (!measured) continue;
  decisionCpuMicros += sliceCpuMicros;
  timed.forEach(({ decision: { kind }, elapsedMicros }, offset) => {
    micros.push(elapsedMicros);
    const { name } = picked[offset]!;
    if (kind === 'refused') refusals.set(name, (refusals.get(name) ?? 0) + 1);
  });
}

/** Decisions for shapes that were never asked for before, in µs: nothing is known about any host. */
function unseen(guestOf: (index: number) => Guest, wanted: 'placed' | 'refused'): number[] {
  return Array.from({ length: 50 }, (_, index) => {
    const guest = guestOf(index);
    const from = process.hrtime.bigint();
    const { kind } = cluster.decide(guest);
    const took = Number(process.hrtime.bigint() - from) / 1000;
    if (kind !== wanted) throw new Error(`unseen shape ${index} was ${kind}`);
    return took;
  });
}
const unseenPlaced = unseen(
  (index) => sampleGuest({ vcpus: 2, memoryMiB: 300 + 2 * index, pageSize: '2Mi' }),
  'placed',
);
const unseenRefused = unseen((index) => ({ ...refusedShapes[1]!.guest, ioThreads: index + 1 }), 'refused');

/** What one stretch of work holds the thread: its own CPU time, and what passed meanwhile, in µs. */
interface Held {
  readonly cpuMicros: number;
  readonly elapsedMicros: number;
}

function heldBy(work: () => void): Held {
  const cpu = process.threadCpuUsage();
  const from = process.hrtime.bigint();
  work();
  const elapsedMicros = Number(process.hrtime.bigint() - from) / 1000;
  const { user, system } = process.threadCpuUsage(cpu);
  return { cpuMicros: user + system, elapsedMicros };
}

/** All slices of looking at every host for a shape never seen before, and then the decision with its words. */
function slicesOf(guest: Guest): readonly Held[] {
  const steps = cluster.consider(guest);
  const slices: Held[] = [];
  for (let isDone = false; !isDone;) slices.push(heldBy(() => void (isDone = steps.next().done === true)));
  const decision = heldBy(() => {
    const answer = cluster.decide(guest);
    if (answer.kind === 'placed') throw new Error('a shape that no host holds was placed');
    formatRefusal(answer.groups);
  });
  return [...slices, decision];
}
const sliced = refusedShapes.flatMap(({ guest }) =>
  Array.from({ length: 10 }, (_, index) => slicesOf({ ...guest, ioThreads: 100 + index })),
);

/** Hosts by the reason for which they refuse a shape, and what reading that took, in µs. */
function reasons(guest: Guest): { readonly hosts: string; readonly micros: number } {
  const decision = cluster.decide(guest);
  if (decision.kind === 'placed') throw new Error('a shape that no host holds was placed');
  const from = process.hrtime.bigint();
  const groups = decision.groups.map(({ reason, hosts: { length } }) => ({ reason, length }));
  const took = Number(process.hrtime.bigint() - from) / 1000;
  const byReason = Map.groupBy(groups, ({ reason }) => reason);
  return {
    micros: took,
    hosts: [...byReason]
      .map(([reason, members]) => `${reason} on ${sum(members.map(({ length }) => length))} hosts`)
      .join(', '),
  };
}

const sum = (figures: readonly number[]) => figures.reduce((total, figure) => total + figure, 0);
const percentile = (figures: readonly number[], share: number) =>
  [...figures].sort((one, other) => one - other)[Math.min(figures.length - 1, Math.floor(figures.length * share))]!;
const us = (figure: number) => `${figure.toFixed(1)} µs`;
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const mean = decisionCpuMicros / micros.length;
const rescanMean = sum(rescanMicros) / rescanMicros.length;

console.log(
  `placement: ${hosts.length} hosts of 64 CPUs, ${held.length} VMs, ${percent(fullBefore)} of dedicated CPUs taken before and ${percent(fullness())} after, node ${process.versions.node}`,
);
console.log(
  `  ${Math.round(1e6 / mean).toLocaleString('en')} decisions a CPU-second (decide + commit + release; ${us(mean)} each), elapsed p50 ${us(percentile(micros, 0.5))}, p99 ${us(percentile(micros, 0.99))}, max ${us(percentile(micros, 1))}, over ${micros.length} after ${warmUpSlices * slice} to warm up`,
);
console.log(
  `  ${percent(sum([...refusals.values()]) / micros.length)} refused: ${[...refusals].map(([name, count]) => `${name}: ${count}`).join('; ')}`,
);
for (const { name, guest } of refusedShapes) {
  const { hosts: byReason, micros: took } = reasons(guest);
  console.log(`    ${name}: ${byReason}; grouped on reading, in ${us(took)}`);
}
console.log(
  `  rescan of all hosts (decide alone, ${rescanMicros.length} of the same decisions, interleaved, same answers): ${us(rescanMean)} each, ×${(rescanMean / mean).toFixed(0)}`,
);
console.log(
  `  a shape never seen before: placed p50 ${us(percentile(unseenPlaced, 0.5))}, max ${us(percentile(unseenPlaced, 1))}; refused by all hosts, with reasons: p50 ${us(percentile(unseenRefused, 0.5))}, max ${us(percentile(unseenRefused, 1))}`,
);
const stretches = sliced.flat();
console.log(
  `  the same in slices, and then the decision with its words: at most ${Math.max(...sliced.map(({ length }) => length))} stretches; `
    + `the longest takes ${us(Math.max(...stretches.map(({ cpuMicros }) => cpuMicros)))} of the thread's CPU time, `
    + `${us(Math.max(...stretches.map(({ elapsedMicros }) => elapsedMicros)))} elapsed (p99 ${us(percentile(stretches.map(({ elapsedMicros }) => elapsedMicros), 0.99))})`,
);
