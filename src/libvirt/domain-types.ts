// What libvirt says about a domain, with its numbers turned into words. A number newer than this list stays visible as `unknown(N)`.

/** A domain as libvirt's calls name it. */
export interface DomainRef {
  readonly name: string;
  /** Lower case, with hyphens. */
  readonly uuid: string;
  /** The number of a running domain, -1 when it does not run. */
  readonly id: number;
}

export type Unknown = `unknown(${number})`;

// The orders below are libvirt's stable ABI (libvirt/libvirt-domain.h).

/** virDomainState with, for each, its virDomain…Reason. */
const states = [
  ['nostate', ['unknown']],
  ['running', ['unknown', 'booted', 'migrated', 'restored', 'from-snapshot', 'unpaused', 'migration-canceled', 'save-canceled', 'wakeup', 'crashed', 'postcopy', 'postcopy-failed']],
  ['blocked', ['unknown']],
  ['paused', ['unknown', 'user', 'migration', 'save', 'dump', 'io-error', 'watchdog', 'from-snapshot', 'shutting-down', 'snapshot', 'crashed', 'starting-up', 'postcopy', 'postcopy-failed', 'api-error']],
  ['shutdown', ['unknown', 'user']],
  ['shutoff', ['unknown', 'shutdown', 'destroyed', 'crashed', 'migrated', 'saved', 'failed', 'from-snapshot', 'daemon']],
  ['crashed', ['unknown', 'panicked']],
  ['pmsuspended', ['unknown']],
] as const;

/** virDomainEventType with, for each, its virDomainEvent…DetailType. */
const lifecycleEvents = [
  ['defined', ['added', 'updated', 'renamed', 'from-snapshot']],
  ['undefined', ['removed', 'renamed']],
  ['started', ['booted', 'migrated', 'restored', 'from-snapshot', 'wakeup']],
  ['suspended', ['paused', 'migrated', 'io-error', 'watchdog', 'restored', 'from-snapshot', 'api-error', 'postcopy', 'postcopy-failed']],
  ['resumed', ['unpaused', 'migrated', 'from-snapshot', 'postcopy', 'postcopy-failed']],
  ['stopped', ['shutdown', 'destroyed', 'crashed', 'migrated', 'saved', 'failed', 'from-snapshot']],
  ['shutdown', ['finished', 'guest', 'host']],
  ['pmsuspended', ['memory', 'disk']],
  ['crashed', ['panicked', 'crash-loaded']],
] as const;

type State = (typeof states)[number];
type Lifecycle = (typeof lifecycleEvents)[number];

/** Note that `shutdown` is *being shut down*; a domain that is off is `shutoff`. */
export type DomainState =
  | { [S in State as S[0]]: { readonly state: S[0]; readonly reason: S[1][number] | Unknown } }[State[0]]
  | { readonly state: Unknown; readonly reason: Unknown };

export type LifecycleChange =
  | { [E in Lifecycle as E[0]]: { readonly event: E[0]; readonly detail: E[1][number] | Unknown } }[Lifecycle[0]]
  | { readonly event: Unknown; readonly detail: Unknown };

/** Something that happened to a domain, in the order in which libvirt tells it. */
export type LifecycleEvent = LifecycleChange & { readonly domain: DomainRef };

function words(table: readonly (readonly [string, readonly string[]])[], first: number, second: number): readonly [string, string] {
  const row = table[first];
  return row === undefined ? [`unknown(${first})`, `unknown(${second})`] : [row[0], row[1][second] ?? `unknown(${second})`];
}

export function domainState(state: number, reason: number): DomainState {
  const [stateWord, reasonWord] = words(states, state, reason);
  return { state: stateWord, reason: reasonWord } as DomainState;
}

export function lifecycleChange(event: number, detail: number): LifecycleChange {
  const [eventWord, detailWord] = words(lifecycleEvents, event, detail);
  return { event: eventWord, detail: detailWord } as LifecycleChange;
}

/** virDomainGetInfo. */
export interface DomainInfo {
  readonly state: DomainState['state'];
  readonly maxMemoryKiB: bigint;
  readonly memoryKiB: bigint;
  readonly vcpus: number;
  readonly cpuTimeNs: bigint;
}

/** virNodeGetInfo. */
export interface NodeInfo {
  readonly model: string;
  readonly memoryKiB: bigint;
  /** Active pCPUs. */
  readonly cpus: number;
  readonly mhz: number;
  readonly numaNodes: number;
  readonly socketsPerNode: number;
  readonly coresPerSocket: number;
  readonly threadsPerCore: number;
}

/** A value of a statistic: 64-bit ones are bigint. */
export type ParamValue = number | bigint | boolean | string;

export interface DomainStats {
  readonly domain: DomainRef;
  /** By libvirt's names, such as `vcpu.0.time` (docs of virConnectGetAllDomainStats). */
  readonly params: ReadonlyMap<string, ParamValue>;
}
