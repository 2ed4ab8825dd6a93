/** Plays a story on a simulated cluster, and judges what came of it: at every step, and when all faults are over. */
import { breachesIn } from '../integration/support/chaos-checker.ts';
import { forgottenBy } from '../integration/support/chaos-leftovers.ts';
import { storyOf } from '../integration/support/chaos-story.ts';
import { SimulatedCluster } from './cluster.ts';
import { endDoubles, endWhatWasHidden } from './doubles.ts';
import { renamedEntries } from './entries.ts';
import { Fences } from './fences.ts';
import { happen } from './happen.ts';
import { capacity } from './machine-facts.ts';
import { gold, linux } from './people.ts';
import { Recorder } from './recorder.ts';
import { acceptRestore } from './restore.ts';
import type { StoryEvent } from './story.ts';
import { unfulfilled } from './unfulfilled.ts';
import { Verdicts } from './verdicts.ts';
import { namespace, World } from './world.ts';

const worlds = {
  cluster: { nodes: ['n1', 'n2', 'n3'], controllers: ['c1', 'c2'] },
  /** The one process is controller and agent. */
  host: { nodes: ['host'], controllers: ['host'] },
} as const;
export type Where = keyof typeof worlds;

/** Leaders are elected, nodes known. */
const beginMs = 90_000;
/** How often verdicts are looked at. */
const lookMs = 5000;
/**
 * Once faults are over, whatever is wished is so, or says why not, within two of the longest pauses that there are:
 * five minutes.
 */
const settleMs = 900_000;

export interface Played {
  readonly breaches: readonly string[];
  readonly log: string;
  /** What the VMs went through that a breach names. */
  readonly story: readonly string[];
  readonly virtualMs: number;
}

export async function play(seed: number, events: readonly StoryEvent[], where: Where = 'cluster'): Promise<Played> {
  const { nodes, controllers } = worlds[where];
  const breaches = new Set<string>();
  const recorder = new Recorder(() => cluster.clock.nowMs());
  const fences = new Fences();
  using cluster: SimulatedCluster = new SimulatedCluster(seed, {
    written: (write) => {
      recorder.written(write);
      for (const breach of [...fences.written(write, cluster.clock.nowMs()), ...renamedEntries(write)]) breaches.add(breach);
    },
    host: (node, record) => recorder.host(node, record),
  }, where === 'host');
  const verdicts = new Verdicts();
  const world = new World(cluster, recorder, nodes, controllers);
  /** Whether the API can have been told what is: a status is as old as the last write that got through. */
  const canBeTold = () => cluster.network.lossRate === 0
    && controllers.every((name) => cluster.processes.get(name)?.state === 'runs' && !cluster.network.isCut(name));
  const look = () => {
    if (!canBeTold()) verdicts.forget();
    for (const breach of verdicts.look(cluster.clock.nowMs(), world.vms, (node) => world.seen(node))) {
      // Its figure grows with every look.
      breaches.add(breach.replace(/ for \d+ s,/, ' for too long,'));
    }
  };
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= lookMs) {
      await cluster.clock.pass(Math.min(left, lookMs));
      look();
    }
  };
  cluster.put('Namespace', { metadata: { name: namespace, labels: { 'kubernetes.io/metadata.name': namespace } } });
  await world.person.create(gold);
  await world.person.create(linux);
  for (const node of nodes) cluster.addNode(node);
  for (const name of [...nodes, ...controllers]) cluster.start(name);
  await pass(beginMs);
  for (const event of events) {
    await pass(event.afterMs);
    await happen(world, event);
  }
  world.endAll();
  // Whatever a backup says of them.
  for (const node of nodes) cluster.put('Node', cluster.nodeObject(node));
  await pass(settleMs / 3);
  acceptRestore(world);
  for (const breach of endDoubles(world)) breaches.add(breach);
  endWhatWasHidden(world);
  await pass(settleMs);
  const hosts = nodes.map((name) => ({
    name, domains: cluster.hosts.get(name)!.domains, disks: cluster.files.get(name)!.disks,
    shows: (uid: string) => world.shows(name, uid),
  }));
  const forgotten = forgottenBy(recorder.events);
  const isLost = (node: string, uid: string) => world.lost.has(uid) || world.haveLied.has(node)
    || forgotten.has(`${node} ${uid}`);
  for (const sentence of unfulfilled(world.vms, hosts, isLost)) breaches.add(sentence);
  for (const breach of breachesIn(recorder.events, capacity)) breaches.add(breach);
  const found = [...breaches];
  return {
    breaches: found, log: cluster.log, story: storyOf(found, recorder.events, recorder.times, 60),
    virtualMs: cluster.clock.nowMs(),
  };
}
