/** A simulated cluster with people at it, for stories that are told and not drawn: what they do, and what they read. */
import type { RealtimeVmSpec } from '../../src/crds/realtime-vm.ts';
import type { Draft, Stored } from '../../src/store/resource.ts';
import type { Kept } from '../../src/store/testing/memory-server.ts';
import { MemoryStore } from '../../src/store/testing/memory-store.ts';
import { SimulatedCluster } from './cluster.ts';
import { accept, isRestoreOpen } from './restore.ts';
import { leaderLease, namespace, outOfService } from './world.ts';
import type { Vm } from './world.ts';

type Table = Stored<'RealtimeAllocation'>;

const stepMs = 1000;
/** In virtual time: nobody waits for it. */
const longestMs = 900_000;

export class ToldCluster implements Disposable {
  readonly cluster: SimulatedCluster;
  readonly person: MemoryStore;
  /** The most domains of one VM that have run at once, by the UID of the VM. */
  readonly together = new Map<string, number>();

  constructor(seed: number) {
    this.cluster = new SimulatedCluster(seed, { host: (_, { what, vmUid = '' }) => { if (what === 'started') this.#started(vmUid); } });
    const atOnce = () => Promise.resolve();
    this.person = new MemoryStore({ server: this.cluster.server, way: { there: atOnce, back: atOnce } });
  }

  /** One controller, and an agent on each of the nodes; it leads, and knows them. */
  static async with(...nodes: readonly string[]): Promise<ToldCluster> {
    const told = new ToldCluster(1);
    const { cluster } = told;
    cluster.put('Namespace', { metadata: { name: namespace, labels: { 'kubernetes.io/metadata.name': namespace } } });
    for (const node of nodes) {
      cluster.addNode(node);
      cluster.start(node);
    }
    cluster.start('c1');
    await cluster.clock.pass(90_000);
    return told;
  }

  [Symbol.dispose](): void {
    this.cluster[Symbol.dispose]();
  }

  async make(name: string, spec: object): Promise<void> {
    const draft = { kind: 'RealtimeVM', metadata: { namespace, name }, spec: { terminationGracePeriodSeconds: 1, ...spec } };
    await this.person.create(draft as Draft<'RealtimeVM'>);
  }

  async edit(name: string, spec: object): Promise<void> {
    const vm = this.vm(name);
    await this.person.update({ ...vm, spec: { ...vm.spec, ...spec as Partial<RealtimeVmSpec> } });
  }

  async remove(name: string): Promise<void> {
    await this.person.delete('RealtimeVM', { namespace, name });
  }

  find(name: string): Vm | undefined {
    return this.cluster.server.find('RealtimeVM', { namespace, name }) as Vm | undefined;
  }

  vm(name: string): Vm {
    const vm = this.find(name);
    if (vm === undefined) throw new Error(`there is no VM ${name}`);
    return vm;
  }

  /** `STATUS/REASON` of a condition; undefined where it is not said. */
  says(name: string, type: string): string | undefined {
    const found = this.find(name)?.status?.conditions?.find((condition) => condition.type === type);
    return found === undefined ? undefined : `${found.status}/${found.reason}`;
  }

  isReady(name: string): boolean {
    return this.says(name, 'Ready') === 'True/RunningVerified';
  }

  table(node: string): Table {
    return this.cluster.server.find('RealtimeAllocation', { name: node }) as unknown as Table;
  }

  /** `NODE: FIFO THREADS' CPUs` of each domain that runs for the VM. */
  domains(name: string): readonly string[] {
    const uid = this.vm(name).metadata.uid;
    return [...this.cluster.hosts].flatMap(([node, host]) => host.running().filter(({ xml }) => xml.includes(uid)).map(
      ({ process }) => `${node}: ${fifoCpus(process?.threads ?? []).join(',') || 'none'}`,
    ));
  }

  /** @throws Error where it does not become so. */
  async until(what: string, isSo: () => boolean): Promise<void> {
    for (let waitedMs = 0; !isSo(); waitedMs += stepMs) {
      if (waitedMs > longestMs) throw new Error(`never: ${what}\n${this.cluster.log.split('\n').slice(-12).join('\n')}`);
      await this.cluster.clock.pass(stepMs);
    }
  }

  async pass(seconds: number): Promise<void> {
    await this.cluster.clock.pass(1000 * seconds);
  }

  setNode(name: string, spec: object, ready: 'True' | 'Unknown' = 'True'): void {
    this.cluster.setNode(name, spec, ready);
  }

  /** What an agent that lies, or that somebody has taken over, tells of domains on its host. */
  writeOrphans(node: string, orphans: readonly object[]): void {
    const { server } = this.cluster;
    const object = server.find('RealtimeNode', { name: node }) as Kept & { readonly status?: object };
    const metadata = { ...object.metadata, resourceVersion: server.stamp().resourceVersion };
    server.put('RealtimeNode', { ...object, metadata, status: { ...object.status, orphans } });
  }

  /** As another version of rtvm would have made its domain. */
  rewriteDomain(node: string, vm: string, change: (xml: string) => string): void {
    const domain = this.#domain(node, vm);
    const xml = change(domain.xml);
    if (xml === domain.xml) throw new Error('the domain has nothing of that');
    domain.xml = xml;
  }

  /** libvirt calls it neither running nor off, and goes on doing so. */
  hang(node: string, vm: string): void {
    this.#domain(node, vm).run = 'changing';
  }

  #domain(node: string, vm: string): { xml: string; run: string } {
    const { uid } = this.vm(vm).metadata;
    const domain = this.cluster.hosts.get(node)!.domains.find(({ xml }) => xml.includes(uid));
    if (domain === undefined) throw new Error(`there is no domain of ${vm} on ${node}`);
    return domain;
  }

  deleteNode(name: string): void {
    const node = this.cluster.server.find('Node', { name });
    if (node !== undefined) this.cluster.remove('Node', node);
  }

  /** A person says that its machine is off. */
  saysOff(name: string, ready: 'True' | 'Unknown'): void {
    this.setNode(name, { taints: [outOfService] }, ready);
  }

  /** A person has looked at the restore that is open, and accepts it; @param off machines that are said to be off. */
  accept(off: readonly string[] = []): void {
    if (!this.isRestoreOpen) throw new Error('no restore is open');
    accept(this.cluster, 'Lease', leaderLease, off);
  }

  get isRestoreOpen(): boolean {
    return isRestoreOpen(this.cluster);
  }

  /** It does not count as running yet. */
  #started(uid: string): void {
    const others = [...this.cluster.hosts.values()].flatMap((host) => host.running()).filter(({ xml }) => xml.includes(uid));
    this.together.set(uid, Math.max(others.length + 1, this.together.get(uid) ?? 0));
  }
}

function fifoCpus(threads: readonly { readonly policy: string; readonly allowedCpus: { toString(): string } }[]): readonly string[] {
  return threads.filter(({ policy }) => policy === 'FIFO').map(({ allowedCpus }) => allowedCpus.toString()).toSorted();
}
