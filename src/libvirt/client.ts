// libvirt's calls as typed methods on one connection. When the connection ends, the client is spent: the supervisor makes another.
import type { Clock } from '../runtime/clock.ts';
import { Connection } from './connection.ts';
import { encodeCpuMap } from './cpu-map.ts';
import type { DomainInfo, DomainRef, DomainState, DomainStats, LifecycleEvent, NodeInfo } from './domain-types.ts';
import { LibvirtConnectionError } from './errors.ts';
import { defaultKeepalive } from './keepalive.ts';
import type { KeepaliveOptions } from './keepalive.ts';
import { affects, consoleFlags, destroyFlags, listFlags, mask, shutdownModes, startFlags, statsKinds, undefineFlags, xmlFlags } from './flags.ts';
import type { Affects, ListFilter, ShutdownMode, StatsKind, UndefineOptions } from './flags.ts';
import type { CallOptions } from './pending-call.ts';
import type { LibvirtStream } from './stream.ts';
import { authTypes, lifecycleEventId, lifecycleMessage, procedures, readLifecycleEvent } from './procedures.ts';
import type { DomainCapabilitiesArgs } from './procedures.ts';

export interface OpenOptions {
  readonly socketPath: string;
  /** Default `qemu:///system`. */
  readonly uri?: string;
  readonly signal?: AbortSignal;
  readonly keepalive?: KeepaliveOptions;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** How long libvirt may take to answer each step of the greeting; after its start it can take many seconds. Default 30 s. */
  readonly handshakeTimeoutMs?: number;
  /** Called for every lifecycle event from the moment of opening on, so before any list can be asked for. */
  readonly onLifecycleEvent?: (event: LifecycleEvent) => void;
}

export interface LibvirtVersions {
  /** As in `9.0.0`. */
  readonly libvirt: string;
  readonly hypervisor: string;
  /** libvirt's name of the driver: `QEMU`, `TEST`. */
  readonly hypervisorType: string;
}

/** VIR_DRV_FEATURE_PROGRAM_KEEPALIVE: asking whether libvirt pings also tells it that we do. */
const keepaliveFeature = 10;

/** Every method takes {@link CallOptions} last and rejects as {@link Connection.call} does. */
export class LibvirtClient implements Disposable {
  readonly #connection: Connection;

  /** Connects, authenticates (none), agrees on keepalive, opens the URI and registers for events, in this order. */
  static async open(options: OpenOptions): Promise<LibvirtClient> {
    const { socketPath, uri = 'qemu:///system', signal, keepalive = defaultKeepalive, onLifecycleEvent } = options;
    const connection = await Connection.open({
      socketPath,
      signal,
      clock: options.clock,
      onMessage: (procedure, payload) => {
        if (procedure !== lifecycleMessage || onLifecycleEvent === undefined) return;
        const event = readLifecycleEvent(payload);
        payload.end();
        // In a microtask, so that what a listener throws is its own and does not pass for a broken message.
        queueMicrotask(() => onLifecycleEvent(event));
      },
    });
    try {
      const step: CallOptions = { signal, timeoutMs: options.handshakeTimeoutMs ?? 30_000 };
      const types = await connection.call(procedures.authList, undefined, step);
      if (!types.includes(authTypes.none)) {
        throw new LibvirtConnectionError('AUTH_REQUIRED', `libvirt at ${socketPath} wants authentication, which is not supported: run as root, or set auth_unix_rw = "none" in its configuration`);
      }
      if (await connection.call(procedures.supportsFeature, keepaliveFeature, step)) connection.startKeepalive(keepalive);
      await connection.call(procedures.connectOpen, uri, step);
      if (onLifecycleEvent !== undefined) await connection.call(procedures.connectDomainEventCallbackRegisterAny, lifecycleEventId, step);
    } catch (error) {
      connection.close();
      throw error;
    }
    return new LibvirtClient(connection);
  }

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Resolves, never rejects, with the reason once the connection has ended. */
  get closed(): Promise<LibvirtConnectionError> {
    return this.#connection.closed;
  }

  close(): void {
    this.#connection.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async version(options?: CallOptions): Promise<LibvirtVersions> {
    const [libvirt, hypervisor, hypervisorType] = await Promise.all([
      this.#connection.call(procedures.connectGetLibVersion, undefined, options),
      this.#connection.call(procedures.connectGetVersion, undefined, options),
      this.#connection.call(procedures.connectGetType, undefined, options),
    ]);
    return { libvirt: formatVersion(libvirt), hypervisor: formatVersion(hypervisor), hypervisorType };
  }

  nodeInfo(options?: CallOptions): Promise<NodeInfo> {
    return this.#connection.call(procedures.nodeGetInfo, undefined, options);
  }

  capabilitiesXml(options?: CallOptions): Promise<string> {
    return this.#connection.call(procedures.connectGetCapabilities, undefined, options);
  }

  /** What a kind of domain can have here. Asking for `virtType: 'kvm'` is refused where KVM is not usable. */
  domainCapabilitiesXml(kind: DomainCapabilitiesArgs = {}, options?: CallOptions): Promise<string> {
    return this.#connection.call(procedures.connectGetDomainCapabilities, kind, options);
  }

  /** @param filters none for all domains; filters of one group (active, inactive) widen, of several groups narrow. */
  listAllDomains(filters: readonly ListFilter[] = [], options?: CallOptions): Promise<DomainRef[]> {
    return this.#connection.call(procedures.connectListAllDomains, mask(listFlags, filters), options);
  }

  lookupByName(name: string, options?: CallOptions): Promise<DomainRef> {
    return this.#connection.call(procedures.domainLookupByName, name, options);
  }

  lookupByUuid(uuid: string, options?: CallOptions): Promise<DomainRef> {
    return this.#connection.call(procedures.domainLookupByUuid, uuid, options);
  }

  /** Defines a persistent domain, or replaces the definition of the one with the same UUID. `validate` checks against libvirt's schema. */
  defineXml(xml: string, { validate = true, ...options }: CallOptions & { readonly validate?: boolean } = {}): Promise<DomainRef> {
    return this.#connection.call(procedures.domainDefineXmlFlags, { xml, flags: validate ? 1 : 0 }, options);
  }

  /**
   * Starts a defined domain; with `paused`, its vCPUs only run after {@link resume}; with `forceBoot`, a state that
   * was saved of it is thrown away.
   */
  create(
    domain: DomainRef,
    { paused = false, forceBoot = false, ...options }: CallOptions & { readonly paused?: boolean; readonly forceBoot?: boolean } = {},
  ): Promise<DomainRef> {
    const flags = mask(startFlags, [...(paused ? ['paused' as const] : []), ...(forceBoot ? ['forceBoot' as const] : [])]);
    return this.#connection.call(procedures.domainCreateWithFlags, { domain, flags }, options);
  }

  /** Starts a transient domain, which nothing defines, paused until {@link resume}. It ends with this connection, whatever ends that. */
  createTransient(xml: string, options?: CallOptions): Promise<DomainRef> {
    return this.#connection.call(procedures.domainCreateXml, { xml, flags: mask(startFlags, ['paused', 'autodestroy', 'validate']) }, options);
  }

  suspend(domain: DomainRef, options?: CallOptions): Promise<void> {
    return this.#connection.call(procedures.domainSuspend, domain, options);
  }

  resume(domain: DomainRef, options?: CallOptions): Promise<void> {
    return this.#connection.call(procedures.domainResume, domain, options);
  }

  getState(domain: DomainRef, options?: CallOptions): Promise<DomainState> {
    return this.#connection.call(procedures.domainGetState, { domain, flags: 0 }, options);
  }

  getInfo(domain: DomainRef, options?: CallOptions): Promise<DomainInfo> {
    return this.#connection.call(procedures.domainGetInfo, domain, options);
  }

  /** The live XML of a running domain; `inactive` for what its next start will use. */
  getXml(domain: DomainRef, { inactive = false, ...options }: CallOptions & { readonly inactive?: boolean } = {}): Promise<string> {
    return this.#connection.call(procedures.domainGetXmlDesc, { domain, flags: mask(xmlFlags, inactive ? ['inactive'] : []) }, options);
  }

  /** Where each vCPU may run: pCPU numbers, by vCPU. @param vcpus how many vCPUs to ask for. */
  vcpuPinInfo(domain: DomainRef, vcpus: number, what: Affects = 'current', options?: CallOptions): Promise<number[][]> {
    return this.#connection.call(procedures.domainGetVcpuPinInfo, { domain, vcpus, flags: affects[what] }, options);
  }

  /** @param cpus pCPU numbers. */
  pinVcpu(domain: DomainRef, vcpu: number, cpus: Iterable<number>, what: Affects, options?: CallOptions): Promise<void> {
    return this.#connection.call(procedures.domainPinVcpuFlags, { domain, vcpu, map: encodeCpuMap(cpus), flags: affects[what] }, options);
  }

  pinEmulator(domain: DomainRef, cpus: Iterable<number>, what: Affects, options?: CallOptions): Promise<void> {
    return this.#connection.call(procedures.domainPinEmulator, { domain, map: encodeCpuMap(cpus), flags: affects[what] }, options);
  }

  /** @param ioThread its id, from 1. */
  pinIoThread(domain: DomainRef, ioThread: number, cpus: Iterable<number>, what: Affects, options?: CallOptions): Promise<void> {
    return this.#connection.call(procedures.domainPinIoThread, { domain, ioThread, map: encodeCpuMap(cpus), flags: affects[what] }, options);
  }

  /** Asks the guest to switch off; resolves when it was asked, not when it did. */
  shutdown(domain: DomainRef, { mode = 'acpi', ...options }: CallOptions & { readonly mode?: ShutdownMode } = {}): Promise<void> {
    return this.#connection.call(procedures.domainShutdownFlags, { domain, flags: shutdownModes[mode] }, options);
  }

  /** Ends the QEMU process now. `graceful` lets it flush disks and fails, instead of killing it, when it does not end. */
  destroy(domain: DomainRef, { graceful = false, ...options }: CallOptions & { readonly graceful?: boolean } = {}): Promise<void> {
    return this.#connection.call(procedures.domainDestroyFlags, { domain, flags: mask(destroyFlags, graceful ? ['graceful'] : []) }, options);
  }

  /** Removes the definition, and by default all that libvirt keeps beside it. A running domain goes on and becomes transient. */
  undefine(
    domain: DomainRef,
    {
      nvram = true, keepNvram = false, managedSave = true, snapshotsMetadata = true, checkpointsMetadata = true, ...options
    }: CallOptions & UndefineOptions = {},
  ): Promise<void> {
    const parts = { nvram, keepNvram, managedSave, snapshotsMetadata, checkpointsMetadata };
    const chosen = (Object.keys(parts) as (keyof typeof parts)[]).filter((part) => parts[part]);
    return this.#connection.call(procedures.domainUndefineFlags, { domain, flags: mask(undefineFlags, chosen) }, options);
  }

  /**
   * Connects to the first console of a running domain: what the guest prints comes to `received`, what is sent the guest reads.
   * Refused while somebody else is connected, unless `force` ends that session.
   */
  openConsole(domain: DomainRef, received: (bytes: Buffer) => void, { force = false, ...options }: CallOptions & { readonly force?: boolean } = {}): Promise<LibvirtStream> {
    return this.#connection.openStream(procedures.domainOpenConsole, { domain, flags: mask(consoleFlags, force ? ['force'] : ['safe']) }, received, options);
  }

  getAutostart(domain: DomainRef, options?: CallOptions): Promise<boolean> {
    return this.#connection.call(procedures.domainGetAutostart, domain, options);
  }

  setAutostart(domain: DomainRef, autostart: boolean, options?: CallOptions): Promise<void> {
    return this.#connection.call(procedures.domainSetAutostart, { domain, autostart }, options);
  }

  /** Statistics of the given domains, or of all, in one call. libvirt leaves out what it cannot tell of a domain right now. */
  getAllDomainStats(kinds: readonly StatsKind[], { domains = [], ...options }: CallOptions & { readonly domains?: readonly DomainRef[] } = {}): Promise<DomainStats[]> {
    return this.#connection.call(procedures.connectGetAllDomainStats, { domains, stats: mask(statsKinds, kinds), flags: 0 }, options);
  }
}

/** libvirt's version number is major × 1,000,000 + minor × 1,000 + release. */
function formatVersion(version: bigint): string {
  return [version / 1_000_000n, (version / 1000n) % 1000n, version % 1000n].join('.');
}
