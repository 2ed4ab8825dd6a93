/** One host that runs nothing, with the real agent, controller and store in one process. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Controller } from '../../../src/controller/controller.ts';
import type { AllocatedGuest, AllocationStatus, ReportedGuest } from '../../../src/crds/realtime-allocation.ts';
import { Agent } from '../../../src/node-agent/agent.ts';
import type { AgentOptions } from '../../../src/node-agent/agent.ts';
import { filesOnDisk } from '../../../src/node-agent/files-on-disk.ts';
import { machineRuntime } from '../../../src/runtime/runtime.ts';
import type { Runtime } from '../../../src/runtime/runtime.ts';
import { silentLog } from '../../../src/runtime/testing/recorded-log.ts';
import { DirectoryStore } from '../../../src/store/directory/directory-store.ts';
import { modify } from '../../../src/store/modify.ts';
import type { Stored } from '../../../src/store/resource.ts';
import { recordedHost, unpackHost } from '../../fixtures/hosts/host-fixture.ts';
import { MemoryHost } from '../../hollow/memory-hypervisor.ts';

export const timeout = 30_000;
export const auditIntervalMs = 50;

const nodeYaml = `
apiVersion: rtvm.dev/v1alpha1
kind: RealtimeNode
metadata: {name: n1}
spec: {dedicatedCpus: "2-3,6-7", sharedCpus: "0-1,4-5"}`;

/** A VM named "a". @param disk what is said of its one disk, @param spec of itself, beside what all have. */
export const vmYaml = ({ disk = '', spec = '' } = {}): string => `
apiVersion: rtvm.dev/v1alpha1
kind: RealtimeVM
metadata: {name: a}
spec:
  cpu: {vcpus: 2, policy: Mixed, coreSharing: Allow, realtime: {priority: 5}}
  memory: {size: 32Mi, pageSize: 2Mi}
  disks: [{name: data, emptySize: 1Mi${disk}}]
  ${spec}`;

/** What the store keeps; the agent's own files are beside it. */
export const storeParts = ['state', 'manifests'];

type Table = Stored<'RealtimeAllocation'>;
type Vm = Stored<'RealtimeVM'>;

export class OneHost implements AsyncDisposable {
  readonly host = new MemoryHost();
  readonly directory: string;
  readonly #machine = unpackHost(recordedHost('realtime-two-sockets'));
  #store: DirectoryStore;
  #running: { readonly agent: Agent; readonly controller: Controller; readonly ended: Promise<unknown> } | undefined;
  /** By the agents' clocks. Timers are the machine's. */
  nowMs = Date.parse('2026-01-01T00:00:00Z');
  readonly runtime: Runtime = {
    ...machineRuntime,
    clock: { ...machineRuntime.clock, nowMs: () => this.nowMs, date: () => new Date(this.nowMs) },
  };

  private constructor(directory: string, store: DirectoryStore) {
    this.directory = directory;
    this.#store = store;
  }

  static async make(): Promise<OneHost> {
    const directory = await mkdtemp(join(tmpdir(), 'rtvm-one-host-'));
    return new OneHost(directory, await DirectoryStore.open({ directory }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#store.close();
    this.#machine[Symbol.dispose]();
    await rm(this.directory, { recursive: true, force: true });
  }

  get store(): DirectoryStore {
    return this.#store;
  }

  start(options: Partial<AgentOptions> = {}): void {
    const agent = this.#agent(options);
    const controller = new Controller({ store: this.#store, runtime: this.runtime, log: silentLog });
    this.#running = { agent, controller, ended: Promise.all([agent.run(), controller.run()]) };
  }

  async stop(): Promise<void> {
    this.#running?.agent.stop();
    this.stopController();
    await this.#running?.ended;
  }

  stopController(): void {
    this.#running?.controller.stop();
  }

  /** As where no controller looks just now. */
  async withAgentAlone(seen: (agent: Agent) => Promise<unknown>, options: Partial<AgentOptions> = {}): Promise<void> {
    const agent = this.#agent(options);
    const ended = agent.run();
    try {
      await seen(agent);
    } finally {
      agent.stop();
      await ended;
    }
  }

  /** Does something to the store's files while no process runs. */
  async whileNothingRuns(act: () => Promise<unknown>): Promise<void> {
    await this.stop();
    await this.#store.close();
    await act();
    this.#store = await DirectoryStore.open({ directory: this.directory });
  }

  /** Applies the node, and a VM. */
  async apply(vm: string): Promise<void> {
    await this.#store.applyManifests([{ file: 'test.yaml', text: `${nodeYaml}\n---${vm}` }]);
  }

  async table(): Promise<Table> {
    return (await this.#store.get('RealtimeAllocation', { name: 'n1' }))!;
  }

  async stated(): Promise<AllocationStatus | undefined> {
    return (await this.table()).status;
  }

  async editGuests(change: (guests: readonly AllocatedGuest[]) => readonly AllocatedGuest[]): Promise<void> {
    await modify(this.#store, 'RealtimeAllocation', { name: 'n1' }, (table) => ({
      ...table, spec: { ...table.spec, guests: change(table.spec.guests) },
    }));
  }

  /** As by hand. */
  async wipeStatus(): Promise<void> {
    const wipe = (table: Table): Table => ({ ...table, status: { guests: [] } });
    await modify(this.#store, 'RealtimeAllocation', { name: 'n1' }, wipe, { write: 'updateStatus' });
  }

  async vm(wanted: (object: Vm) => boolean): Promise<Vm> {
    let last: unknown;
    const key = { namespace: 'default', name: 'a' };
    for await (const event of this.#store.watch('RealtimeVM', key, AbortSignal.timeout(timeout))) {
      if (event.type !== 'added' && event.type !== 'modified') continue;
      last = event.object.status;
      if (wanted(event.object)) return event.object;
    }
    throw new Error(`it did not become what was wanted; last: ${JSON.stringify(last)}`);
  }

  ready(): Promise<Vm> {
    return this.vm((object) => condition(object, 'Ready') === 'True');
  }

  async report(wanted: (guest: ReportedGuest) => boolean): Promise<ReportedGuest> {
    let last: unknown;
    for await (const event of this.#store.watch('RealtimeAllocation', { name: 'n1' }, AbortSignal.timeout(timeout))) {
      if (event.type !== 'added' && event.type !== 'modified') continue;
      last = event.object.status;
      const found = event.object.status?.guests.find(wanted);
      if (found !== undefined) return found;
    }
    throw new Error(`no guest was reported as wanted; last: ${JSON.stringify(last)}`);
  }

  #agent(options: Partial<AgentOptions>): Agent {
    const { root } = this.#machine;
    const [stateDirectory, imageRoot] = [join(this.directory, 'agent'), join(this.directory, 'images')];
    return new Agent({
      store: this.#store, nodeName: 'n1', version: 'test', nodeLabels: {}, hypervisor: this.host.hypervisor(), root,
      files: filesOnDisk({ root, stateDirectory, imageRoot, allowedUrls: [], runtime: this.runtime }),
      // The recorded host has no device files, so KVM is not asked for.
      virtType: 'qemu', auditIntervalMs, runtime: this.runtime, log: silentLog,
      ...options,
    });
  }
}

/** Its status. */
export function condition(object: Vm, type: string): string | undefined {
  return object.status?.conditions?.find((candidate) => candidate.type === type)?.status;
}

export interface TimersByHand {
  readonly runtime: Runtime;
  readonly fire: () => void;
  readonly waiting: () => number;
}

/** Timers of this length fire when the test says so, and never by themselves. */
export function withTimersByHand(runtime: Runtime, lengthMs: number): TimersByHand {
  const { clock } = runtime;
  const waiting = new Set<() => void>();
  const after: typeof clock.after = (ms, action, options) => {
    if (ms !== lengthMs) return clock.after(ms, action, options);
    waiting.add(action);
    return { cancel: () => waiting.delete(action) };
  };
  const fire = () => {
    for (const action of waiting) action();
    waiting.clear();
  };
  return { runtime: { ...runtime, clock: { ...clock, after } }, fire, waiting: () => waiting.size };
}
