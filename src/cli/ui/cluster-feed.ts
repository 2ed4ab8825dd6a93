/**
 * What the page is told, kept up to date object by object. It watches while somebody looks, and through the store's own
 * watches: where a controller watches already, nothing more is asked of the API server.
 */
import { realtimeLabel } from '../../controller/node-facts.ts';
import type { Kind } from '../../crds/resource.ts';
import { objectKey } from '../../runtime/object-key.ts';
import type { Clock, Timer } from '../../runtime/clock.ts';
import type { ClusterStore } from '../../store/cluster-store.ts';
import type { ClusterNode, ForeignByKind } from '../../store/foreign.ts';
import type { ResourceStore } from '../../store/resource-store.ts';
import type { Stored } from '../../store/resource.ts';
import type { WatchEvent } from '../../store/watch-event.ts';
import { FeedReader } from './feed-reader.ts';
import { LeaseBook } from './lease-book.ts';
import { nodeDetails, vmDetails } from './views/details.ts';
import { nodeView } from './views/node-view.ts';
import type { NamesOnNode } from './views/names-on-node.ts';
import { vmView } from './views/vm-view.ts';
import type { NodeDetails, Sight, VmDetails } from './wire.ts';

export interface FeedSource {
  readonly store: ResourceStore;
  /** The cluster's own kinds; absent on a directory. */
  readonly cluster?: { readonly cluster: ClusterStore; readonly leaseNamespace: string; readonly leaseMs: number };
}

/** Changes within this time are told together. */
const batchMs = 200;
/** As long as one turn may take. */
const longestTurnMs = 10;
/** How often Leases are looked through for those that have lapsed. */
const leaseSweepMs = 5000;
/** Watches outlive the last reader for this long: a page that is loaded again finds everything there. */
const lingerMs = 30_000;

export class ClusterFeed implements AsyncDisposable {
  readonly #source: FeedSource;
  readonly #clock: Clock;
  readonly #readers = new Set<FeedReader>();
  readonly #vms = new Map<string, Stored<'RealtimeVM'>>();
  readonly #nodes = new Map<string, Stored<'RealtimeNode'>>();
  readonly #tables = new Map<string, Stored<'RealtimeAllocation'>>();
  readonly #clusterNodes = new Map<string, ClusterNode>();
  #leases: LeaseBook;
  readonly #names = new Map<string, NamesOnNode>();
  /** What was last told, as JSON, by `n/NODE` and `v/NAMESPACE/NAME`. */
  readonly #told = new Map<string, string>();
  readonly #dirty = new Set<string>();
  #flush: Timer | undefined;
  #running: AbortController | undefined;
  #ended: Promise<unknown> = Promise.resolve();
  #linger: Timer | undefined;
  readonly #unsynced = new Set<string>();
  #complete = false;
  readonly #problems = new Map<string, readonly string[]>();

  constructor(source: FeedSource, clock: Clock) {
    this.#clock = clock;
    this.#source = source;
    this.#leases = new LeaseBook(source.cluster?.leaseMs ?? 0);
  }

  /** A reader that is told everything, then what changes. Close it. */
  read(): FeedReader {
    this.#linger?.cancel();
    const reader = new FeedReader(this.#told, () => {
      this.#readers.delete(reader);
      if (this.#readers.size > 0) return;
      this.#linger = this.#clock.after(lingerMs, () => this.#stopWatching(), { background: true });
    });
    this.#readers.add(reader);
    if (this.#running === undefined) this.#watch();
    reader.sight(this.#sight());
    return reader;
  }

  get clock(): Clock {
    return this.#clock;
  }

  get readers(): number {
    return this.#readers.size;
  }

  vm(key: string): VmDetails | undefined {
    const vm = this.#vms.get(key);
    return vm === undefined ? undefined : vmDetails(vm);
  }

  node(name: string): NodeDetails | undefined {
    return this.#isShown(name) ? nodeDetails(name, this.#nodes.get(name)) : undefined;
  }

  async close(): Promise<void> {
    for (const reader of [...this.#readers]) reader.close();
    this.#linger?.cancel();
    this.#stopWatching();
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #watch(): void {
    const running = new AbortController();
    this.#running = running;
    const { signal } = running;
    const { store, cluster } = this.#source;
    const own = <K extends Kind>(kind: K, changed: (object: Stored<K>, gone: boolean) => void) => this.#follow(kind, store.watch(kind, {}, signal), changed, signal);
    const foreign = <K extends 'Node' | 'Lease'>(kind: K, scope: { readonly namespace?: string }, changed: (object: ForeignByKind[K], gone: boolean) => void) => (
      cluster === undefined ? Promise.resolve() : this.#follow(kind, cluster.cluster.watchForeign(kind, scope, signal), changed, signal)
    );
    const keep = <Value>(map: Map<string, Value>, key: string, value: Value, gone: boolean) => (gone ? map.delete(key) : map.set(key, value));
    this.#ended = Promise.all([
      own('RealtimeVM', (vm, gone) => {
        const key = objectKey(vm.metadata);
        keep(this.#vms, key, vm, gone);
        this.#changed(`v/${key}`);
      }),
      own('RealtimeNode', (node, gone) => {
        keep(this.#nodes, node.metadata.name, node, gone);
        this.#changed(`n/${node.metadata.name}`);
      }),
      own('RealtimeAllocation', (table, gone) => {
        keep(this.#tables, table.metadata.name, table, gone);
        this.#changed(`n/${table.metadata.name}`);
      }),
      foreign('Node', {}, (node, gone) => {
        keep(this.#clusterNodes, node.metadata.name, node, gone);
        this.#changed(`n/${node.metadata.name}`);
      }),
      foreign('Lease', { namespace: cluster?.leaseNamespace ?? '' }, ({ metadata: { name }, spec }, gone) => {
        const turned = gone ? this.#leases.gone(name) : this.#leases.seen(name, spec?.renewTime, this.#clock);
        if (turned) this.#changed(`n/${name}`);
      }),
      cluster === undefined ? undefined : this.#sweepLeases(signal),
    ]);
  }

  async #follow<Shown>(what: string, events: AsyncIterable<WatchEvent<Shown>>, changed: (object: Shown, gone: boolean) => void, signal: AbortSignal): Promise<void> {
    this.#unsynced.add(what);
    try {
      for await (const event of events) {
        if (signal.aborted) return;
        if (event.type === 'synced') {
          this.#unsynced.delete(what);
          // Of a node whose Lease was not there, nothing could be said before.
          if (what === 'Lease') for (const name of this.#nodes.keys()) this.#changed(`n/${name}`);
          this.#changed();
        } else if (event.type === 'problems') this.#setProblems(what, event.problems.map(({ message }) => message));
        else changed(event.object, event.type === 'deleted');
      }
    } catch (error) {
      if (!signal.aborted) this.#setProblems(what, [`${what} cannot be followed any more: ${error instanceof Error ? error.message : String(error)}`]);
    }
  }

  async #sweepLeases(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#clock.sleep(leaseSweepMs, signal).catch(() => undefined);
      for (const name of this.#leases.lapsed(this.#clock.nowMs())) this.#changed(`n/${name}`);
    }
  }

  #stopWatching(): void {
    this.#running?.abort();
    this.#running = undefined;
    this.#flush?.cancel();
    this.#flush = undefined;
    for (const map of [this.#vms, this.#nodes, this.#tables, this.#clusterNodes, this.#names, this.#told, this.#problems]) map.clear();
    this.#leases = new LeaseBook(this.#source.cluster?.leaseMs ?? 0);
    this.#dirty.clear();
    this.#unsynced.clear();
    this.#complete = false;
  }

  #setProblems(what: string, problems: readonly string[]): void {
    this.#problems.set(what, problems);
    this.#changed();
  }

  #sight(): Sight {
    this.#complete ||= this.#unsynced.size === 0 && this.#dirty.size === 0;
    return { complete: this.#complete, problems: [...new Set([...this.#problems.values()].flat())] };
  }

  #changed(key?: string): void {
    if (key !== undefined) this.#dirty.add(key);
    this.#flush ??= this.#clock.after(batchMs, () => this.#tell());
  }

  /** Looks at what has changed and at nothing else; never for long, since a controller has other work in this thread. */
  #tell(): void {
    const untilMs = this.#clock.nowMs() + longestTurnMs;
    const changed: string[] = [];
    for (const key of this.#dirty) {
      if (this.#clock.nowMs() > untilMs) break;
      this.#dirty.delete(key);
      const json = key.startsWith('v/') ? this.#vmJson(key.slice(2)) : this.#nodeJson(key.slice(2));
      if (json === this.#told.get(key)) continue;
      if (json === undefined) this.#told.delete(key);
      else this.#told.set(key, json);
      changed.push(key);
    }
    const sight = this.#sight();
    for (const reader of this.#readers) reader.show(changed, sight);
    this.#flush = this.#dirty.size === 0 ? undefined : this.#clock.after(0, () => this.#tell());
  }

  #vmJson(key: string): string | undefined {
    const vm = this.#vms.get(key);
    return vm === undefined ? undefined : JSON.stringify(vmView(vm));
  }

  #nodeJson(name: string): string | undefined {
    if (!this.#isShown(name)) {
      this.#names.delete(name);
      return undefined;
    }
    const facts = this.#source.cluster === undefined || this.#unsynced.has('Node') ? undefined : {
      node: this.#clusterNodes.get(name), leaseSilent: this.#unsynced.has('Lease') ? undefined : this.#leases.isSilent(name),
    };
    const { view, names } = nodeView(name, { node: this.#nodes.get(name), table: this.#tables.get(name), facts }, this.#names.get(name) ?? new Map());
    this.#names.set(name, names);
    return JSON.stringify(view);
  }

  /** Hosts of ours, those that should be, and those that are gone while a table of theirs still holds something. */
  #isShown(name: string): boolean {
    return this.#nodes.has(name) || (this.#tables.get(name)?.spec.guests.length ?? 0) > 0 || this.#clusterNodes.get(name)?.metadata.labels?.[realtimeLabel] === 'true';
  }
}
