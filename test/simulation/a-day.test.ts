import { expect, test } from 'vitest';
import type { Stored } from '../../src/store/resource.ts';
import { SimulatedCluster } from './cluster.ts';

const hourMs = 3_600_000;
const nodes = ['n1', 'n2', 'n3'];
const names = ['press', 'relay', 'radio', 'robot', 'desk'];

type Vm = Stored<'RealtimeVM'>;

const isReady = (vm: Vm) => vm.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;

/** A realtime VM that takes a core for itself, with a disk that binds it to its node where asked. */
async function create(cluster: SimulatedCluster, name: string): Promise<void> {
  const bound = cluster.random.fraction() < 0.3;
  await passing(cluster, cluster.store.create({
    kind: 'RealtimeVM',
    metadata: { namespace: 'plant', name },
    spec: {
      cpu: { vcpus: 2, policy: 'Mixed', realtime: { priority: 5 } },
      memory: { size: '64Mi', pageSize: '2Mi' },
      disks: [{ name: 'data', emptySize: '1Mi', persistence: bound ? 'NodeLocal' : 'Ephemeral' }],
    } as never,
  }));
}

/** Waits for a call while time goes on. */
async function passing<Result>(cluster: SimulatedCluster, call: Promise<Result>): Promise<Result> {
  const [, result] = await Promise.all([cluster.clock.pass(1000), call]);
  return result;
}

const vmsOf = (cluster: SimulatedCluster) => [...cluster.server.all('RealtimeVM').values()] as unknown as Vm[];

const kindsOfEvent = [
  'create', 'create', 'halt', 'start', 'restart', 'delete', 'guest ends', 'drift', 'agent', 'controller', 'wall',
] as const;

/** Something that happens in a plant: to VMs by their owners, to hosts by themselves, to rtvm by its administrator. */
async function event(cluster: SimulatedCluster): Promise<void> {
  const { random, clock, store } = cluster;
  const pick = <Item>(items: readonly Item[]): Item | undefined => items[Math.floor(random.fraction() * items.length)];
  const missing = names.filter((name) => !vmsOf(cluster).some(({ metadata }) => metadata.name === name));
  const vm = pick(vmsOf(cluster).filter(({ metadata }) => metadata.deletionTimestamp === undefined));
  const node = pick(nodes)!;
  const host = cluster.hosts.get(node)!;
  const domain = pick(host.running());
  const write = async (spec: Partial<Vm['spec']>) => {
    if (vm === undefined) return;
    // What was read may be old by now; a person would try again.
    await passing(cluster, store.update({ ...vm, spec: { ...vm.spec, ...spec } }).catch(() => undefined));
  };
  switch (pick(kindsOfEvent)!) {
    case 'create':
      if (missing.length > 0) await create(cluster, pick(missing)!);
      break;
    case 'halt':
      await write({ runStrategy: 'Halted' });
      break;
    case 'start':
      await write({ runStrategy: 'Always' });
      break;
    case 'restart':
      await write({ restartedAt: clock.date().toISOString() });
      break;
    case 'delete':
      if (vm !== undefined) await passing(cluster, store.delete('RealtimeVM', vm.metadata));
      break;
    case 'guest ends':
      if (domain !== undefined) host.end(domain.uuid, pick(['shutdown', 'crashed'] as const)!);
      break;
    case 'drift':
      if (domain !== undefined) host.disturb(domain.uuid, 'CPU 1/KVM', { policy: 'OTHER', priority: 0 });
      break;
    case 'agent':
      await cluster.stop(node);
      cluster.startAgent(node);
      break;
    case 'controller':
      await cluster.stop('c1');
      cluster.startController('c1');
      break;
    case 'wall':
      clock.stepWall(pick([-60_000, -50, 50, 60_000])!);
      break;
  }
}

/** So many hours of it. @returns the log, and the VMs at the end. */
async function history(seed: number, hours: number): Promise<{ readonly log: string; readonly vms: readonly Vm[] }> {
  using cluster = new SimulatedCluster(seed);
  cluster.put('Namespace', { metadata: { name: 'plant', labels: { 'kubernetes.io/metadata.name': 'plant' } } });
  for (const node of nodes) {
    cluster.addNode(node);
    cluster.startAgent(node);
  }
  for (const name of ['c1', 'c2']) cluster.startController(name);
  await cluster.clock.pass(60_000);
  while (cluster.clock.nowMs() < (hours - 1) * hourMs) {
    await event(cluster);
    await cluster.clock.pass(Math.ceil(cluster.random.fraction() * hourMs / 2));
  }
  // Whatever is wished is so within the longest pause between two starts.
  await cluster.clock.pass(hours * hourMs - cluster.clock.nowMs());
  const vms = vmsOf(cluster);
  await cluster.stopAll();
  return { log: cluster.log, vms };
}

test('a day of a controller and three agents is the same twice, to the byte, and ends with what is wished', { timeout: 300_000 }, async () => {
  const first = await history(20_261, 24);
  const second = await history(20_261, 24);
  // Not compared by a matcher: what differs would be megabytes.
  expect(second.log === first.log).toBe(true);
  expect(first.log.split('\n').length).toBeGreaterThan(500);
  expect(first.vms.map((vm) => ({ name: vm.metadata.name, ready: isReady(vm), phase: vm.status?.phase })))
    .toEqual(first.vms.map(({ metadata: { name }, spec: { runStrategy } }) => (
      runStrategy === 'Halted' ? { name, ready: false, phase: 'Stopped' } : { name, ready: true, phase: 'Running' }
    )));
});

test('another seed is another history', { timeout: 300_000 }, async () => {
  const [one, other] = [await history(1, 2), await history(2, 2)];
  expect(one.log === other.log).toBe(false);
});
