/**
 * A hypervisor that runs nothing: domains are entries in memory, their threads what the domain's XML asks for. With it
 * the real agent acts as a host that does not exist, for tests of its logic and for hundreds of nodes on one machine.
 * Like a real libvirt it outlives the agents that connect to it, keeps definitions by UUID, and tells changes as
 * events.
 */
import { machineClock } from '../../src/runtime/clock.ts';
import type { Clock } from '../../src/runtime/clock.ts';
import { CpuSet } from '../../src/realtime/cpu-set.ts';
import { LibvirtConnectionError } from '../../src/libvirt/errors.ts';
import { parseDomainMetadata } from '../../src/realtime/domain/parse-metadata.ts';
import { ownedPartsOf } from '../../src/realtime/domain/owned-parts.ts';
import { pinnedCpusOf } from '../../src/realtime/domain/pinned-cpus.ts';
import { readXml } from '../../src/realtime/domain/xml-reader.ts';
import type { ObservedProcess, ObservedThread } from '../../src/realtime/observed.ts';
import { HostError } from '../../src/node-agent/host/host-error.ts';
import type { Correction } from '../../src/realtime/verify/corrections.ts';
import type {
  DomainEnd, HostDomain, Hypervisor, HypervisorEvents, HypervisorVersions,
} from '../../src/node-agent/hypervisor.ts';
import { child, processOf } from './memory-process.ts';

interface MemoryDomain {
  name: string;
  uuid: string;
  /** Of the domain that runs, or of its definition. */
  xml: string;
  /** What was defined while it runs: it counts from its next start. */
  next: string | undefined;
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
  /** Why it was refused, or how it ended. */
  readonly why?: string;
  readonly begunAtMs?: number; // of a start: when it was asked for
}

export interface MemoryHostOptions {
  /** How long libvirt and the kernel take to start a domain, in which it is `changing`. Default: no time. */
  readonly startMs?: () => number;
  /** Default: the machine's. */
  readonly clock?: Clock;
  readonly record?: (record: DomainRecord) => void;
  /** What a kernel or libvirt says where it cannot give a domain what its XML asks for beside what `running` have. */
  readonly lacks?: (xml: string, running: readonly string[]) => string | undefined;
  /** What QEMU and the kernel make of the process of a domain that is started, beside what its XML asks for. */
  readonly makes?: (process: ObservedProcess) => ObservedProcess;
  /** Whether the cpuset of a thread of this name lets it have no other CPUs. */
  readonly isStuck?: (comm: string) => boolean;
}

export class MemoryHost {
  readonly #domains = new Map<string, MemoryDomain>();
  readonly #connections = new Set<Connection>();
  readonly #record: (record: DomainRecord) => void;
  readonly #lacks: NonNullable<MemoryHostOptions['lacks']>;
  readonly #clock: Clock;
  readonly #startMs: () => number;
  readonly #makes: NonNullable<MemoryHostOptions['makes']>;
  readonly #isStuck: NonNullable<MemoryHostOptions['isStuck']>;
  #daemonRuns = true;
  /** Counts the times that libvirt's daemon, or the host, has gone. */
  #generation = 0;
  #nextPid = 1000;
  /** What the next start fails with. */
  failNextStart: Error | undefined;
  /** What libvirt says where it will not undefine any domain. */
  keepsDefinitions: Error | undefined;
  /** Whether guests answer when they are asked to switch off. */
  guestsAnswer = true;

  constructor(options: MemoryHostOptions = {}) {
    const { startMs = () => 0, clock = machineClock, record = () => undefined, lacks = () => undefined } = options;
    const { makes = (process: ObservedProcess) => process, isStuck = () => false } = options;
    this.#startMs = startMs;
    this.#clock = clock;
    this.#record = record;
    this.#lacks = lacks;
    this.#makes = makes;
    this.#isStuck = isStuck;
  }

  /** A connection to this host, as an agent has one. */
  hypervisor(link: HostLink = direct): MemoryHypervisor {
    return new MemoryHypervisor(this, link);
  }

  get daemonRuns(): boolean {
    return this.#daemonRuns;
  }

  get generation(): number {
    return this.#generation;
  }

  /** libvirt's daemon ends: domains run on, calls under way get no answer. */
  stopDaemon(): void {
    if (!this.#daemonRuns) return;
    this.#daemonRuns = false;
    this.#generation += 1;
    // What it was starting it finds half started, and ends.
    for (const domain of this.#domains.values()) this.#cancelStart(domain);
    for (const { events, link } of this.#connections) link.enter(() => events.disconnected(connectionLost()));
  }

  /** It is back, and has forgotten how domains ended. */
  startDaemon(): void {
    if (this.#daemonRuns) return;
    this.#daemonRuns = true;
    for (const domain of this.#domains.values()) domain.end = 'unknown';
    for (const connection of this.#connections) this.#greet(connection);
  }

  /** The host loses its power: nothing runs, and nobody is connected any more. Definitions are on its disk. */
  cutPower(): void {
    this.#daemonRuns = false;
    this.#generation += 1;
    this.#connections.clear();
    for (const domain of this.#domains.values()) {
      if (!this.#cancelStart(domain) && domain.run !== 'off') this.#ended(domain, 'unknown');
    }
  }

  get domains(): readonly Readonly<MemoryDomain>[] {
    return [...this.#domains.values()];
  }

  running(): readonly Readonly<MemoryDomain>[] {
    return this.domains.filter(({ run }) => run !== 'off');
  }

  join(events: HypervisorEvents, link: HostLink): () => void {
    const connection = { events, link };
    this.#connections.add(connection);
    if (this.#daemonRuns) this.#greet(connection);
    return () => this.#connections.delete(connection);
  }

  #greet(connection: Connection): void {
    queueMicrotask(() => connection.link.enter(() => {
      if (this.#connections.has(connection) && this.#daemonRuns) connection.events.connected();
    }));
  }

  find(uuid: string): Readonly<MemoryDomain> | undefined {
    return this.#domains.get(uuid);
  }

  define(xml: string): void {
    const root = readXml(xml);
    const [name, uuid] = [child(root, 'name')!.text, child(root, 'uuid')!.text];
    for (const other of this.#domains.values()) {
      if (other.name === name && other.uuid !== uuid) {
        throw new Error(`domain '${name}' already exists with uuid ${other.uuid}`);
      }
    }
    const known = this.#domains.get(uuid);
    if (known === undefined) {
      this.#domains.set(uuid, { name, uuid, xml, next: undefined, run: 'off', end: 'unknown', process: undefined });
    }
    else if (known.run === 'off') known.xml = xml;
    else known.next = xml;
    this.#tell(uuid);
  }

  start(uuid: string, begunAtMs = this.#clock.nowMs()): void {
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
    domain.process = this.#makes(processOf(domain.xml, this.#nextPid));
    this.#nextPid += 100;
    this.#write('started', domain, undefined, begunAtMs);
    domain.run = 'running';
    this.#tell(uuid);
  }

  /** The same, as long as it takes. @throws LibvirtConnectionError where libvirt, or the host, goes meanwhile. */
  async startInTime(uuid: string): Promise<void> {
    const ms = this.#startMs();
    const begunAtMs = this.#clock.nowMs();
    const domain = this.#domains.get(uuid);
    if (ms > 0 && domain?.run === 'off') {
      const generation = this.#generation;
      domain.run = 'changing';
      await this.#clock.sleep(ms, undefined);
      if (generation !== this.#generation) throw connectionLost();
      if (!this.#cancelStart(domain)) throw new Error(`domain '${domain.name}' was destroyed while it was started`);
    }
    this.start(uuid, begunAtMs);
  }

  /** Ends a domain as a guest, a crash or a person would. */
  end(uuid: string, how: DomainEnd): void {
    const domain = this.#domains.get(uuid);
    if (domain === undefined || domain.run === 'off') return;
    // One that is being started never was: its start fails.
    if (!this.#cancelStart(domain)) this.#ended(domain, how);
    this.#tell(uuid);
  }

  /** @returns whether it was being started. */
  #cancelStart(domain: MemoryDomain): boolean {
    if (domain.run !== 'changing') return false;
    domain.run = 'off';
    return true;
  }

  #ended(domain: MemoryDomain, how: DomainEnd): void {
    this.#write('ended', domain, how);
    domain.run = 'off';
    domain.end = how;
    domain.process = undefined;
    domain.xml = domain.next ?? domain.xml;
    domain.next = undefined;
  }

  undefine(uuid: string): void {
    if (this.keepsDefinitions !== undefined) throw this.keepsDefinitions;
    if (this.#domains.get(uuid)?.run === 'off') this.#domains.delete(uuid);
    this.#tell(uuid);
  }

  /** Changes one thread behind everybody's back. */
  disturb(uuid: string, comm: string, change: Partial<ObservedThread>): void {
    const changed = (thread: ObservedThread) => (thread.comm === comm ? { ...thread, ...change } : thread);
    this.disturbProcess(uuid, ({ threads, kernelThreads }) => ({
      threads: threads.map(changed), kernelThreads: kernelThreads.map(changed),
    }));
  }

  /** Changes anything of its process. */
  disturbProcess(uuid: string, change: (process: ObservedProcess) => Partial<ObservedProcess>): void {
    const domain = this.#domains.get(uuid);
    if (domain?.process === undefined) throw new Error(`domain ${uuid} does not run`);
    domain.process = { ...domain.process, ...change(domain.process) };
  }

  correct(process: ObservedProcess, corrections: readonly Correction[]): void {
    for (const domain of this.#domains.values()) {
      if (domain.process?.pid !== process.pid) continue;
      for (const { comm, policy, priority, cpus } of corrections) {
        const stuck = cpus !== undefined && this.#isStuck(comm);
        this.disturb(domain.uuid, comm, {
          ...(policy === undefined ? {} : { policy, priority: priority ?? 0 }),
          ...(cpus === undefined || stuck ? {} : { allowedCpus: cpus }),
        });
        if (stuck) throw new HostError('CONTROL_REFUSED', `thread ${comm} may not leave its CPUs`);
      }
    }
  }

  #tell(uuid: string): void {
    if (!this.#daemonRuns) return;
    for (const { events, link } of this.#connections) queueMicrotask(() => link.enter(() => events.changed(uuid)));
  }

  #write(what: DomainRecord['what'], { uuid, name, xml }: MemoryDomain, why?: string, begunAtMs?: number): void {
    this.#record({
      atMs: this.#clock.nowMs(), what, uuid, name, vmUid: parseDomainMetadata(xml)?.uid,
      xml, ...(why === undefined ? {} : { why }), ...(begunAtMs === undefined ? {} : { begunAtMs }),
    });
  }
}

/** What is between an agent's process and libvirt on its host. */
export interface HostLink {
  readonly there: () => Promise<void>;
  readonly back: () => Promise<void>;
  /** Something comes to the process by itself. */
  readonly enter: (action: () => void) => void;
}

const direct: HostLink = { there: () => Promise.resolve(), back: () => Promise.resolve(), enter: (action) => action() };

interface Connection {
  readonly events: HypervisorEvents;
  readonly link: HostLink;
}

function connectionLost(): LibvirtConnectionError {
  return new LibvirtConnectionError('CONNECTION_CLOSED', 'libvirt has closed the connection');
}

/** One agent's connection to a {@link MemoryHost}. */
export class MemoryHypervisor implements Hypervisor {
  readonly #host: MemoryHost;
  readonly #link: HostLink;
  #leave: (() => void) | undefined;

  constructor(host: MemoryHost, link: HostLink) {
    this.#host = host;
    this.#link = link;
  }

  connect(events: HypervisorEvents): void {
    this.#leave = this.#host.join(events, this.#link);
  }

  get isConnected(): boolean {
    return this.#leave !== undefined && this.#host.daemonRuns;
  }

  stop(): Promise<void> {
    this.#leave?.();
    this.#leave = undefined;
    return Promise.resolve();
  }

  /** Those of the Debian that the recorded hosts ran. */
  versions(): Promise<HypervisorVersions> {
    return this.#call(() => ({ libvirt: '11.3.0', qemu: '10.0.2' }));
  }

  list(): Promise<readonly HostDomain[]> {
    return this.#call(() => this.#host.domains.map(hostDomain));
  }

  find(uuid: string): Promise<HostDomain | undefined> {
    return this.#call(() => {
      const domain = this.#host.find(uuid);
      return domain === undefined ? undefined : hostDomain(domain);
    });
  }

  define(xml: string): Promise<void> {
    return this.#call(() => this.#host.define(xml));
  }

  start(uuid: string): Promise<void> {
    return this.#call(() => this.#host.startInTime(uuid));
  }

  requestShutdown(uuid: string): Promise<void> {
    return this.#call(() => {
      if (this.#host.guestsAnswer) this.#host.end(uuid, 'shutdown');
    });
  }

  destroy(uuid: string): Promise<void> {
    return this.#call(() => this.#host.end(uuid, 'destroyed'));
  }

  undefine(uuid: string): Promise<void> {
    return this.#call(() => this.#host.undefine(uuid));
  }

  observe({ uuid }: HostDomain): ObservedProcess | undefined {
    return this.#host.find(uuid)?.process;
  }

  correct(process: ObservedProcess, corrections: readonly Correction[]): Promise<void> {
    return this.#call(() => this.#host.correct(process, corrections));
  }

  /** What has left is carried out; where libvirt goes meanwhile, nobody learns of it. */
  async #call<Result>(act: () => Result | Promise<Result>): Promise<Result> {
    const { generation } = this.#host;
    const requireSame = () => {
      if (!this.#host.daemonRuns || this.#host.generation !== generation) throw connectionLost();
    };
    await this.#link.there();
    requireSame();
    const outcome = await Promise.resolve()
      .then(act)
      .then((result) => ({ result }), (refusal: unknown) => ({ refusal }));
    await this.#link.back();
    requireSame();
    if ('refusal' in outcome) throw outcome.refusal;
    return outcome.result;
  }
}

/** Of the smallest host that acts here. */
const hostCpus = CpuSet.parse('0-7');

type Definition = Pick<HostDomain, 'metadata' | 'pinnedCpus' | 'devices' | 'disks'>;

/** Each definition is read once, as the real one does; what was read of it goes with the domain. */
const definitions = new WeakMap<MemoryDomain, { readonly xml: string; readonly read: Definition }>();

function definitionOf(domain: MemoryDomain): Definition {
  const { xml } = domain;
  const known = definitions.get(domain);
  if (known?.xml === xml) return known.read;
  const read = { metadata: parseDomainMetadata(xml), pinnedCpus: pinnedCpusOf(xml, hostCpus), ...ownedPartsOf(xml) };
  definitions.set(domain, { xml, read });
  return read;
}

function hostDomain(domain: Readonly<MemoryDomain>): HostDomain {
  const { name, uuid, run, end } = domain;
  return { name, uuid, run, ...(run === 'off' ? { end } : {}), ...definitionOf(domain) };
}
