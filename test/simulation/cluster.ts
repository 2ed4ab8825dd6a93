/**
 * A whole cluster on one virtual clock: the real controllers with their election, real agents with their Leases, over
 * an API server, hosts, files and libvirt in memory. All chance comes from one seed, and whatever leaves a process is
 * written down: two runs of one seed have the same log, to the byte.
 */
import { forgetVerdicts } from '../../src/cli/run/forget-verdicts.ts';
import { Controller } from '../../src/controller/controller.ts';
import { Agent } from '../../src/node-agent/agent.ts';
import { publishNode } from '../../src/node-agent/node-report.ts';
import { logTo } from '../../src/runtime/log.ts';
import type { Log } from '../../src/runtime/log.ts';
import type { Random } from '../../src/runtime/random.ts';
import { seededRandom } from '../../src/runtime/testing/seeded-random.ts';
import { VirtualClock } from '../../src/runtime/testing/virtual-clock.ts';
import { plain } from '../../src/store/change.ts';
import { LeaderElection } from '../../src/store/kubernetes/leader-election.ts';
import { keepNodeLease } from '../../src/store/kubernetes/node-lease.ts';
import { MemoryServer } from '../../src/store/testing/memory-server.ts';
import type { Kept, Write } from '../../src/store/testing/memory-server.ts';
import { MemoryStore } from '../../src/store/testing/memory-store.ts';
import { hostLacks } from '../integration/support/host-lacks.ts';
import { MemoryFiles } from '../hollow/memory-files.ts';
import { MemoryHost } from '../hollow/memory-hypervisor.ts';
import type { DomainRecord } from '../hollow/memory-hypervisor.ts';
import { unpackSimulatedMachine } from './machine.ts';
import { capacity, dedicatedCpus } from './machine-facts.ts';
import { Network } from './network.ts';
import { SimulatedProcess } from './process.ts';

const leaseNamespace = 'rtvm-system';
const leaderLease = 'rtvm-controller';
const leaseMs = 40_000;
/** A start takes so long at most, and a tenth of it at least. */
const startMs = 5000;
const auditIntervalMs = 30_000;
const version = 'simulated';

interface Running {
  readonly process: SimulatedProcess;
  readonly stop: () => void;
  readonly ended: Promise<unknown>;
}

/** What whoever judges the cluster is shown, beside what it reads by itself. */
export interface Witness {
  readonly written: (write: Write) => void;
  readonly host: (nodeName: string, record: DomainRecord) => void;
}

export class SimulatedCluster implements Disposable {
  readonly clock = new VirtualClock(new Date('2026-01-01T00:00:00Z'));
  readonly network: Network;
  readonly server: MemoryServer;
  readonly hosts = new Map<string, MemoryHost>();
  readonly files = new Map<string, MemoryFiles>();
  readonly #seed: number;
  readonly #isAlone: boolean;
  #streams = 0;
  readonly #witness: Partial<Witness>;
  readonly #machine = unpackSimulatedMachine();
  readonly #running = new Map<string, Running>();
  readonly #log: string[] = [];

  /** @param isAlone a host without a cluster. */
  constructor(seed: number, witness: Partial<Witness> = {}, isAlone = false) {
    this.#seed = seed;
    this.#isAlone = isAlone;
    this.#witness = witness;
    this.network = new Network(this.clock, this.stream());
    this.server = new MemoryServer({ clock: this.clock, random: this.stream() }, (write) => {
      const { kind, key, object, gone } = write;
      witness.written?.(write);
      // Their renewals alone would be most of it.
      if (kind !== 'Lease') this.write(`api: ${kind} ${key} ${gone ? 'is gone' : JSON.stringify(object)}`);
    });
  }

  get log(): string {
    return this.#log.join('\n');
  }

  write(line: string): void {
    this.#log.push(`${this.clock.nowMs()} ${line}`);
  }

  /** Chance of its own, the same for the same seed. */
  stream(): Random {
    this.#streams += 1;
    return seededRandom(this.#seed * 1_000_003 + this.#streams);
  }

  /** Processes that run, or are frozen, by name. */
  get processes(): ReadonlyMap<string, SimulatedProcess> {
    return new Map([...this.#running].map(([name, { process }]) => [name, process]));
  }

  /** What a person or another program says of an object that is not ours, or what etcd has lost. */
  put(kind: 'Node' | 'Namespace', object: object): void {
    const { metadata } = object as Kept;
    const { resourceVersion, now } = this.server.stamp();
    const given = {
      uid: this.server.find(kind, metadata)?.metadata.uid ?? this.server.newUid(),
      creationTimestamp: now.toISOString(),
    };
    this.server.put(kind, plain({ ...object, metadata: { ...metadata, ...given, resourceVersion } }));
  }

  /** The same, no more. */
  remove(kind: 'Node', object: Kept): void {
    const { resourceVersion, now } = this.server.stamp();
    const metadata = { ...object.metadata, resourceVersion, deletionTimestamp: now.toISOString() };
    this.server.put(kind, plain({ ...object, metadata }));
  }

  /** Changes a Node that is there. @param ready what kubelet, or who watches it, says; absent: as before. */
  setNode(name: string, spec: object, ready?: 'True' | 'Unknown'): void {
    const node = this.server.find('Node', { name }) as (Kept & { readonly spec: object }) | undefined;
    if (node === undefined) return;
    const status = ready === undefined ? {} : { status: { conditions: [{ type: 'Ready', status: ready }] } };
    this.put('Node', { ...node, spec: { ...node.spec, ...spec }, ...status });
  }

  nodeObject(name: string): object {
    const conditions = [{ type: 'Ready', status: 'True' }];
    return { metadata: { name, labels: { 'rtvm.dev/realtime': 'true' } }, spec: {}, status: { conditions } };
  }

  addNode(name: string): void {
    this.put('Node', this.nodeObject(name));
    const random = this.stream();
    this.hosts.set(name, new MemoryHost({
      clock: this.clock,
      startMs: () => Math.ceil(startMs * (0.1 + 0.9 * random.fraction())),
      lacks: hostLacks(capacity, dedicatedCpus),
      record: (record) => {
        const { what, name: domain, why } = record;
        this.write(`${name}: domain ${domain} ${what}${why === undefined ? '' : `: ${why}`}`);
        this.#witness.host?.(name, record);
      },
    }));
    this.files.set(name, new MemoryFiles());
  }

  /** Starts the process of this name: a node's agent or a controller, or on a host without a cluster both in one. */
  start(name: string): void {
    if (this.processes.has(name)) return;
    if (this.#isAlone) this.#startAlone(name);
    else if (this.hosts.has(name)) this.#startAgent(name);
    else this.#startController(name);
  }

  #agentOf(nodeName: string, process: SimulatedProcess, stated: () => void): Agent {
    return new Agent({
      store: this.#storeOf(nodeName, process), nodeName, version, nodeLabels: {},
      runtime: process, root: this.#machine.root, virtType: 'kvm', auditIntervalMs,
      hypervisor: this.hosts.get(nodeName)!.hypervisor(this.network.linkOf(process)),
      files: this.files.get(nodeName)!.open(this.network.linkOf(process)),
      log: this.#logOf(nodeName),
      stated,
    });
  }

  /** As `rtvm run` has them: what an rtvm before this one has said of VMs counts no more. */
  #startAlone(nodeName: string): void {
    const process = new SimulatedProcess(this.clock, this.stream());
    const store = this.#storeOf(nodeName, process);
    const agent = this.#agentOf(nodeName, process, () => undefined);
    const controller = new Controller({
      store, runtime: process, log: this.#logOf(nodeName), agentOf: () => agent.statement,
    });
    const stopped = new AbortController();
    const run = async () => {
      await forgetVerdicts(store, nodeName, process.clock.date(), stopped.signal);
      await publishNode({ store, nodeName, nodeLabels: {}, root: this.#machine.root, version }, stopped.signal);
      await Promise.all([agent.run(), controller.run()]);
    };
    this.#keep(nodeName, process, run(), () => {
      stopped.abort();
      controller.stop();
      agent.stop();
    });
  }

  #startAgent(nodeName: string): void {
    const process = new SimulatedProcess(this.clock, this.stream());
    const store = this.#storeOf(nodeName, process);
    const log = this.#logOf(nodeName);
    let renewNow: () => void = () => undefined;
    const agent = this.#agentOf(nodeName, process, () => renewNow());
    const stopped = new AbortController();
    const lease = keepNodeLease({
      clock: process.clock, random: process.random, cluster: store, namespace: leaseNamespace, nodeName,
      isHealthy: () => agent.isAtWork,
      statement: () => agent.statement,
      onWake: (wake) => { renewNow = wake; },
      onError: (error) => log.warn('its Lease', { error }),
    }, stopped.signal);
    this.#keep(nodeName, process, Promise.all([agent.run(), lease]), () => {
      stopped.abort();
      agent.stop();
    });
  }

  #startController(name: string): void {
    const process = new SimulatedProcess(this.clock, this.stream());
    const { clock, random } = process;
    const store = this.#storeOf(name, process);
    const stopped = new AbortController();
    const log = this.#logOf(name);
    const election = new LeaderElection({
      clock, random, cluster: store, lease: { namespace: leaseNamespace, name: leaderLease },
      identity: `${name}_${random.uuid()}`,
      onChange: ({ type }) => this.write(`${name}: ${type}`),
    });
    const ended = election.run(stopped.signal, async ({ signal, guard, ...leadership }) => {
      const guarded = store.guarded(guard);
      const controller = new Controller({
        store: guarded, cluster: { cluster: guarded, leaseNamespace, leaderLease, leaseMs }, leadership,
        runtime: process, log,
        guard: { namespace: leaseNamespace, image: 'pause' },
      });
      signal.addEventListener('abort', () => controller.stop(), { once: true });
      await controller.run();
    });
    this.#keep(name, process, ended, () => stopped.abort());
  }

  /** Ends a process in order, within two minutes. One that does not end then is killed, as kubelet does. */
  async stop(name: string): Promise<void> {
    const running = this.#running.get(name);
    running?.process.enter(running.stop);
    await this.clock.pass(120_000);
    this.kill(name);
  }

  /** Ends a process at whatever instruction it is. */
  kill(name: string): void {
    const running = this.#running.get(name);
    if (running === undefined) return;
    this.#running.delete(name);
    running.process.kill();
    this.write(`${name}: killed`);
  }

  [Symbol.dispose](): void {
    for (const name of [...this.#running.keys()]) this.kill(name);
    this.#machine[Symbol.dispose]();
  }

  #keep(name: string, process: SimulatedProcess, ended: Promise<unknown>, stop: () => void): void {
    this.write(`${name}: started`);
    const running = {
      process, stop,
      ended: ended.then(
        () => this.write(`${name}: ended`),
        (error: unknown) => this.#logOf(name).warn('ended', { error }),
      ).finally(() => {
        if (this.#running.get(name) === running) this.#running.delete(name);
      }),
    };
    this.#running.set(name, running);
  }

  #storeOf(name: string, process: SimulatedProcess): MemoryStore {
    return new MemoryStore({ server: this.server, way: this.network.wayOf(name, process) });
  }

  /** Of errors what they say, and not where they were made: that is of the program, and not of its history. */
  #logOf(who: string): Log {
    return logTo(({ message, fields: { error, ...fields } }) => {
      const why = error instanceof Error ? `: ${error.name}: ${error.message}` : '';
      this.write(`${who}: ${message} ${JSON.stringify(fields)}${why}`);
    });
  }
}
