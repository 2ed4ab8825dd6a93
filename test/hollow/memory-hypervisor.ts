/**
 * A hypervisor that runs nothing: domains are entries in memory, their threads what the domain's XML asks for. With it the
 * real agent acts as a host that does not exist, for tests of its logic and for hundreds of nodes on one machine. Like a real
 * libvirt it outlives the agents that connect to it, keeps definitions by UUID, and tells changes as events.
 */
import { machineClock } from '../../src/runtime/clock.ts';
import type { Clock } from '../../src/runtime/clock.ts';
import { CpuSet } from '../../src/realtime/cpu-set.ts';
import { parseDomainMetadata } from '../../src/realtime/domain/parse-metadata.ts';
import { pinnedCpusOf } from '../../src/realtime/domain/pinned-cpus.ts';
import { readXml } from '../../src/realtime/domain/xml-reader.ts';
import type { XmlNode } from '../../src/realtime/domain/xml-reader.ts';
import type { ObservedProcess, ObservedThread } from '../../src/realtime/observed.ts';
import type { Correction } from '../../src/realtime/verify/corrections.ts';
import type { DomainEnd, HostDomain, Hypervisor, HypervisorEvents, HypervisorVersions } from '../../src/node-agent/hypervisor.ts';

interface MemoryDomain {
  name: string;
  uuid: string;
  xml: string;
  run: HostDomain['run'];
  end: DomainEnd;
  process: ObservedProcess | undefined;
}

/** Something that happened to a domain: the host's own record, for checkers that do not trust the product. */
export interface DomainRecord {
  readonly atMs: number;
  readonly what: 'started' | 'ended' | 'refused';
  readonly uuid: string;
  readonly name: string;
  readonly vmUid: string | undefined;
  readonly xml: string;
  /** Why it was refused. */
  readonly why?: string;
}

export interface MemoryHostOptions {
  /** Waited for in each call of an agent: libvirt answers when it can. Default: at once. */
  readonly travel?: (signal: AbortSignal | undefined) => Promise<void>;
  /** Default: the machine's. */
  readonly clock?: Clock;
  readonly record?: (record: DomainRecord) => void;
  /** What a kernel or libvirt says where it cannot give a domain what its XML asks for beside what `running` have. */
  readonly lacks?: (xml: string, running: readonly string[]) => string | undefined;
}

export class MemoryHost {
  readonly #domains = new Map<string, MemoryDomain>();
  readonly #connections = new Set<HypervisorEvents>();
  readonly #record: (record: DomainRecord) => void;
  readonly #lacks: NonNullable<MemoryHostOptions['lacks']>;
  readonly #clock: Clock;
  readonly travel: NonNullable<MemoryHostOptions['travel']>;
  #nextPid = 1000;
  /** What the next start fails with. */
  failNextStart: Error | undefined;
  /** Whether guests answer when they are asked to switch off. */
  guestsAnswer = true;

  constructor({ travel = () => Promise.resolve(), clock = machineClock, record = () => undefined, lacks = () => undefined }: MemoryHostOptions = {}) {
    this.travel = travel;
    this.#clock = clock;
    this.#record = record;
    this.#lacks = lacks;
  }

  /** A connection to this host, as an agent has one. */
  hypervisor(): MemoryHypervisor {
    return new MemoryHypervisor(this);
  }

  get domains(): readonly Readonly<MemoryDomain>[] {
    return [...this.#domains.values()];
  }

  running(): readonly Readonly<MemoryDomain>[] {
    return this.domains.filter(({ run }) => run !== 'off');
  }

  join(events: HypervisorEvents): () => void {
    this.#connections.add(events);
    queueMicrotask(() => {
      if (this.#connections.has(events)) events.connected();
    });
    return () => this.#connections.delete(events);
  }

  find(uuid: string): Readonly<MemoryDomain> | undefined {
    return this.#domains.get(uuid);
  }

  define(xml: string): void {
    const root = readXml(xml);
    const [name, uuid] = [child(root, 'name')!.text, child(root, 'uuid')!.text];
    for (const other of this.#domains.values()) {
      if (other.name === name && other.uuid !== uuid) throw new Error(`domain '${name}' already exists with uuid ${other.uuid}`);
    }
    const known = this.#domains.get(uuid);
    if (known === undefined) this.#domains.set(uuid, { name, uuid, xml, run: 'off', end: 'unknown', process: undefined });
    else known.xml = xml;
    this.#tell(uuid);
  }

  start(uuid: string): void {
    const failure = this.failNextStart;
    this.failNextStart = undefined;
    if (failure !== undefined) throw failure;
    const domain = this.#domains.get(uuid);
    if (domain === undefined) throw new Error(`no domain ${uuid}`);
    if (domain.run !== 'off') throw new Error(`domain ${domain.name} is already running`);
    const lack = this.#lacks(domain.xml, this.running().map(({ xml }) => xml));
    if (lack !== undefined) {
      this.#write('refused', domain, lack);
      throw new Error(lack);
    }
    domain.run = 'running';
    domain.process = processOf(domain.xml, this.#nextPid);
    this.#nextPid += 100;
    this.#write('started', domain);
    this.#tell(uuid);
  }

  /** Ends a domain as a guest, a crash or a person would. */
  end(uuid: string, how: DomainEnd): void {
    const domain = this.#domains.get(uuid);
    if (domain === undefined || domain.run === 'off') return;
    domain.run = 'off';
    domain.end = how;
    domain.process = undefined;
    this.#write('ended', domain);
    this.#tell(uuid);
  }

  undefine(uuid: string): void {
    if (this.#domains.get(uuid)?.run === 'off') this.#domains.delete(uuid);
    this.#tell(uuid);
  }

  /** Changes one thread behind everybody's back. */
  disturb(uuid: string, comm: string, change: Partial<ObservedThread>): void {
    const domain = this.#domains.get(uuid);
    if (domain?.process === undefined) throw new Error(`domain ${uuid} does not run`);
    domain.process = { ...domain.process, threads: domain.process.threads.map((thread) => (thread.comm === comm ? { ...thread, ...change } : thread)) };
  }

  correct(process: ObservedProcess, corrections: readonly Correction[]): void {
    for (const domain of this.#domains.values()) {
      if (domain.process?.pid !== process.pid) continue;
      for (const { comm, policy, priority, cpus } of corrections) {
        this.disturb(domain.uuid, comm, {
          ...(policy === undefined ? {} : { policy, priority: priority ?? 0 }),
          ...(cpus === undefined ? {} : { allowedCpus: cpus }),
        });
      }
    }
  }

  #tell(uuid: string): void {
    for (const events of this.#connections) queueMicrotask(() => events.changed(uuid));
  }

  #write(what: DomainRecord['what'], { uuid, name, xml }: MemoryDomain, why?: string): void {
    this.#record({ atMs: this.#clock.nowMs(), what, uuid, name, vmUid: parseDomainMetadata(xml)?.uid, xml, ...(why === undefined ? {} : { why }) });
  }
}

/** One agent's connection to a {@link MemoryHost}. */
export class MemoryHypervisor implements Hypervisor {
  readonly #host: MemoryHost;
  #leave: (() => void) | undefined;

  constructor(host: MemoryHost) {
    this.#host = host;
  }

  connect(events: HypervisorEvents): void {
    this.#leave = this.#host.join(events);
  }

  get isConnected(): boolean {
    return this.#leave !== undefined;
  }

  stop(): Promise<void> {
    this.#leave?.();
    this.#leave = undefined;
    return Promise.resolve();
  }

  /** Those of the Debian that the recorded hosts ran. */
  async versions(signal?: AbortSignal): Promise<HypervisorVersions> {
    await this.#host.travel(signal);
    return { libvirt: '11.3.0', qemu: '10.0.2' };
  }

  async list(signal?: AbortSignal): Promise<readonly HostDomain[]> {
    await this.#host.travel(signal);
    return this.#host.domains.map(hostDomain);
  }

  async find(uuid: string, signal?: AbortSignal): Promise<HostDomain | undefined> {
    await this.#host.travel(signal);
    const domain = this.#host.find(uuid);
    return domain === undefined ? undefined : hostDomain(domain);
  }

  async define(xml: string, signal?: AbortSignal): Promise<void> {
    await this.#host.travel(signal);
    this.#host.define(xml);
  }

  async start(uuid: string, signal?: AbortSignal): Promise<void> {
    await this.#host.travel(signal);
    this.#host.start(uuid);
  }

  async requestShutdown(uuid: string, signal?: AbortSignal): Promise<void> {
    await this.#host.travel(signal);
    if (this.#host.guestsAnswer) this.#host.end(uuid, 'shutdown');
  }

  async destroy(uuid: string, signal?: AbortSignal): Promise<void> {
    await this.#host.travel(signal);
    this.#host.end(uuid, 'destroyed');
  }

  async undefine(uuid: string, signal?: AbortSignal): Promise<void> {
    await this.#host.travel(signal);
    this.#host.undefine(uuid);
  }

  observe({ uuid }: HostDomain): ObservedProcess | undefined {
    return this.#host.find(uuid)?.process;
  }

  async correct(process: ObservedProcess, corrections: readonly Correction[], _domain?: HostDomain, signal?: AbortSignal): Promise<void> {
    await this.#host.travel(signal);
    this.#host.correct(process, corrections);
  }
}

/** Of the smallest host that acts here. */
const hostCpus = CpuSet.parse('0-7');

function hostDomain({ name, uuid, run, end, xml }: Readonly<MemoryDomain>): HostDomain {
  return { name, uuid, run, ...(run === 'off' ? { end } : {}), metadata: parseDomainMetadata(xml), pinnedCpus: pinnedCpusOf(xml, hostCpus) };
}

/** The process that libvirt and QEMU would make of a domain, read from its XML alone. */
function processOf(xml: string, pid: number): ObservedProcess {
  const root = readXml(xml);
  const tune = child(root, 'cputune');
  const emulator = CpuSet.parse(tune === undefined ? '' : child(tune, 'emulatorpin')?.attributes.get('cpuset') ?? '');
  const thread = (tid: number, comm: string, allowedCpus: CpuSet, fifo?: number): ObservedThread => ({
    tid, comm, policy: fifo === undefined ? 'OTHER' : 'FIFO', priority: fifo ?? 0, allowedCpus, lastCpu: allowedCpus.first ?? 0,
    voluntarySwitches: 0n, involuntarySwitches: 0n, runDelayNs: 0n,
  });
  const fifo = new Map(children(tune, 'vcpusched').flatMap((node) => (
    [...CpuSet.parse(node.attributes.get('vcpus') ?? '')].map((vcpu): [number, number] => [vcpu, Number(node.attributes.get('priority'))])
  )));
  const memoryKiB = 1024 * Number(child(root, 'memory')!.text);
  const huge = child(child(root, 'memoryBacking'), 'hugepages') !== undefined;
  return {
    pid,
    startTicks: BigInt(pid),
    threads: [thread(pid, 'qemu-system-x86', emulator), ...vcpuPins(root).map(({ vcpu, cpus }) => thread(pid + 1 + vcpu, `CPU ${vcpu}/KVM`, cpus, fifo.get(vcpu)))],
    kernelThreads: [],
    lockedKiB: 200_000 + (huge ? 0 : memoryKiB),
    residentKiB: 100_000 + (huge ? 0 : memoryKiB),
    swappedKiB: 0,
    hugetlbKiB: huge ? memoryKiB : 0,
  };
}

function vcpuPins(root: XmlNode): readonly { readonly vcpu: number; readonly cpus: CpuSet }[] {
  return children(child(root, 'cputune'), 'vcpupin').map(({ attributes }) => ({ vcpu: Number(attributes.get('vcpu')), cpus: CpuSet.parse(attributes.get('cpuset') ?? '') }));
}

function children(node: XmlNode | undefined, name: string): readonly XmlNode[] {
  return node?.children.filter((candidate) => candidate.name === name) ?? [];
}

function child(node: XmlNode | undefined, name: string): XmlNode | undefined {
  return children(node, name)[0];
}
