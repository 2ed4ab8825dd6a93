/**
 * A whole cluster on one virtual clock: the real controller with its election, real agents with their Leases, over an API server,
 * hosts, files and libvirt in memory. All chance comes from one seed, and whatever leaves a process is written down: two runs of
 * one seed have the same log, to the byte.
 */
import { Controller } from '../../src/controller/controller.ts';
import { Agent } from '../../src/node-agent/agent.ts';
import { sleepBy } from '../../src/runtime/clock.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { seededRandom } from '../../src/runtime/testing/seeded-random.ts';
import { VirtualClock } from '../../src/runtime/testing/virtual-clock.ts';
import { LeaderElection } from '../../src/store/kubernetes/leader-election.ts';
import { keepNodeLease } from '../../src/store/kubernetes/node-lease.ts';
import { MemoryServer } from '../../src/store/testing/memory-server.ts';
import type { Kept } from '../../src/store/testing/memory-server.ts';
import { MemoryStore } from '../../src/store/testing/memory-store.ts';
import { unpackHost } from '../fixtures/hosts/host-fixture.ts';
import { syntheticHost } from '../fixtures/hosts/synthetic-host.ts';
import { MemoryFiles } from '../hollow/memory-files.ts';
import { MemoryHost } from '../hollow/memory-hypervisor.ts';

const leaseNamespace = 'rtvm-system';
const leaseMs = 40_000;
/** One way of a call, at the most: both are short beside what programs wait for, and seldom the same twice. */
const apiMs = 10;
const libvirtMs = 100;

/** Eight CPUs on two NUMA nodes, two threads a core, four of them isolated; 256 huge pages on each node. */
const machine = new Map([
  ...syntheticHost({
    online: '0-7', present: '0-7', isolated: '2-3,6-7', cores: ['0-1', '2-3', '4-5', '6-7'], level3: ['0-3', '4-7'],
    nodes: [
      { id: 0, cpus: '0-3', memoryMiB: 8192, distances: '10 21', hugepages: { 2048: 256 } },
      { id: 1, cpus: '4-7', memoryMiB: 8192, distances: '21 10', hugepages: { 2048: 256 } },
    ],
    memoryMiB: 16_384, hugepages: {},
  }),
  ['proc/sys/kernel/osrelease', '6.12.0-rt'],
  ['proc/sys/kernel/version', '#1 SMP PREEMPT_RT'],
  ['sys/class/misc/kvm/dev', '10:232'],
]);

interface Running {
  readonly stop: () => Promise<void>;
}

export class SimulatedCluster implements Disposable {
  readonly clock = new VirtualClock(new Date('2026-01-01T00:00:00Z'));
  /** Of the world outside the programs: when calls arrive, and what the story draws. */
  readonly random;
  readonly server: MemoryServer;
  readonly store: MemoryStore;
  readonly hosts = new Map<string, MemoryHost>();
  readonly #runtime: Runtime;
  readonly #files = new Map<string, MemoryFiles>();
  readonly #machine = unpackHost(machine);
  readonly #running = new Map<string, Running>();
  readonly #log: string[] = [];

  constructor(seed: number) {
    this.random = seededRandom(seed);
    this.#runtime = { clock: this.clock, random: seededRandom(seed + 1) };
    this.server = new MemoryServer({ clock: this.clock, random: seededRandom(seed + 2) }, ({ kind, key, object }) => {
      // Their renewals alone would be most of it.
      if (kind !== 'Lease') this.write(`api: ${kind} ${key} ${object === undefined ? 'is gone' : JSON.stringify(object)}`);
    });
    this.store = this.#newStore();
  }

  get log(): string {
    return this.#log.join('\n');
  }

  write(line: string): void {
    this.#log.push(`${this.clock.nowMs()} ${line}`);
  }

  /** What a person or another program says of an object that is not ours. */
  put(kind: 'Node' | 'Namespace', object: object): void {
    const { metadata } = object as Kept;
    const { resourceVersion, now } = this.server.stamp();
    const given = { uid: this.server.find(kind, metadata)?.metadata.uid ?? this.server.newUid(), creationTimestamp: now.toISOString() };
    this.server.put(kind, { ...object, metadata: { ...metadata, ...given, resourceVersion } });
  }

  addNode(name: string): void {
    const conditions = [{ type: 'Ready', status: 'True' }];
    this.put('Node', { metadata: { name, labels: { 'rtvm.dev/realtime': 'true' } }, spec: {}, status: { conditions } });
    this.hosts.set(name, new MemoryHost({
      clock: this.clock,
      travel: async (signal) => this.#travel(libvirtMs, signal),
      record: ({ what, name: domain, why }) => this.write(`${name}: domain ${domain} ${what}${why === undefined ? '' : `: ${why}`}`),
    }));
    this.#files.set(name, new MemoryFiles());
  }

  startAgent(nodeName: string): void {
    const store = this.#newStore();
    const warn = (message: string, error?: unknown) => this.#warn(nodeName, message, error);
    const agent = new Agent({
      store, nodeName, version: 'simulated', nodeLabels: {}, runtime: this.#runtime,
      hypervisor: this.hosts.get(nodeName)!.hypervisor(), root: this.#machine.root, files: this.#files.get(nodeName)!.open,
      virtType: 'kvm', auditIntervalMs: 30_000, log: { info: () => undefined, warn },
    });
    const stopped = new AbortController();
    const lease = keepNodeLease({
      ...this.#runtime, cluster: store, namespace: leaseNamespace, nodeName, isHealthy: () => agent.auditsOnTime,
      onError: (error) => warn('its Lease', error),
    }, stopped.signal);
    this.#keep(nodeName, Promise.all([agent.run(), lease]), () => {
      stopped.abort();
      agent.stop();
    });
  }

  startController(name: string): void {
    const store = this.#newStore();
    const stopped = new AbortController();
    const warn = (message: string, error?: unknown) => this.#warn(name, message, error);
    const election = new LeaderElection({
      ...this.#runtime, cluster: store, lease: { namespace: leaseNamespace, name: 'rtvm-controller' }, identity: name,
      onChange: ({ type }) => this.write(`${name}: ${type}`),
    });
    const ended = election.run(stopped.signal, async ({ signal, guard }) => {
      const guarded = store.guarded(guard);
      const controller = new Controller({
        store: guarded, cluster: { cluster: guarded, leaseNamespace, leaseMs }, runtime: this.#runtime, warn,
        guard: { namespace: leaseNamespace, image: 'pause' },
      });
      signal.addEventListener('abort', () => controller.stop(), { once: true });
      await controller.run();
    });
    this.#keep(name, ended, () => stopped.abort());
  }

  /** Ends an agent or a controller in order, within a minute. */
  async stop(name: string): Promise<void> {
    const running = this.#running.get(name);
    this.#running.delete(name);
    const ended = running?.stop();
    await this.clock.pass(60_000);
    await ended;
  }

  async stopAll(): Promise<void> {
    for (const name of [...this.#running.keys()]) await this.stop(name);
  }

  [Symbol.dispose](): void {
    this.#machine[Symbol.dispose]();
  }

  #keep(name: string, ended: Promise<unknown>, stop: () => void): void {
    this.write(`${name}: started`);
    const noted = ended.then(() => this.write(`${name}: ended`), (error: unknown) => this.#warn(name, 'ended', error));
    this.#running.set(name, {
      stop: () => {
        stop();
        return noted;
      },
    });
  }

  #newStore(): MemoryStore {
    return new MemoryStore({ server: this.server, travel: async (signal) => this.#travel(apiMs, signal) });
  }

  async #travel(mostMs: number, signal: AbortSignal | undefined): Promise<void> {
    await sleepBy(this.clock.after, Math.ceil(mostMs * this.random.fraction()), signal);
  }

  #warn(who: string, message: string, error: unknown): void {
    this.write(`${who}: ${message}${error instanceof Error ? `: ${error.name}: ${error.message}` : ''}`);
  }
}
