// A cluster of two hosts with a libvirtd each. Its controller and agents are processes of one version after the other.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Release } from '../../../testbed/base-release.ts';
import { startKubeApi } from '../../../testbed/kube-api.ts';
import type { KubeApi } from '../../../testbed/kube-api.ts';
import { createNode } from '../../../testbed/kube-node.ts';
import { kubectl } from '../../../testbed/kubectl.ts';
import { manifestsIn, renderChart } from '../chart.ts';
import { KubeObjects, paths } from '../kube-objects.ts';
import { startLocalHost } from '../local-host.ts';
import type { LocalHost, RunningRtvm } from '../local-host.ts';
import { deafRom } from '../roms.ts';
import { makeBlankImage } from './guests.ts';
import type { SlowImage } from './slow-image.ts';

/** What every test machine has. Both hosts are this machine, each with a libvirtd that knows nothing of the other. */
export const dedicatedCpus = [1];
const nodeSpec = { dedicatedCpus: '1', sharedCpus: '0', vcpusPerSharedCpu: 16 };
const nodeNames = ['worker-1', 'worker-2'] as const;

/** Ends with the other version at work, and neither in between. */
export type Order = 'controller first' | 'agents first';

export class UpgradeCluster implements AsyncDisposable {
  readonly api: KubeApi;
  readonly objects: KubeObjects;
  readonly hosts: ReadonlyMap<string, LocalHost>;
  readonly #images: SlowImage;
  readonly #agents = new Map<string, RunningRtvm>();
  #controller: RunningRtvm | undefined;

  private constructor(api: KubeApi, hosts: ReadonlyMap<string, LocalHost>, images: SlowImage) {
    this.api = api;
    this.objects = new KubeObjects(api);
    this.hosts = hosts;
    this.#images = images;
  }

  /** With nodes, and neither CRDs nor rtvm. @param images what agents may fetch. */
  static async start(images: SlowImage): Promise<UpgradeCluster> {
    await using started = new AsyncDisposableStack();
    const api = started.use(await startKubeApi());
    const hosts = new Map<string, LocalHost>();
    for (const name of nodeNames) {
      const host = started.use(await startLocalHost({ roms: { deaf: deafRom } }));
      makeBlankImage(host);
      hosts.set(name, host);
      await createNode(api, name, { taints: [] });
    }
    started.move();
    return new UpgradeCluster(api, hosts, images);
  }

  /** As `helm upgrade` does first. Waits until the API server serves them. */
  async applyCrds({ chart }: Release): Promise<void> {
    const manifests = manifestsIn(await renderChart(chart));
    const definitions = manifests.filter(({ kind }) => kind === 'CustomResourceDefinition');
    const file = join(this.api.dir, 'crds.json');
    writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: definitions }));
    await this.#kubectl('apply', '--server-side', '--force-conflicts', '-f', file);
    await this.#kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s');
  }

  /** Tells what the administrator gives guests of each node. */
  async describeNodes(): Promise<void> {
    for (const name of nodeNames) {
      const node = { apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeNode', metadata: { name }, spec: nodeSpec };
      await this.objects.create(paths.nodes, node);
    }
  }

  /** Has a controller of this version take over from the one that is at work, if there is one. */
  async runController({ bundle }: Release): Promise<void> {
    const before = this.#controller;
    // As a Deployment does: the next one waits while the one before it ends.
    this.#controller = this.#start('worker-1', bundle, 'controller');
    await ended(before);
  }

  /** One node after the other, as a DaemonSet does: the agent that is at work ends before the next begins. */
  async runAgents({ bundle }: Release): Promise<void> {
    const options = ['--audit-interval', '1', '--allow-url', this.#images.folder];
    for (const name of nodeNames) {
      await ended(this.#agents.get(name));
      this.#agents.set(name, this.#start(name, bundle, 'agent', '--node-name', name, ...options));
    }
  }

  /** @param between is called while one half is of this version and the other is not. */
  async run(release: Release, order: Order, between: () => Promise<void>): Promise<void> {
    const halves = [async () => this.runController(release), async () => this.runAgents(release)];
    const [first, last] = order === 'controller first' ? halves : halves.toReversed();
    await first!();
    await between();
    await last!();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const running of [this.#controller, ...this.#agents.values()]) running?.process.kill('SIGKILL');
    for (const host of this.hosts.values()) await host[Symbol.asyncDispose]();
    await this.api.stop();
  }

  #start(node: string, program: string, command: string, ...args: readonly string[]): RunningRtvm {
    const reach = ['--kubeconfig', this.api.kubeconfigPath, '--lease-namespace', 'default'];
    return this.hosts.get(node)!.start([command, ...reach, '--metrics-address', '127.0.0.1:0', ...args], { program });
  }

  async #kubectl(...args: readonly string[]): Promise<void> {
    const { exitCode, stderr } = await kubectl(this.api.kubeconfigPath, ...args);
    if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  }
}

/** Asks it to end, as kubelet does; it must end well. */
async function ended(running: RunningRtvm | undefined): Promise<void> {
  if (running === undefined) return;
  running.process.kill('SIGTERM');
  const { exitCode, stderr } = await running.ended;
  if (exitCode !== 0) throw new Error(`rtvm ended with ${exitCode}: ${stderr}`);
}
