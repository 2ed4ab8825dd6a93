// Hundreds of nodes in one process: for each a Kubernetes Node, its own connections to the API server, and the real agent
// over a hypervisor in memory.
import { join } from 'node:path';
import { Agent } from '../../src/node-agent/agent.ts';
import { filesOnDisk } from '../../src/node-agent/files-on-disk.ts';
import { withFields } from '../../src/runtime/log.ts';
import type { Log } from '../../src/runtime/log.ts';
import { machineRuntime } from '../../src/runtime/runtime.ts';
import { silentLog } from '../../src/runtime/testing/recorded-log.ts';
import { loadKubeConfig } from '../../src/store/kubernetes/kube-config.ts';
import { openKubernetesStore } from '../../src/store/kubernetes/kubernetes-store.ts';
import { keepNodeLease } from '../../src/store/kubernetes/node-lease.ts';
import type { KubeApi } from '../testbed/kube-api.ts';
import { createNode } from '../testbed/kube-node.ts';
import { unpackHollowHost } from './hollow-host.ts';
import { MemoryHost } from './memory-hypervisor.ts';
import type { DomainRecord } from './memory-hypervisor.ts';

export interface HollowNodesOptions {
  readonly api: KubeApi;
  readonly names: readonly string[];
  readonly leaseNamespace: string;
  /** Default 30 s. */
  readonly auditIntervalMs?: number;
  /** Of all agents. Default: nobody reads it. */
  readonly log?: Log;
  /** The hosts' own record of which domain held which CPU. */
  readonly record?: (nodeName: string, record: DomainRecord) => void;
}

/** Starts them all; they run until disposed. The hosts, with their domains, outlive their agents. */
export async function startHollowNodes(options: HollowNodesOptions): Promise<HollowNodes> {
  for (const name of options.names) await createNode(options.api, name);
  const nodes = new HollowNodes(options);
  for (const name of options.names) nodes.start(name);
  return nodes;
}

interface RunningAgent {
  readonly agent: Agent;
  readonly ended: Promise<unknown>;
}

export class HollowNodes implements AsyncDisposable {
  readonly hosts: ReadonlyMap<string, MemoryHost>;
  readonly #options: HollowNodesOptions;
  readonly #machine = unpackHollowHost();
  readonly #running = new Map<string, RunningAgent>();

  constructor(options: HollowNodesOptions) {
    this.#options = options;
    this.hosts = new Map(options.names.map((name) => [name, new MemoryHost({ record: (record) => options.record?.(name, record) })]));
  }

  /** Starts the agent of one node, as its DaemonSet does. */
  start(nodeName: string): void {
    const { api, leaseNamespace, auditIntervalMs = 30_000, log: all = silentLog } = this.#options;
    const store = openKubernetesStore({ loadConfig: () => loadKubeConfig({ kubeconfig: api.kubeconfigPath }), component: 'rtvm-agent' });
    const log = withFields(all, { node: nodeName });
    let renewNow: () => void = () => undefined;
    const agent = new Agent({
      store, nodeName, version: 'test', nodeLabels: {}, hypervisor: this.hosts.get(nodeName)!.hypervisor(),
      root: this.#machine.root, runtime: machineRuntime,
      files: filesOnDisk({
        root: this.#machine.root, stateDirectory: join(this.#machine.directory, 'state', nodeName),
        imageRoot: this.#machine.imageRoot, allowedUrls: [], runtime: machineRuntime,
      }),
      // Such a host has no device files, so KVM is not asked for.
      virtType: 'qemu', auditIntervalMs, log,
      stated: () => renewNow(),
    });
    const stopped = new AbortController();
    const lease = keepNodeLease({
      cluster: store, namespace: leaseNamespace, nodeName, isHealthy: () => agent.isAtWork,
      statement: () => agent.statement, onWake: (wake) => { renewNow = wake; },
      onError: (error) => log.warn('its Lease', { error }),
    }, stopped.signal);
    const ended = agent.run().finally(async () => {
      stopped.abort();
      await lease;
      await store.close();
    });
    this.#running.set(nodeName, { agent, ended });
  }

  /** Ends the agent of one node in order; its domains run on. */
  async stop(nodeName: string): Promise<void> {
    const running = this.#running.get(nodeName);
    this.#running.delete(nodeName);
    running?.agent.stop();
    await running?.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running.keys()].map((name) => this.stop(name)));
    this.#machine[Symbol.dispose]();
  }
}
