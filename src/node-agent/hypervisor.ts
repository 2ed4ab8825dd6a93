/** What the agent needs from whatever runs domains on its host: libvirt, or a stand-in for a host that does not exist. */
import type { CpuSet } from '../realtime/cpu-set.ts';
import type { DomainMetadata } from '../realtime/domain/parse-metadata.ts';
import type { ObservedProcess } from '../realtime/observed.ts';
import type { Correction } from '../realtime/verify/corrections.ts';

/** `changing`: it is being started or switching off, and an event will say when. `off`: defined, with no process. */
export type DomainRunState = 'running' | 'paused' | 'changing' | 'off';

/**
 * How a domain that is off came to be so. `shutdown`: the guest switched itself off. `failed`: it could not be started.
 * `unknown`: the hypervisor cannot say, since it has restarted, or because the domain has never run.
 */
export type DomainEnd = 'shutdown' | 'destroyed' | 'crashed' | 'failed' | 'unknown';

export interface HostDomain {
  readonly name: string;
  readonly uuid: string;
  readonly run: DomainRunState;
  /** Why it is paused, for a person; how it ended, where it is off. */
  readonly pausedBecause?: string | undefined;
  readonly end?: DomainEnd | undefined;
  /** What we wrote into it when we defined it; absent for a domain that is not ours. */
  readonly metadata?: DomainMetadata | undefined;
  /** By its XML, the pCPUs that its threads are pinned to; absent where they float over the host. */
  readonly pinnedCpus?: CpuSet | undefined;
  /** By its XML: PCI addresses of the host's devices that it has, and files behind its disks. */
  readonly devices?: readonly string[] | undefined;
  readonly disks?: readonly string[] | undefined;
}

/** Where it has them. */
export interface HypervisorVersions {
  readonly libvirt?: string;
  readonly qemu?: string;
}

export interface HypervisorEvents {
  /** There is a connection (again). What happened in between was not told: look at everything. */
  readonly connected: () => void;
  readonly disconnected: (reason: Error) => void;
  readonly connectFailed: (error: unknown, retryInMs: number) => void;
  /** Something happened to the domain with this UUID, ours or not. */
  readonly changed: (uuid: string) => void;
}

/** Domains are named by UUID. Every call rejects with the hypervisor's own typed error. */
export interface Hypervisor {
  /** Connects, and stays connected until {@link stop}. Calls made meanwhile wait for a connection. */
  connect(events: HypervisorEvents): void;
  /** Whether calls are answered now. Threads can be observed either way. */
  readonly isConnected: boolean;
  /** Gives the connection up; domains are not touched. */
  stop(): Promise<void>;
  versions(signal: AbortSignal): Promise<HypervisorVersions>;
  list(signal: AbortSignal): Promise<readonly HostDomain[]>;
  find(uuid: string, signal: AbortSignal): Promise<HostDomain | undefined>;
  /** Defines a domain, or replaces the definition of the one with the same UUID; a running one goes on as it is. */
  define(xml: string, signal: AbortSignal): Promise<void>;
  /** Resolves when the guest's first instruction may have run. */
  start(uuid: string, signal: AbortSignal): Promise<void>;
  /** Asks the guest to switch off. */
  requestShutdown(uuid: string, signal: AbortSignal): Promise<void>;
  /** Ends the guest now. No error where it does not run. */
  destroy(uuid: string, signal: AbortSignal): Promise<void>;
  /** Removes the definition, with NVRAM unless that is kept. Never of a running domain. No error where there is none. */
  undefine(uuid: string, signal: AbortSignal, kept?: { readonly nvram: boolean }): Promise<void>;
  /** One reading of the domain's threads and memory; undefined where it has no process. */
  observe(domain: HostDomain): ObservedProcess | undefined;
  /**
   * Sets what drifted on live threads of a domain's process.
   * @throws HostError for what the host refuses to set.
   */
  correct(process: ObservedProcess, corrections: readonly Correction[], domain: HostDomain, signal: AbortSignal): Promise<void>;
}
