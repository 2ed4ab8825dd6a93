// What a cluster has been through, as data: every revision that etcd has stored, and what the hosts have recorded.

/** What one entry of a node's table gives and asks, in the words of the API. */
export interface TableGuest {
  readonly vm: { readonly uid: string; readonly name?: string };
  readonly desired: string;
  readonly request?: string;
  readonly restartedAt?: string;
  readonly guest: { readonly disks?: readonly { readonly name: string; readonly persistence?: string }[] };
  readonly placement: {
    readonly vcpuPins: readonly { readonly cpu?: number }[];
    readonly reservedCpus: string;
    readonly cells: readonly { readonly numaNode: number; readonly memoryMiB: number; readonly pageSize: string }[];
    readonly devices: readonly { readonly address: string }[];
  };
}

/** What a node's agent says of a guest. */
export interface TableReport {
  readonly uid: string;
  readonly phase: string;
  readonly request?: string;
}

export type ClusterEvent =
  /** A revision of a node's table; `guests` undefined: it was deleted. */
  | { readonly type: 'table'; readonly node: string; readonly revision: string; readonly guests: readonly TableGuest[] | undefined; readonly reports: readonly TableReport[]; readonly term?: string | undefined; readonly session?: string | undefined; readonly fenced?: boolean | undefined }
  /** A revision of a RealtimeNode: the term that its agent has repeated, having read a table that carries it. */
  | { readonly type: 'node'; readonly node: string; readonly term: string | undefined }
  /** A revision of a RealtimeVM; `gone`: it was removed. */
  | { readonly type: 'vm'; readonly uid: string; readonly generation: number; readonly observedGeneration: number; readonly endsIt: boolean; readonly restartedAt: string | undefined; readonly gone: boolean }
  /**
   * The data went back; what was stored then follows as revisions, up to `restored`.
   * @property underWay VMs whose end a person had asked for in that very moment.
   */
  | { readonly type: 'rolledBack'; readonly underWay?: readonly string[] }
  | { readonly type: 'restored' };

/** What a domain takes of its host, read from its XML. */
export interface DomainClaims {
  /** Of the host's dedicated CPUs, those that any of its threads may run on. */
  readonly cpus: readonly number[];
  /** 2 MiB pages by host NUMA node. */
  readonly pages: ReadonlyMap<number, number>;
  readonly devices: readonly string[];
  readonly writableDisks: readonly string[];
}

export type HostEvent =
  | { readonly type: 'started'; readonly node: string; readonly vm: string; readonly claims: DomainClaims; readonly restartedAt: string | undefined; readonly begunAt?: number }
  | { readonly type: 'ended'; readonly node: string; readonly vm: string }
  /** One that is none of ours. */
  | { readonly type: 'strangerStarted'; readonly node: string; readonly claims: DomainClaims }
  | { readonly type: 'strangerEnded'; readonly node: string }
  /** The host could not give what a start asked for. */
  | { readonly type: 'refused'; readonly node: string; readonly vm: string; readonly why: string }
  /** A person drains the node: VMs that allow it are stopped there. */
  | { readonly type: 'drained'; readonly node: string }
  /** A person says that the machine is off, and it is not. */
  | { readonly type: 'falseWord'; readonly node: string }
  /** What the node's agent says is not true, from here to `liesEnd`. */
  | { readonly type: 'lies'; readonly node: string }
  | { readonly type: 'liesEnd'; readonly node: string }
  /** A person ends a domain at the host itself, next. */
  | { readonly type: 'byHand'; readonly node: string; readonly vm: string };

export type ChaosEvent = ClusterEvent | HostEvent;

/** What the guests of a host can have. */
export interface HostCapacity {
  /** 2 MiB pages by host NUMA node. */
  readonly pages: ReadonlyMap<number, number>;
}
