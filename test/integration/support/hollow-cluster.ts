// A small cluster in the test's own process: real controllers and real agents on a real API server, over hosts that run nothing.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Controller } from '../../../src/controller/controller.ts';
import type { GuardOptions } from '../../../src/controller/guard.ts';
import { Agent } from '../../../src/node-agent/agent.ts';
import { filesOnDisk } from '../../../src/node-agent/files-on-disk.ts';
import { withFields } from '../../../src/runtime/log.ts';
import { machineRuntime } from '../../../src/runtime/runtime.ts';
import { recordedLog } from '../../../src/runtime/testing/recorded-log.ts';
import { loadKubeConfig } from '../../../src/store/kubernetes/kube-config.ts';
import { openKubernetesStore } from '../../../src/store/kubernetes/kubernetes-store.ts';
import type { KubernetesStore } from '../../../src/store/kubernetes/kubernetes-store.ts';
import { keepNodeLease } from '../../../src/store/kubernetes/node-lease.ts';
import { recordedHost, unpackHost } from '../../fixtures/hosts/host-fixture.ts';
import { MemoryHost } from '../../hollow/memory-hypervisor.ts';
import { createNode } from '../../testbed/kube-node.ts';
import type { NodeMarks } from '../../testbed/kube-node.ts';
import type { ServedApi } from '../../testbed/policy-proxy.ts';
import { KubeObjects, paths } from './kube-objects.ts';
import { isOpen } from './open-table.ts';
import type { SessionTable } from './open-table.ts';

/** Far shorter than in production: a test waits for a Lease to lapse. None lapses because the machine is busy. */
const renewMs = 500;
const lapseMs = 10_000;
/** Far above what anything here takes on a busy machine. */
const patienceMs = 60_000;

/** What the recorded host of every node gives its guests: four CPUs on two sockets, two threads a core. */
const nodeSpec = { dedicatedCpus: '2-3,6-7', sharedCpus: '0-1,4-5' };

interface Running {
  readonly stop: () => Promise<void>;
}

interface RunningController extends Running {
  /** Resolves when the controller's own watch has told of the node at this version, or a later one. */
  readonly seesNode: (node: VersionedNode) => Promise<void>;
}

interface VersionedNode {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
}

export class HollowCluster implements AsyncDisposable {
  readonly objects: KubeObjects;
  readonly hosts = new Map<string, MemoryHost>();
  /** Of its controllers and agents; what an agent writes has its `node`. */
  readonly log = recordedLog();
  readonly #api: ServedApi;
  readonly #machine = unpackHost(recordedHost('realtime-two-sockets'));
  readonly #state = mkdtempSync(join(tmpdir(), 'rtvm-hollow-'));
  readonly #images = join(this.#state, 'images');
  readonly #agents = new Map<string, Running>();
  readonly #controllers = new Set<RunningController>();

  constructor(api: ServedApi) {
    this.#api = api;
    mkdirSync(this.#images);
    this.objects = new KubeObjects(api);
  }

  /** A Node, its RealtimeNode as an administrator writes it, and an agent. */
  async addNode(name: string, { labels = {}, taints = [] }: NodeMarks = {}): Promise<void> {
    await createNode(this.#api, name, { labels, taints });
    await this.objects.create(paths.nodes, { apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeNode', metadata: { name }, spec: nodeSpec });
    this.hosts.set(name, new MemoryHost());
    this.startAgent(name);
    await this.objects.when<{ status?: { topology?: object } }>(`${paths.nodes}/${name}`, (node) => node?.status?.topology !== undefined);
  }

  /** Until a controller has heard each agent: before, a VM is placed among those that it has heard. */
  async opened(): Promise<void> {
    await Promise.all([...this.hosts.keys()].map((name) => this.objects.when<SessionTable>(`${paths.tables}/${name}`, isOpen)));
  }

  startAgent(nodeName: string): void {
    const store = this.#open('rtvm-agent');
    const log = withFields(this.log, { node: nodeName });
    let renewNow: () => void = () => undefined;
    const agent = new Agent({
      store, nodeName, version: '0.1.0', nodeLabels: {}, hypervisor: this.hosts.get(nodeName)!.hypervisor(), root: this.#machine.root,
      runtime: machineRuntime,
      files: filesOnDisk({
        root: this.#machine.root, stateDirectory: join(this.#state, nodeName), imageRoot: this.#images, allowedUrls: [],
        runtime: machineRuntime,
      }),
      // The recorded host has no device files, so KVM is not asked for.
      virtType: 'qemu', auditIntervalMs: 500, log,
      stated: () => renewNow(),
    });
    const stopped = new AbortController();
    const lease = keepNodeLease({
      cluster: store, namespace: 'default', nodeName, isHealthy: () => agent.isAtWork, statement: () => agent.statement, renewMs,
      onWake: (wake) => { renewNow = wake; },
      onError: (error) => log.warn('its Lease', { error }),
    }, stopped.signal);
    const ended = agent.run();
    this.#agents.set(nodeName, {
      stop: async () => {
        stopped.abort();
        agent.stop();
        await Promise.all([ended, lease]);
        await store.close();
      },
    });
  }

  /** Patches the Node, and waits until every controller knows: what is created next is decided on that. */
  async changeNode(name: string, body: object): Promise<void> {
    const node = await this.objects.patch<VersionedNode>(`${paths.clusterNodes}/${name}`, body);
    await Promise.all([...this.#controllers].map((controller) => controller.seesNode(node)));
  }

  /** As a kubelet, and the node controller once it is silent, say it. */
  async setNodeReady(name: string, isReady: boolean): Promise<void> {
    const condition = { type: 'Ready', status: isReady ? 'True' : 'Unknown', reason: 'Test', message: 'a node of a test' };
    const path = `${paths.clusterNodes}/${name}/status`;
    const node = await this.objects.patch<VersionedNode>(path, { status: { conditions: [condition] } });
    await Promise.all([...this.#controllers].map((controller) => controller.seesNode(node)));
  }

  /** Once a restore of the store is open, as `kubectl rtvm restore accept` does; and until it is over. */
  async acceptRestore(): Promise<void> {
    const path = `${paths.leases}/rtvm-controller`;
    interface Marked { readonly metadata: { readonly annotations?: Readonly<Record<string, string>> } }
    const openIn = (lease: Marked | undefined) => lease?.metadata.annotations?.['rtvm.dev/restore'];
    const lease = await this.objects.when<Marked>(path, (found) => openIn(found) !== undefined);
    const { id } = JSON.parse(openIn(lease)!) as { readonly id: string };
    const accepted = JSON.stringify({ id, off: [] });
    await this.objects.patch(path, { metadata: { annotations: { 'rtvm.dev/restore-accepted': accepted } } });
    await this.objects.when<Marked>(path, (found) => openIn(found) === undefined);
  }

  async stopAgent(name: string): Promise<void> {
    const agent = this.#agents.get(name);
    this.#agents.delete(name);
    await agent?.stop();
  }

  /** Renews the Lease of a node whose agent was stopped, while a test answers in its place. */
  async whileLeaseIsKept(nodeName: string, use: () => Promise<void>): Promise<void> {
    const now = () => new Date().toISOString().replace('Z', '000Z');
    const renew = async () => this.objects.patch(`${paths.leases}/${nodeName}`, { spec: { renewTime: now() } });
    const renewing = setInterval(() => void renew().catch(() => undefined), renewMs);
    try {
      await use();
    } finally {
      clearInterval(renewing);
    }
  }

  /** One more controller, with no election: what it writes is fenced by what it was decided on alone. */
  startController({ guard }: { readonly guard?: GuardOptions } = {}): RunningController {
    const store = this.#open('rtvm-controller');
    const controller = new Controller({
      store, cluster: { cluster: store, leaseNamespace: 'default', leaderLease: 'rtvm-controller', leaseMs: lapseMs }, runtime: machineRuntime, log: this.log,
      ...(guard === undefined ? {} : { guard }),
    });
    const ended = controller.run();
    const running: RunningController = {
      seesNode: async ({ metadata: { name, resourceVersion } }) => {
        // The store has one watch of nodes for all who follow them.
        for await (const event of store.watchForeign('Node', {}, AbortSignal.timeout(patienceMs))) {
          if (!('object' in event) || event.object.metadata.name !== name) continue;
          if (BigInt(event.object.metadata.resourceVersion) >= BigInt(resourceVersion)) return;
        }
        throw new Error(`the controller was not told of node ${name} at version ${resourceVersion} in ${patienceMs} ms`);
      },
      stop: async () => {
        this.#controllers.delete(running);
        controller.stop();
        await ended;
        await store.close();
      },
    };
    this.#controllers.add(running);
    return running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...[...this.#agents.keys()].map((name) => this.stopAgent(name)), ...[...this.#controllers].map((controller) => controller.stop())]);
    this.#machine[Symbol.dispose]();
    rmSync(this.#state, { recursive: true, force: true });
  }

  #open(component: string): KubernetesStore {
    return openKubernetesStore({ loadConfig: () => loadKubeConfig({ kubeconfig: this.#api.kubeconfigPath }), component });
  }
}
