/** What administrators do, by mistake or not, and what they say of machines. */
import type { Draft } from '../../src/store/resource.ts';
import { cutPower, killFor } from './accidents.ts';
import { lie } from './liar.ts';
import { gold, linux, write } from './people.ts';
import { acceptRestore, restore } from './restore.ts';
import { stranger } from './stranger.ts';
import { longestMs, namespace, outOfService, systemNamespace } from './world.ts';
import type { Happens, World } from './world.ts';

/** Its guest has switched off by then. */
const moveMs = 15_000;

/** A person says that the machine is off; some time later the word is taken back. */
function sayOff(world: World, node: string, ms: number): void {
  world.calledOff.add(node);
  world.cluster.setNode(node, { taints: [outOfService] }, 'Unknown');
  world.lasts(`word on ${node}`, ms, () => {
    world.calledOff.delete(node);
    world.cluster.setNode(node, { taints: [] }, 'True');
  });
}

async function remove(
  world: World, kind: 'RealtimeAllocation' | 'RealtimeNode' | 'RealtimeVMClass', name: string,
): Promise<void> {
  await world.person.delete(kind, { name }).catch(() => undefined);
}

/** It may be there, in a cluster that was restored. */
function makeAgain(world: World, draft: Draft<'RealtimeVMClass' | 'RealtimeImage'>): void {
  void world.person.create(draft).catch(() => undefined);
}

function cordon(world: World, node: string, ms: number): void {
  world.cluster.setNode(node, { unschedulable: true });
  world.lasts(`cordon of ${node}`, ms, () => world.cluster.setNode(node, { unschedulable: false }));
}

export const administration = {
  'given up': (world, { node, how }) => {
    if (world.dark.has(node) || world.calledOff.has(node) || world.lying.has(node)) return;
    cutPower(world, node, how * longestMs);
    sayOff(world, node, (how + 0.5) * longestMs);
  },
  // Half of the time nobody would contradict it: the agent is away, and its Lease lapses.
  'false word': (world, { node, how }) => {
    if (world.dark.has(node) || world.calledOff.has(node) || world.lying.has(node)) return;
    world.note({ type: 'falseWord', node });
    world.deceived.add(node);
    if (how < 0.5) killFor(world, node, longestMs);
    sayOff(world, node, (how + 0.5) * longestMs);
  },
  // Where its disks let it go elsewhere.
  move: async (world, { vm }) => {
    const node = vm?.status?.run?.node;
    if (vm === undefined || node === undefined) return;
    cordon(world, node, longestMs / 3);
    await write(world, vm, { runStrategy: 'Halted' });
    world.cluster.clock.after(moveMs, () => {
      const now = world.vms.find(({ metadata: { uid, deletionTimestamp } }) => uid === vm.metadata.uid && deletionTimestamp === undefined);
      void write(world, now, { runStrategy: 'Always' });
    });
  },
  cordon: (world, { node, how }) => cordon(world, node, how * longestMs),
  drain: async (world, { node, how }) => {
    cordon(world, node, how * longestMs);
    const guard = [...world.cluster.server.all('Pod').values()]
      .find((pod) => (pod as unknown as { readonly spec: { readonly nodeName?: string } }).spec.nodeName === node);
    if (guard === undefined) return;
    world.note({ type: 'drained', node });
    await world.person.deleteForeign('Pod', { namespace: systemNamespace, name: guard.metadata.name });
  },
  'node deleted': (world, { node, how }) => {
    const { cluster, calledOff } = world;
    const object = cluster.server.find('Node', { name: node });
    if (object === undefined || calledOff.has(node)) return;
    cluster.remove('Node', object);
    world.lasts(`absence of Node ${node}`, how * longestMs, () => cluster.put('Node', cluster.nodeObject(node)));
  },
  'table deleted': (world, { node }) => remove(world, 'RealtimeAllocation', node),
  'realtime node deleted': (world, { node }) => remove(world, 'RealtimeNode', node),
  'class deleted': async (world, { how }) => {
    world.lasts('absence of the class', how * longestMs, () => makeAgain(world, gold));
    await remove(world, 'RealtimeVMClass', gold.metadata.name);
  },
  'image deleted': async (world, { how }) => {
    world.lasts('absence of the image', how * longestMs, () => makeAgain(world, linux));
    await world.person.delete('RealtimeImage', { namespace, name: linux.metadata.name }).catch(() => undefined);
  },
  'finalizers stripped': async (world, { vm }) => {
    if (vm === undefined) return;
    world.lost.add(vm.metadata.uid);
    await world.person.delete('RealtimeVM', vm.metadata);
    const left = await world.person.get('RealtimeVM', { namespace, name: vm.metadata.name });
    if (left?.metadata.uid !== vm.metadata.uid) return;
    await world.person.update({ ...left, metadata: { ...left.metadata, finalizers: [] } });
  },
  'agent restarted': (world, { node }) => killFor(world, node, 0),
  'controller restarted': (world, { controller }) => killFor(world, controller, 0),
  'agent lies': lie,
  stranger,
  'restore accepted': acceptRestore,
  'data restored': (world, { how }) => restore(world, how < 0.5),
  // As the manual of etcd has it: whatever writes is stopped first.
  'restored while nobody leads': (world, { how }) => {
    if (world.backup !== undefined) for (const name of world.controllers) killFor(world, name, how * 60_000);
    restore(world, how < 0.5);
  },
} satisfies Readonly<Record<string, Happens>>;
