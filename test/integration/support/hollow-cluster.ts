// A small cluster in the test's own process: real controllers and real agents on a real API server, over hosts that run nothing.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Controller } from '../../../src/controller/controller.ts';
import type { GuardOptions } from '../../../src/controller/guard.ts';
import { Agent } from '../../../src/node-agent/agent.ts';
import { filesOnDisk } from '../../../src/node-agent/files-on-disk.ts';
import { machineRuntime } from '../../../src/runtime/runtime.ts';
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

/** Far shorter than in production: a test waits for a Lease to lapse. */
const renewMs = 500;
const lapseMs = 3000;

/** What the recorded host of every node gives its guests: four CPUs on two sockets, two threads a core. */
const nodeSpec = { dedicatedCpus: '2-3,6-7', sharedCpus: '0-1,4-5' };

interface Running {
  readonly stop: () => Promise<void>;
}

export class HollowCluster implements AsyncDisposable {
  readonly objects: KubeObjects;
  readonly hosts = new Map<string, MemoryHost>();
  readonly warnings: string[] = [];
  readonly #api: ServedApi;
  readonly #machine = unpackHost(recordedHost('realtime-two-sockets'));
  readonly #state = mkdtempSync(join(tmpdir(), 'rtvm-hollow-'));
  readonly #images = join(this.#state, 'images');
  readonly #agents = new Map<string, Running>();
  readonly #controllers = new Set<Running>();

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

  startAgent(nodeName: string): void {
    const store = this.#open('rtvm-agent');
    const warn = (message: string, error?: unknown) => this.#warn(nodeName, message, error);
    const agent = new Agent({
      store, nodeName, version: '0.1.0', nodeLabels: {}, hypervisor: this.hosts.get(nodeName)!.hypervisor(), root: this.#machine.root,
      runtime: machineRuntime,
      files: filesOnDisk({
        root: this.#machine.root, stateDirectory: join(this.#state, nodeName), imageRoot: this.#images, allowedUrls: [],
        runtime: machineRuntime,
      }),
      // The recorded host has no device files, so KVM is not asked for.
      virtType: 'qemu', auditIntervalMs: 500, log: { info: () => undefined, warn },
    });
    const stopped = new AbortController();
    const lease = keepNodeLease({ cluster: store, namespace: 'default', nodeName, isHealthy: () => agent.auditsOnTime, renewMs, onError: (error) => warn('its Lease', error) }, stopped.signal);
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

  async stopAgent(name: string): Promise<void> {
    const agent = this.#agents.get(name);
    this.#agents.delete(name);
    await agent?.stop();
  }

  /** One more controller, with no election: what it writes is fenced by what it was decided on alone. */
  startController({ guard }: { readonly guard?: GuardOptions } = {}): Running {
    const store = this.#open('rtvm-controller');
    const controller = new Controller({
      store, cluster: { cluster: store, leaseNamespace: 'default', leaseMs: lapseMs }, runtime: machineRuntime, warn: (message, error) => this.#warn('controller', message, error),
      ...(guard === undefined ? {} : { guard }),
    });
    const ended = controller.run();
    const running: Running = {
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

  #warn(who: string, message: string, error: unknown): void {
    this.warnings.push(`${who}: ${message}${error instanceof Error ? `: ${error.message}` : ''}`);
  }
}
