/** What happens to processes, hosts and the network without anybody's wish. */
import type { Lease } from '../../src/store/foreign.ts';
import { people } from './people.ts';
import { at, leaderLease, longestMs } from './world.ts';
import type { Happens, World } from './world.ts';

const minuteMs = 60_000;

/** Takes the power of a host; its agent is back when the host is. */
export function cutPower(world: World, node: string, ms: number): void {
  const { cluster, dark } = world;
  if (dark.has(node)) return;
  const host = cluster.hosts.get(node)!;
  dark.add(node);
  cluster.kill(node);
  for (const { xml } of host.running()) world.endsByHand(node, xml);
  host.cutPower();
  world.lasts(`power of ${node}`, ms, () => {
    dark.delete(node);
    host.startDaemon();
    startAgain(world, node);
  });
}

/** Where nothing keeps it from running. */
export function startAgain({ cluster, dark, lying }: World, name: string): void {
  if (!dark.has(name) && !lying.has(name)) cluster.start(name);
}

/** It is killed, and started again after a while. */
export function killFor(world: World, name: string, ms: number): void {
  if (!world.cluster.processes.has(name)) return;
  world.cluster.kill(name);
  world.lasts(`restart of ${name}`, ms, () => startAgain(world, name));
}

function freeze(world: World, name: string, ms: number): void {
  const process = world.cluster.processes.get(name);
  process?.freeze();
  world.lasts(`freeze of ${name}`, ms, () => process?.thaw());
}

export const accidents = {
  'kill agent': (world, { node, how }) => killFor(world, node, how * how * longestMs),
  'kill controller': (world, { controller, how }) => killFor(world, controller, how * how * longestMs),
  'freeze agent': (world, { node, how }) => freeze(world, node, how * longestMs),
  'freeze controller': (world, { controller, how }) => freeze(world, controller, how * longestMs),
  'guest ends': (world, { node, how }) => {
    const domain = at(world.cluster.hosts.get(node)!.running().filter(({ run }) => run === 'running'), how);
    if (domain !== undefined) world.end(node, domain, how < 0.5 ? 'shutdown' : 'crashed');
  },
  'guests are deaf': (world, { node, how }) => {
    const host = world.cluster.hosts.get(node)!;
    host.guestsAnswer = false;
    world.lasts(`deafness on ${node}`, how * longestMs, () => { host.guestsAnswer = true; });
  },
  'thread drifts': ({ cluster }, { node, how }) => {
    const host = cluster.hosts.get(node)!;
    const domain = at(host.running().filter(({ process }) => process !== undefined), how);
    if (domain !== undefined) host.disturb(domain.uuid, 'CPU 1/KVM', { policy: 'OTHER', priority: 0 });
  },
  'libvirt away': (world, { node, how }) => {
    const host = world.cluster.hosts.get(node)!;
    host.stopDaemon();
    world.lasts(`libvirt of ${node}`, how * longestMs, () => world.dark.has(node) || host.startDaemon());
  },
  'disk full': (world, { node, how }) => {
    const files = world.cluster.files.get(node)!;
    files.isFull = true;
    world.lasts(`disk of ${node}`, how * longestMs, () => { files.isFull = false; });
  },
  'network cut': (world, { who, how }) => {
    const { network } = world.cluster;
    const name = at([...world.nodes, ...world.controllers], who)!;
    network.cut(name);
    world.lasts(`network of ${name}`, how * longestMs, () => network.mend(name));
  },
  'answers lost': (world, { how }) => {
    const { network } = world.cluster;
    network.lossRate = 0.2;
    world.lasts('loss', how * longestMs, () => { network.lossRate = 0; });
  },
  'messages late and twice': (world, { how }) => {
    const { network } = world.cluster;
    network.lossRate = 0.4;
    network.strayRate = 0.8;
    world.lasts('loss', how * longestMs, () => {
      network.lossRate = 0;
      network.strayRate = 0;
    });
  },
  // A pipeline applies its VMs; what the leader has sent for them is late, and comes when another one leads.
  'leader dies amid messages': async (world, chosen) => {
    const { cluster } = world;
    const { how } = chosen;
    const { network } = cluster;
    const { holderIdentity = '' } = (cluster.server.find('Lease', leaderLease) as Lease | undefined)?.spec ?? {};
    network.lossRate = 0.3;
    network.strayRate = 1;
    await people.create(world, chosen);
    await people.restart(world, chosen);
    world.lasts('loss', 20_000, () => {
      network.lossRate = 0;
      network.strayRate = 0;
    });
    cluster.clock.after(Math.ceil(1 + how * 5000), () => {
      killFor(world, holderIdentity.split('_')[0] ?? '', (0.5 + how) * longestMs);
    });
  },
  'power cut': (world, { node, how }) => cutPower(world, node, how * longestMs),
  'host reboots': (world, { node, how }) => cutPower(world, node, 1000 + how * minuteMs / 2),
  'wall clock steps': ({ cluster }, { how }) => cluster.clock.stepWall(Math.round((how - 0.5) * 4 * minuteMs)),
} satisfies Readonly<Record<string, Happens>>;
