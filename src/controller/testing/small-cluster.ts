/** Two nodes with their Leases, a store in memory, a clock that a test moves, and a controller that leads. */
import { expect } from 'vitest';
import type { RealtimeNode } from '../../crds/realtime-node.ts';
import { fixedRandom } from '../../runtime/testing/fixed-random.ts';
import { recordedLog } from '../../runtime/testing/recorded-log.ts';
import { VirtualClock } from '../../runtime/testing/virtual-clock.ts';
import type { Draft } from '../../store/resource.ts';
import { MemoryServer } from '../../store/testing/memory-server.ts';
import { MemoryStore } from '../../store/testing/memory-store.ts';
import { Controller } from '../controller.ts';
import { SpokenAgent } from './spoken-agent.ts';

const key = { namespace: 'ran', name: 'a' };
const both = ['n1', 'n2'];

export function otherThan(node: string): string {
  return node === 'n1' ? 'n2' : 'n1';
}

export class SmallCluster {
  readonly clock = new VirtualClock(new Date('2026-01-31T12:00:00Z'));
  readonly log = recordedLog();
  readonly agents = new Map<string, SpokenAgent>();
  readonly server: MemoryServer;
  readonly store: MemoryStore;
  readonly #random = fixedRandom(0);
  #stop: () => Promise<void> = () => Promise.resolve();

  constructor() {
    const { clock } = this;
    this.server = new MemoryServer({ clock, random: this.#random });
    const atOnce = () => Promise.resolve();
    this.store = new MemoryStore({ server: this.server, way: { there: atOnce, back: atOnce } });
  }

  async start(): Promise<void> {
    this.lead();
    for (const name of both) await this.#addNode(name);
    await this.clock.pass(1000);
  }

  async stop(): Promise<void> {
    await this.stopLeading();
    await Promise.all([...this.agents.values()].map((agent) => agent.stop()));
  }

  /** A controller that remembers nothing. @param noticed what it has found of the leaders' Lease. */
  lead(noticed?: 'longPast'): void {
    const { store, clock, log } = this;
    const controller = new Controller({
      store, runtime: { clock, random: this.#random }, log,
      ...(noticed === undefined ? {} : { leadership: { noticed } }),
      cluster: { cluster: store, leaseNamespace: 'rtvm', leaderLease: 'leader', leaseMs: 40_000 },
    });
    const running = controller.run();
    this.#stop = async () => {
      controller.stop();
      await clock.pass(0);
      await running;
    };
  }

  async stopLeading(): Promise<void> {
    await this.#stop();
    this.#stop = () => Promise.resolve();
  }

  /** As people and kubelets do. */
  putNode(name: string, isReady = true, taints: readonly string[] = []): void {
    const { resourceVersion, now } = this.server.stamp();
    this.server.put('Node', {
      metadata: {
        name, uid: `node-${name}`, resourceVersion, creationTimestamp: now.toISOString(),
        labels: { 'rtvm.dev/realtime': 'true' },
      },
      spec: { taints: taints.map((taint) => ({ key: taint, effect: 'NoExecute' })) },
      status: { conditions: [{ type: 'Ready', status: isReady ? 'True' : 'Unknown' }] },
    } as Parameters<MemoryServer['put']>[1]);
  }

  /** As the node's agent does, which names its last statement. */
  async renew(name: string, session?: string, number?: number): Promise<void> {
    const { store, clock } = this;
    const lease = { namespace: 'rtvm', name };
    const { status } = await store.get('RealtimeAllocation', { name }) ?? {};
    const named = session ?? status?.session;
    const annotations: Record<string, string> = named === undefined
      ? {} : { 'rtvm.dev/statement': `${named}/${number ?? status?.number ?? 0}` };
    const spec = { holderIdentity: name, renewTime: clock.date().toISOString().replace('Z', '000Z') };
    const now = await store.getForeign('Lease', lease);
    if (now === undefined) await store.createForeign('Lease', { metadata: { ...lease, annotations }, spec });
    else await store.updateForeign('Lease', { ...now, metadata: { ...now.metadata, annotations }, spec });
  }

  /** Time goes on, and the agents of these nodes are there. */
  async pass(seconds: number, ...alive: readonly string[]): Promise<void> {
    for (let second = 0; second < seconds; second += 5) {
      for (const name of alive) await this.renew(name);
      await this.clock.pass(5000);
    }
  }

  async table(name: string) {
    return (await this.store.get('RealtimeAllocation', { name }))!;
  }

  async vm() {
    return (await this.store.get('RealtimeVM', key))!;
  }

  async conditions(): Promise<Record<string, string>> {
    const { status } = await this.vm();
    const { conditions = [] } = status ?? {};
    return Object.fromEntries(conditions.map(({ type, status: is, reason }) => [type, `${is}/${reason}`]));
  }

  async makeVm(): Promise<void> {
    const spec = {
      cpu: { vcpus: 2, policy: 'Mixed', realtime: {} }, memory: { size: '32Mi', pageSize: '2Mi' },
      disks: [{ name: 'root', emptySize: '1Mi' }],
    } as unknown as Draft<'RealtimeVM'>['spec'];
    await this.store.create({ kind: 'RealtimeVM', metadata: key, spec });
  }

  /** A VM that runs, and is verified. @returns the node that it is placed on. */
  async startVm(): Promise<string> {
    await this.makeVm();
    await this.pass(5, ...both);
    const { metadata: { uid }, status } = await this.vm();
    const node = status!.run!.node;
    await this.agents.get(node)!.tell(uid, {
      phase: 'Running', reason: 'Verified', audit: { verdict: 'Verified', findings: [] },
    });
    await this.pass(10, ...both);
    expect((await this.conditions())['Ready']).toBe('True/RunningVerified');
    return node;
  }

  async #addNode(name: string): Promise<void> {
    const { store } = this;
    this.putNode(name);
    const spec = { dedicatedCpus: '1-3', sharedCpus: '0' };
    const node = await store.create({ kind: 'RealtimeNode', metadata: { name }, spec } as Draft<'RealtimeNode'>);
    const topology: NonNullable<RealtimeNode['status']>['topology'] = {
      numaNodes: [{
        id: 0, cpus: '0-3', memoryMiB: 8192, distances: [10], hugepages: [{ size: '2Mi', total: 512, free: 512 }],
      }],
      cores: ['0', '1', '2', '3'], caches: [], pciDevices: [],
    };
    await store.updateStatus({ ...node, status: { topology, orphans: [] } });
    this.agents.set(name, new SpokenAgent(store, name));
    await this.renew(name);
  }
}
