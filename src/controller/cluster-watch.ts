/** Follows what the cluster knows and a directory has not: its Nodes, its Namespaces' labels, and the Leases of the agents. */
import type { Clock, Timer } from '../runtime/clock.ts';
import type { ClusterStore } from '../store/cluster-store.ts';
import type { ForeignByKind, Lease } from '../store/foreign.ts';
import type { NodeFacts } from './node-facts.ts';

export interface ClusterWatchOptions {
  readonly cluster: ClusterStore;
  readonly clock: Clock;
  /** Where the agents' Leases are, each named after its node. */
  readonly leaseNamespace: string;
  /** How long a Lease counts after it was last seen to change. */
  readonly leaseMs: number;
  /** Something of this node is otherwise now. */
  readonly nodeChanged: (nodeName: string) => void;
  readonly namespaceChanged: (name: string) => void;
}

interface Heartbeat {
  renewTime: string | undefined;
  lapsed: boolean;
  timer: Timer;
}

type Followed = 'Node' | 'Namespace' | 'Lease';

export class ClusterWatch {
  readonly #options: ClusterWatchOptions;
  readonly #nodes = new Map<string, ForeignByKind['Node']>();
  readonly #namespaces = new Map<string, Readonly<Record<string, string>>>();
  readonly #heartbeats = new Map<string, Heartbeat>();

  constructor(options: ClusterWatchOptions) {
    this.#options = options;
  }

  /** Follows until the signal aborts. `synced` is called once for each of {@link ClusterWatch.kinds}. */
  async run(signal: AbortSignal, synced: () => void): Promise<void> {
    try {
      await Promise.all([
        this.#follow('Node', {}, signal, synced, (node, gone) => {
          const { name } = node.metadata;
          if (gone) this.#nodes.delete(name);
          else this.#nodes.set(name, node);
          this.#options.nodeChanged(name);
        }),
        this.#follow('Namespace', {}, signal, synced, ({ metadata }, gone) => {
          if (gone) this.#namespaces.delete(metadata.name);
          else this.#namespaces.set(metadata.name, metadata.labels ?? {});
          this.#options.namespaceChanged(metadata.name);
        }),
        this.#follow('Lease', { namespace: this.#options.leaseNamespace }, signal, synced, (lease, gone) => this.#leaseSeen(lease, gone)),
      ]);
    } finally {
      for (const { timer } of this.#heartbeats.values()) timer.cancel();
    }
  }

  static readonly kinds = 3;

  factsOf(nodeName: string): NodeFacts {
    return { node: this.#nodes.get(nodeName), alive: this.#heartbeats.get(nodeName)?.lapsed === false };
  }

  /** The labels of a namespace; none where it is not known. */
  namespaceLabels(name: string): Readonly<Record<string, string>> {
    return this.#namespaces.get(name) ?? {};
  }

  async #follow<K extends Followed>(kind: K, scope: { readonly namespace?: string }, signal: AbortSignal, synced: () => void, changed: (object: ForeignByKind[K], gone: boolean) => void): Promise<void> {
    for await (const event of this.#options.cluster.watchForeign(kind, scope, signal)) {
      if (event.type === 'synced') synced();
      else if (event.type !== 'problems') changed(event.object, event.type === 'deleted');
    }
  }

  /** By our own clock: the holder's may be wrong. */
  #leaseSeen({ metadata: { name }, spec }: Lease, gone: boolean): void {
    const before = this.#heartbeats.get(name);
    const renewTime = gone ? undefined : spec?.renewTime;
    if (before !== undefined && before.renewTime === renewTime) return;
    before?.timer.cancel();
    const timer = this.#options.clock.after(this.#options.leaseMs, () => this.#lapse(name));
    const lapsed = renewTime === undefined;
    this.#heartbeats.set(name, { renewTime, lapsed, timer });
    if (before?.lapsed !== lapsed) this.#options.nodeChanged(name);
  }

  #lapse(name: string): void {
    const heartbeat = this.#heartbeats.get(name);
    if (heartbeat === undefined || heartbeat.lapsed) return;
    heartbeat.lapsed = true;
    this.#options.nodeChanged(name);
  }
}
