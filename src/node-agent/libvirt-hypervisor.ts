/** The hypervisor of a real host: domains through libvirt, threads through /proc. */
import { dirname } from 'node:path';
import type { CpuSet } from '../realtime/cpu-set.ts';
import { parseDomainMetadata } from '../realtime/domain/parse-metadata.ts';
import { ownedPartsOf } from '../realtime/domain/owned-parts.ts';
import { pinnedCpusOf } from '../realtime/domain/pinned-cpus.ts';
import type { ObservedProcess } from '../realtime/observed.ts';
import type { Correction } from '../realtime/verify/corrections.ts';
import type { LibvirtClient } from '../libvirt/client.ts';
import type { DomainRef, DomainState, LifecycleEvent } from '../libvirt/domain-types.ts';
import { ifDomainExists, LibvirtError } from '../libvirt/errors.ts';
import { findSocketPath } from '../libvirt/socket-path.ts';
import { LibvirtSupervisor } from '../libvirt/supervisor.ts';
import type { HostRoot } from './host/host-root.ts';
import { readOnlineCpus } from './host/topology.ts';
import { correctThread } from './host/process-control.ts';
import { ProcessReader } from './host/process-reader.ts';
import { qemuPid } from './host/qemu-pid.ts';
import type { DomainEnd, DomainRunState, HostDomain, Hypervisor, HypervisorEvents, HypervisorVersions } from './hypervisor.ts';
import { pinAnew } from './pin-anew.ts';

/** Starting allocates and clears all memory first: a terabyte of 1 GiB pages takes minutes. */
const startTimeoutMs = 15 * 60_000;
/** All else is quick, unless libvirt waits for a start of the same domain. */
const callTimeoutMs = 60_000;

export interface LibvirtHypervisorOptions {
  readonly root: HostRoot;
  /** libvirt's socket; looked for in its usual places where not given. Its directory is where libvirt keeps pid files. */
  readonly socketPath?: string | undefined;
}

export class LibvirtHypervisor implements Hypervisor {
  readonly #root: HostRoot;
  readonly #socketPath: string | undefined;
  readonly #reader: ProcessReader;
  /** By UUID, as defined. Spares an audit the reading of XML. */
  readonly #definitions = new Map<string, Definition>();
  #supervisor: LibvirtSupervisor | undefined;

  constructor({ root, socketPath }: LibvirtHypervisorOptions) {
    this.#root = root;
    this.#socketPath = socketPath;
    this.#reader = new ProcessReader(root);
  }

  connect(events: HypervisorEvents): void {
    this.#supervisor = new LibvirtSupervisor({
      ...(this.#socketPath === undefined ? {} : { socketPath: this.#socketPath }),
      onConnected: () => {
        this.#definitions.clear();
        events.connected();
      },
      onDisconnected: events.disconnected,
      onConnectFailed: events.connectFailed,
      onLifecycleEvent: (event) => {
        this.#forget(event);
        events.changed(event.domain.uuid);
      },
    });
  }

  get isConnected(): boolean {
    return this.#supervisor?.current !== undefined;
  }

  async stop(): Promise<void> {
    await this.#supervisor?.stop();
  }

  async versions(signal: AbortSignal): Promise<HypervisorVersions> {
    const { libvirt, hypervisor, hypervisorType } = await (await this.#client(signal)).version({ signal, timeoutMs: callTimeoutMs });
    return { libvirt, ...(hypervisorType === 'QEMU' ? { qemu: hypervisor } : {}) };
  }

  async list(signal: AbortSignal): Promise<readonly HostDomain[]> {
    const client = await this.#client(signal);
    const refs = await client.listAllDomains([], { signal, timeoutMs: callTimeoutMs });
    const domains = await Promise.all(refs.map((ref) => ifDomainExists(this.#read(client, ref, signal))));
    return domains.filter((domain) => domain !== undefined);
  }

  async find(uuid: string, signal: AbortSignal): Promise<HostDomain | undefined> {
    const client = await this.#client(signal);
    return ifDomainExists((async () => this.#read(client, await client.lookupByUuid(uuid, { signal, timeoutMs: callTimeoutMs }), signal))());
  }

  async define(xml: string, signal: AbortSignal): Promise<void> {
    const client = await this.#client(signal);
    const ref = await client.defineXml(xml, { signal, timeoutMs: callTimeoutMs });
    this.#definitions.delete(ref.uuid);
  }

  async start(uuid: string, signal: AbortSignal): Promise<void> {
    const client = await this.#client(signal);
    const ref = await client.lookupByUuid(uuid, { signal, timeoutMs: callTimeoutMs });
    // A saved state would bring back the pins of when it was saved.
    await client.create(ref, { forceBoot: true, signal, timeoutMs: startTimeoutMs });
  }

  async requestShutdown(uuid: string, signal: AbortSignal): Promise<void> {
    const client = await this.#client(signal);
    await unlessNotRunning(client.lookupByUuid(uuid, { signal }).then((ref) => client.shutdown(ref, { signal, timeoutMs: callTimeoutMs })));
  }

  async destroy(uuid: string, signal: AbortSignal): Promise<void> {
    const client = await this.#client(signal);
    await unlessNotRunning(client.lookupByUuid(uuid, { signal }).then((ref) => client.destroy(ref, { signal, timeoutMs: callTimeoutMs })));
  }

  async undefine(uuid: string, signal: AbortSignal, { nvram } = { nvram: false }): Promise<void> {
    const client = await this.#client(signal);
    const removed = { nvram: !nvram, keepNvram: nvram };
    await ifDomainExists(
      client.lookupByUuid(uuid, { signal }).then((ref) => client.undefine(ref, { ...removed, signal, timeoutMs: callTimeoutMs })),
    );
    this.#definitions.delete(uuid);
  }

  observe({ name }: HostDomain): ObservedProcess | undefined {
    const pid = qemuPid(this.#root, dirname(findSocketPath(this.#socketPath)), name);
    return pid === undefined ? undefined : this.#reader.read(pid);
  }

  /**
   * libvirt's pins come first: where it has put threads into a cpuset of their own (cgroups), nothing else takes them out of it.
   * While libvirt is away, what the cpusets let through is set all the same.
   */
  async correct(process: ObservedProcess, corrections: readonly Correction[], domain: HostDomain, signal: AbortSignal): Promise<void> {
    const client = this.#supervisor?.current;
    if (client !== undefined) await pinAnew(client, domain, corrections, { signal, timeoutMs: callTimeoutMs });
    for (const correction of corrections) await correctThread(this.#root, process, correction, signal);
  }

  #client(signal: AbortSignal): Promise<LibvirtClient> {
    if (this.#supervisor === undefined) throw new Error('connect() comes before any call');
    return this.#supervisor.client(signal);
  }

  #forget({ event, domain }: LifecycleEvent): void {
    // One that is not ours may run with other pins than it was defined with.
    const isTheirs = event === 'started' && this.#definitions.get(domain.uuid)?.metadata === undefined;
    if (event === 'defined' || event === 'undefined' || isTheirs) this.#definitions.delete(domain.uuid);
  }

  async #read(client: LibvirtClient, ref: DomainRef, signal: AbortSignal): Promise<HostDomain> {
    const options = { signal, timeoutMs: callTimeoutMs };
    let definition = this.#definitions.get(ref.uuid);
    if (definition === undefined) {
      definition = definitionOf(await client.getXml(ref, options), readOnlineCpus(this.#root));
      this.#definitions.set(ref.uuid, definition);
    }
    return { name: ref.name, uuid: ref.uuid, ...definition, ...runOf(await client.getState(ref, options)) };
  }
}

type Definition = Pick<HostDomain, 'metadata' | 'pinnedCpus' | 'devices' | 'disks'>;

function definitionOf(xml: string, hostCpus: CpuSet): Definition {
  return { metadata: parseDomainMetadata(xml), pinnedCpus: pinnedCpusOf(xml, hostCpus), ...ownedPartsOf(xml) };
}

function runOf({ state, reason }: DomainState): { run: DomainRunState; end?: DomainEnd; pausedBecause?: string } {
  switch (state) {
    case 'shutoff':
      return { run: 'off', end: endOf(reason) };
    case 'shutdown':
      return { run: 'changing' };
    case 'paused':
      // The moments before the first and after the last instruction.
      if (reason === 'starting-up' || reason === 'shutting-down') return { run: 'changing' };
      return { run: 'paused', pausedBecause: reason };
    case 'crashed':
    case 'pmsuspended':
      return { run: 'paused', pausedBecause: state === 'crashed' ? 'the guest has crashed' : 'the guest has put itself to sleep' };
    default:
      return { run: 'running' };
  }
}

function endOf(reason: string): DomainEnd {
  switch (reason) {
    case 'shutdown':
    case 'destroyed':
    case 'crashed':
    case 'failed':
      return reason;
    default:
      return 'unknown';
  }
}

/** libvirt says OPERATION_INVALID of a domain that does not run, and NO_DOMAIN of one that is gone: both are what was wanted. */
async function unlessNotRunning(call: Promise<void>): Promise<void> {
  try {
    await ifDomainExists(call);
  } catch (error) {
    if (!(error instanceof LibvirtError && error.code === 'OPERATION_INVALID')) throw error;
  }
}
