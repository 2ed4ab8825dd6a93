/** Makes an event of a story happen to a simulated cluster, and end again where it lasts. */
import type { Draft, Stored } from '../../src/store/resource.ts';
import type { Kept, Snapshot } from '../../src/store/testing/memory-server.ts';
import { MemoryStore } from '../../src/store/testing/memory-store.ts';
import type { SimulatedCluster } from './cluster.ts';
import type { Recorder } from './recorder.ts';
import type { StoryEvent } from './story.ts';

type Vm = Stored<'RealtimeVM'>;

export const namespace = 'plant';
const names = ['press', 'relay', 'radio', 'robot', 'desk', 'pump'];
interface Annotated extends Kept {
  readonly metadata: Kept['metadata'] & { readonly annotations?: Readonly<Record<string, string>> };
}

const outOfService = { key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' };
const leaderLease = { namespace: 'rtvm-system', name: 'rtvm-controller' };
/** How long what passes by itself lasts, at most. */
const longestMs = 150_000;
const minuteMs = 60_000;
/** A pipeline that was refused tries again. */
const applyAgainMs = 20_000;

/** Each contends for something else: a core, pages, a NodeLocal home, all of a host. */
const shapes: readonly object[] = [
  { cpu: { vcpus: 2, policy: 'Mixed', realtime: { priority: 5 } }, memory: { size: '64Mi', pageSize: '2Mi' } },
  { cpu: { vcpus: 2, policy: 'Mixed', coreSharing: 'Allow', realtime: {} }, memory: { size: '32Mi', pageSize: '2Mi' } },
  {
    cpu: { vcpus: 1, policy: 'Dedicated', emulatorThreads: 'Isolate', realtime: {} },
    memory: { size: '256Mi', pageSize: '2Mi' },
  },
  {
    cpu: { vcpus: 2, policy: 'Dedicated', emulatorThreads: 'Share', realtime: {} },
    memory: { size: '64Mi', pageSize: '2Mi' },
    numa: { nodes: 2 },
  },
  { cpu: { vcpus: 2 }, memory: { size: '64Mi' } },
];

export class World {
  readonly cluster: SimulatedCluster;
  readonly #recorder: Recorder;
  readonly #person: MemoryStore;
  readonly #nodes: readonly string[];
  readonly #controllers: readonly string[];
  #backup: Snapshot | undefined;
  /** What lasts, and how it ends. */
  readonly #lasting = new Map<string, () => void>();

  constructor(cluster: SimulatedCluster, recorder: Recorder, nodes: readonly string[], controllers: readonly string[]) {
    this.cluster = cluster;
    this.#recorder = recorder;
    this.#nodes = nodes;
    this.#controllers = controllers;
    const atOnce = () => Promise.resolve();
    this.#person = new MemoryStore({ server: cluster.server, way: { there: atOnce, back: atOnce } });
  }

  get vms(): readonly Vm[] {
    return [...this.cluster.server.all('RealtimeVM').values()] as unknown as Vm[];
  }

  /** Whatever lasts ends: processes run, hosts have power, the network carries everything, nodes take VMs. */
  endAll(): void {
    const ends = [...this.#lasting.values()];
    this.#lasting.clear();
    for (const end of ends) end();
    this.cluster.network.mendAll();
  }

  /** A person has looked at what is open, and accepts it. */
  async acceptRestore(): Promise<void> {
    const { cluster } = this;
    const lease: Annotated | undefined = cluster.server.find('Lease', leaderLease);
    const open = lease?.metadata.annotations?.['rtvm.dev/restore'];
    if (lease === undefined || open === undefined) return;
    const { id } = JSON.parse(open) as { readonly id: string };
    cluster.write(`story: restore ${id} is accepted`);
    const { resourceVersion } = cluster.server.stamp();
    const annotations = { ...lease.metadata.annotations, 'rtvm.dev/restore-accepted': JSON.stringify({ id }) };
    cluster.server.put('Lease', { ...lease, metadata: { ...lease.metadata, annotations, resourceVersion } });
    return Promise.resolve();
  }

  keeps(node: string): boolean {
    const table = this.cluster.server.find('RealtimeAllocation', { name: node }) as {
      readonly spec: { readonly kept?: readonly string[] };
    } | undefined;
    return (table?.spec.kept ?? []).length > 0;
  }

  async happen({ kind, who, how }: StoryEvent): Promise<void> {
    const { cluster } = this;
    const vm = at(this.vms.filter(({ metadata }) => metadata.deletionTimestamp === undefined), who);
    const node = at(this.#nodes, who)!;
    const controller = at(this.#controllers, who)!;
    cluster.write(`story: ${kind} (${who.toFixed(3)}, ${how.toFixed(3)})`);
    switch (kind) {
      case 'create':
        await this.#create(
          at(names.filter((name) => !this.vms.some(({ metadata }) => metadata.name === name)), who),
          how,
        );
        break;
      case 'halt':
        await this.#write(vm, { runStrategy: 'Halted' });
        break;
      case 'start':
        await this.#write(vm, { runStrategy: how < 0.7 ? 'Always' : 'RerunOnFailure' });
        break;
      case 'restart':
        await this.#write(vm, { restartedAt: cluster.clock.date().toISOString() });
        break;
      case 'edit':
        await this.#write(vm, at(shapes, how) as Partial<Vm['spec']>);
        break;
      case 'delete':
        if (vm !== undefined) await this.#person.delete('RealtimeVM', vm.metadata);
        break;
      case 'delete and create':
        if (vm === undefined) break;
        await this.#person.delete('RealtimeVM', vm.metadata);
        await this.#create(vm.metadata.name, how);
        break;
      case 'kill agent':
        this.#restartAfter(node, how, () => cluster.startAgent(node));
        break;
      case 'kill controller':
        this.#restartAfter(controller, how, () => cluster.startController(controller));
        break;
      case 'agent restarted':
        this.#restartAfter(node, 0, () => cluster.startAgent(node));
        break;
      case 'controller restarted':
        this.#restartAfter(controller, 0, () => cluster.startController(controller));
        break;
      case 'freeze agent':
        this.#freeze(node, how);
        break;
      case 'freeze controller':
        this.#freeze(controller, how);
        break;
      case 'guest ends':
        this.#endGuest(node, how);
        break;
      case 'thread drifts': {
        const host = cluster.hosts.get(node)!;
        const domain = at(host.running().filter(({ process }) => process !== undefined), how);
        if (domain !== undefined) host.disturb(domain.uuid, 'CPU 1/KVM', { policy: 'OTHER', priority: 0 });
        break;
      }
      case 'libvirt away':
        cluster.hosts.get(node)!.stopDaemon();
        this.#lasts(
          `libvirt of ${node}`, how * longestMs,
          () => this.#power.has(node) || cluster.hosts.get(node)!.startDaemon(),
        );
        break;
      case 'disk full':
        cluster.files.get(node)!.isFull = true;
        this.#lasts(`disk of ${node}`, how * longestMs, () => { cluster.files.get(node)!.isFull = false; });
        break;
      case 'network cut': {
        const name = at([...this.#nodes, ...this.#controllers], who)!;
        cluster.network.cut(name);
        this.#lasts(`network of ${name}`, how * longestMs, () => cluster.network.mend(name));
        break;
      }
      case 'answers lost':
        cluster.network.lossRate = 0.2;
        this.#lasts('loss', how * longestMs, () => { cluster.network.lossRate = 0; });
        break;
      case 'power cut':
        this.#cutPower(node, how);
        break;
      case 'given up':
        this.#giveUp(node, how);
        break;
      case 'wall clock steps':
        cluster.clock.stepWall(Math.round((how - 0.5) * 4 * minuteMs));
        break;
      case 'cordon':
        this.#setCordon(node, true);
        this.#lasts(`cordon of ${node}`, how * longestMs, () => this.#setCordon(node, false));
        break;
      case 'table deleted':
        await this.#remove('RealtimeAllocation', node);
        break;
      case 'realtime node deleted':
        await this.#remove('RealtimeNode', node);
        break;
      case 'data restored':
        this.#restore(how < 0.5);
        break;
    }
  }

  readonly #power = new Set<string>();
  readonly #saidToBeOff = new Set<string>();

  async #create(name: string | undefined, how: number): Promise<void> {
    if (name === undefined) return;
    const disk = { name: 'data', emptySize: '1Mi', persistence: how % 0.1 < 0.03 ? 'NodeLocal' : 'Ephemeral' };
    const spec = { ...at(shapes, how), disks: [disk], terminationGracePeriodSeconds: 30 };
    const draft = { kind: 'RealtimeVM', metadata: { namespace, name }, spec } as unknown as Draft<'RealtimeVM'>;
    // Of that name there may be one still that is being deleted: whoever applies it tries again later.
    await this.#person.create(draft)
      .catch(() => this.cluster.clock.after(applyAgainMs, () => void this.#create(name, how)));
  }

  async #write(vm: Vm | undefined, spec: Partial<Vm['spec']>): Promise<void> {
    if (vm !== undefined) await this.#person.update({ ...vm, spec: { ...vm.spec, ...spec } });
  }

  async #remove(kind: 'RealtimeAllocation' | 'RealtimeNode', name: string): Promise<void> {
    await this.#person.delete(kind, { name }).catch(() => undefined);
  }

  #endGuest(node: string, how: number): void {
    const host = this.cluster.hosts.get(node)!;
    const domain = at(host.running().filter(({ run }) => run === 'running'), how);
    if (domain === undefined) return;
    const uid = /uid=.([0-9a-f-]{36})/.exec(domain.xml)?.[1] ?? '?';
    this.#recorder.note({ type: 'byHand', node, vm: uid });
    host.end(domain.uuid, how < 0.5 ? 'shutdown' : 'crashed');
  }

  #cutPower(node: string, how: number): void {
    if (this.#power.has(node)) return;
    const host = this.cluster.hosts.get(node)!;
    this.#power.add(node);
    this.cluster.kill(node);
    for (const { xml } of host.running()) {
      this.#recorder.note({ type: 'byHand', node, vm: /uid=.([0-9a-f-]{36})/.exec(xml)?.[1] ?? '?' });
    }
    host.cutPower();
    this.#lasts(`power of ${node}`, how * longestMs, () => {
      this.#power.delete(node);
      host.startDaemon();
      this.cluster.startAgent(node);
    });
  }

  /** Its power goes, and a person says so; some time after it is back, the word is taken back. */
  #giveUp(node: string, how: number): void {
    if (this.#power.has(node) || this.#saidToBeOff.has(node)) return;
    this.#cutPower(node, how);
    this.#saidToBeOff.add(node);
    this.#setNode(node, { taints: [outOfService] }, 'Unknown');
    this.#lasts(`word on ${node}`, (how + 0.5) * longestMs, () => {
      this.#saidToBeOff.delete(node);
      this.#setNode(node, { taints: [] }, 'True');
    });
  }

  #restartAfter(name: string, how: number, start: () => void): void {
    if (this.#power.has(name) || !this.cluster.processes.has(name)) return;
    this.cluster.kill(name);
    this.#lasts(`restart of ${name}`, how * how * longestMs, () => {
      if (!this.#power.has(name) && !this.cluster.processes.has(name)) start();
    });
  }

  #freeze(name: string, how: number): void {
    const process = this.cluster.processes.get(name);
    process?.freeze();
    this.#lasts(`freeze of ${name}`, how * longestMs, () => process?.thaw());
  }

  #setCordon(node: string, unschedulable: boolean): void {
    this.#setNode(node, { unschedulable });
  }

  #setNode(node: string, spec: object, ready?: 'True' | 'Unknown'): void {
    const object = this.cluster.server.find('Node', { name: node }) as (Kept & { readonly spec: object }) | undefined;
    if (object === undefined) return;
    const status = ready === undefined ? {} : { status: { conditions: [{ type: 'Ready', status: ready }] } };
    this.cluster.put('Node', { ...object, spec: { ...object.spec, ...spec }, ...status });
  }

  /** The first time, a backup is made. */
  #restore(bumped: boolean): void {
    const { server } = this.cluster;
    const backup = this.#backup;
    this.#backup = server.snapshot();
    if (backup === undefined) return;
    this.#recorder.note({ type: 'rolledBack' });
    for (const kind of ['RealtimeAllocation', 'RealtimeNode', 'RealtimeVM'] as const) {
      for (const [key, object] of backup.objects.get(kind) ?? []) {
        this.#recorder.written({ kind, key, object, gone: false });
      }
    }
    this.#recorder.note({ type: 'restored' });
    server.restore(backup, bumped);
  }

  /** It ends by itself after a while; a second one of its name takes its place, once the first has ended. */
  #lasts(name: string, ms: number, end: () => void): void {
    const before = this.#lasting.get(name);
    this.#lasting.set(name, end);
    before?.();
    this.cluster.clock.after(Math.ceil(ms), () => {
      if (this.#lasting.get(name) !== end) return;
      this.#lasting.delete(name);
      this.cluster.write(`story: ends: ${name}`);
      end();
    });
  }
}

function at<Item>(items: readonly Item[], fraction: number): Item | undefined {
  return items[Math.floor(fraction * items.length)];
}
