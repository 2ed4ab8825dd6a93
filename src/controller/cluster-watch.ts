/** Follows what the cluster knows and a directory has not: its Nodes, its Namespaces' labels, and the Leases of the agents. */
import type { Clock, Timer } from '../runtime/clock.ts';
import type { ClusterStore } from '../store/cluster-store.ts';
import type { ForeignByKind, Lease } from '../store/foreign.ts';
import { statementAnnotation } from '../store/kubernetes/node-lease.ts';
import { catchesUpMs } from './mirror.ts';
import type { NodeFacts } from './node-facts.ts';

export interface ClusterWatchOptions {
  readonly cluster: ClusterStore;
  readonly clock: Clock;
  /** Where the agents' Leases are, each named after its node. */
  readonly leaseNamespace: string;
  /** Name of the Lease there that controllers elect their leader by. */
  readonly leaderLease: string;
  /** How long a Lease counts after it was last seen to change. */
  readonly leaseMs: number;
  /** Something of this node is otherwise now. */
  readonly nodeChanged: (nodeName: string) => void;
  readonly namespaceChanged: (name: string) => void;
  /** The leaders' Lease, as it is now. */
  readonly leaderLeaseSeen: (lease: Lease | undefined) => void;
  /** What a node's Lease says of the last statement counts from now on. */
  readonly statementDue: (nodeName: string) => void;
}

interface Heartbeat {
  renewTime: string | undefined;
  lapsed: boolean;
  /** It was seen to be renewed, and not only to be there. */
  renewed: boolean;
  timer: Timer;
  /** The last statement, by session and number; `counts`: what of it counts already. */
  stated?: NonNullable<NodeFacts['statement']> | undefined;
  counts?: NodeFacts['statement'];
  due?: Timer | undefined;
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
      for (const { timer, due } of this.#heartbeats.values()) {
        timer.cancel();
        due?.cancel();
      }
    }
  }

  static readonly kinds = 3;

  factsOf(nodeName: string): NodeFacts {
    const heartbeat = this.#heartbeats.get(nodeName);
    const alive = heartbeat?.lapsed === false;
    return {
      node: this.#nodes.get(nodeName), alive, statement: heartbeat?.counts,
      agent: heartbeat === undefined ? 'NoLease' : !alive ? 'Silent' : heartbeat.renewed ? 'Renews' : undefined,
    };
  }

  /** Nodes whose agents renew their Leases. Others may have Leases there too, which name no statement. */
  agentsThere(): readonly string[] {
    return [...this.#heartbeats].flatMap(([name, { lapsed, stated }]) => (lapsed || stated === undefined ? [] : [name]));
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
  #leaseSeen(lease: Lease, gone: boolean): void {
    const { metadata: { name, annotations }, spec } = lease;
    if (name === this.#options.leaderLease) {
      this.#options.leaderLeaseSeen(gone ? undefined : lease);
      return;
    }
    const before = this.#heartbeats.get(name);
    const renewTime = gone ? undefined : spec?.renewTime;
    if (before !== undefined && before.renewTime === renewTime) return;
    before?.timer.cancel();
    const timer = this.#options.clock.after(this.#options.leaseMs, () => this.#lapse(name));
    const lapsed = renewTime === undefined;
    const renewed = !lapsed && before !== undefined;
    const heartbeat: Heartbeat = { ...before, renewTime, lapsed, renewed, timer };
    this.#heartbeats.set(name, heartbeat);
    const isOther = this.#takeStatement(name, heartbeat, gone ? undefined : statementIn(annotations));
    if (before?.lapsed !== lapsed || before.renewed !== renewed || isOther) this.#options.nodeChanged(name);
  }

  /** @returns whether it is of another session. */
  #takeStatement(name: string, heartbeat: Heartbeat, stated: NodeFacts['statement']): boolean {
    const { stated: before } = heartbeat;
    heartbeat.stated = stated;
    if (stated === undefined || before?.session !== stated.session) {
      heartbeat.due?.cancel();
      heartbeat.due = undefined;
      heartbeat.counts = stated === undefined ? undefined : { session: stated.session, number: 0 };
    }
    if (stated !== undefined && stated.number !== heartbeat.counts?.number) {
      // It may be seen before the statement that it names: each comes by a watch of its own.
      heartbeat.due ??= this.#options.clock.after(catchesUpMs, () => {
        const now = this.#heartbeats.get(name);
        if (now === undefined) return;
        now.due = undefined;
        now.counts = now.stated;
        this.#options.statementDue(name);
      });
    }
    return before?.session !== stated?.session;
  }

  #lapse(name: string): void {
    const heartbeat = this.#heartbeats.get(name);
    if (heartbeat === undefined || heartbeat.lapsed) return;
    heartbeat.lapsed = true;
    this.#options.nodeChanged(name);
  }
}

/** As agents write it: SESSION/NUMBER. */
function statementIn(annotations: Readonly<Record<string, string>> = {}): NodeFacts['statement'] {
  const [, session, number] = /^([^/]{1,64})\/(\d{1,15})$/.exec(annotations[statementAnnotation] ?? '') ?? [];
  return session === undefined ? undefined : { session, number: Number(number) };
}
