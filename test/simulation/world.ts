/** The simulated cluster as events meet it: what is there, what lasts and how it ends, and a person with a client. */
import type { ChaosEvent } from '../integration/support/chaos-events.ts';
import type { Stored } from '../../src/store/resource.ts';
import type { Kept, Snapshot } from '../../src/store/testing/memory-server.ts';
import { MemoryStore } from '../../src/store/testing/memory-store.ts';
import type { SimulatedCluster } from './cluster.ts';
import { vmUidIn } from './domain-uid.ts';
import type { Recorder } from './recorder.ts';
import type { SeenNode } from './verdicts.ts';

export type Vm = Stored<'RealtimeVM'>;

export const namespace = 'plant';
export const systemNamespace = 'rtvm-system';
export const leaderLease = { namespace: systemNamespace, name: 'rtvm-controller' };
/** Within it what was asked for is on its way. */
const momentMs = 1000;
/** A person's word that a machine is off. */
export const outOfService = { key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' };
/** How long what passes by itself lasts, at most. */
export const longestMs = 150_000;

interface SeenDomain {
  readonly uuid: string;
  readonly xml: string;
}

/** Whom an event happens to. */
export interface Chosen {
  readonly vm: Vm | undefined;
  readonly node: string;
  readonly controller: string;
  /** In [0, 1). */
  readonly who: number;
  readonly how: number;
}

export type Happens = (world: World, chosen: Chosen) => Promise<void> | void;

export class World {
  readonly cluster: SimulatedCluster;
  readonly person: MemoryStore;
  readonly nodes: readonly string[];
  readonly controllers: readonly string[];
  readonly #recorder: Recorder;
  /** What lasts, and how it ends. */
  readonly #lasting = new Map<string, () => void>();
  /** Nodes without power. */
  readonly dark = new Set<string>();
  /** Nodes that a person has called off. */
  readonly calledOff = new Set<string>();
  /** Nodes whose agent lies, and those whose agent ever did: nobody knows what it has left there. */
  readonly lying = new Set<string>();
  readonly haveLied = new Set<string>();
  /** Those, and nodes that were called off wrongly: a person has to look at them. */
  readonly deceived = new Set<string>();
  /** UIDs of VMs that vanished without our finalizer's having been let go: what they leave is a person's to end. */
  readonly lost = new Set<string>();
  backup: Snapshot | undefined;

  constructor(cluster: SimulatedCluster, recorder: Recorder, nodes: readonly string[], controllers: readonly string[]) {
    this.cluster = cluster;
    this.#recorder = recorder;
    this.nodes = nodes;
    this.controllers = controllers;
    const atOnce = () => Promise.resolve();
    this.person = new MemoryStore({ server: cluster.server, way: { there: atOnce, back: atOnce } });
  }

  get vms(): readonly Vm[] {
    return [...this.cluster.server.all('RealtimeVM').values()] as unknown as Vm[];
  }

  note(event: ChaosEvent): void {
    this.#recorder.note(event);
  }

  /** The data goes back: what a person has asked for just now may be under way. */
  noteRollback(): void {
    const underWay = this.#recorder.endsAskedSince(this.cluster.clock.nowMs() - momentMs);
    this.note({ type: 'rolledBack', underWay });
  }

  /** As if it had been written then. */
  told(kind: 'RealtimeAllocation' | 'RealtimeNode' | 'RealtimeVM', key: string, object: Kept): void {
    this.#recorder.written({ kind, key, object, gone: false });
  }

  /** It ends by itself after a while; a second one of its name takes its place, once the first has ended. */
  lasts(name: string, ms: number, end: () => void): void {
    const before = this.#lasting.get(name);
    this.#lasting.set(name, end);
    before?.();
    this.cluster.clock.after(Math.ceil(ms), () => {
      if (this.#lasting.get(name) !== end) return;
      this.#lasting.delete(name);
      this.cluster.write(`story: ends: ${name}`);
      end();
    });
  }

  /** Whatever lasts ends: processes run, hosts have power, the network carries everything, nodes take VMs. */
  endAll(): void {
    const ends = [...this.#lasting.values()];
    this.#lasting.clear();
    for (const end of ends) end();
    this.cluster.network.mendAll();
  }

  /** What ends next was not ended by the product. */
  endsByHand(node: string, xml: string): void {
    const vm = vmUidIn(xml);
    if (vm !== undefined) this.note({ type: 'byHand', node, vm });
  }

  /** A person ends a domain at its host, or it ends by itself. */
  end(node: string, { uuid, xml }: SeenDomain, how: 'shutdown' | 'crashed'): void {
    this.endsByHand(node, xml);
    this.cluster.hosts.get(node)!.end(uuid, how);
  }

  /** Something is to be started there, and may be about to: its agent has looked what else lives. */
  startsSoon(node: string): boolean {
    const running = this.cluster.hosts.get(node)!.running();
    return this.#table(node)?.spec.guests.some(({ vm, desired }) => (
      desired === 'Running' && !running.some(({ xml }) => xml.includes(vm.uid))
    )) === true;
  }

  /** Whether people are shown that something of this VM is on the node. */
  shows(node: string, uid: string): boolean {
    const { orphans = [] } = (this.cluster.server.find('RealtimeNode', { name: node }) as Stored<'RealtimeNode'> | undefined)?.status ?? {};
    const { guests = [] } = this.#table(node)?.spec ?? {};
    return [...guests, ...orphans].some(({ vm }) => vm?.uid === uid);
  }

  /** As whoever judges verdicts sees it. */
  seen(node: string): SeenNode {
    return {
      domains: this.cluster.hosts.get(node)?.domains ?? [],
      grantOf: (uid) => this.#table(node)?.spec.guests.find(({ vm }) => vm.uid === uid)?.grant,
      lies: this.lying.has(node),
    };
  }

  #table(node: string): Stored<'RealtimeAllocation'> | undefined {
    return this.cluster.server.find('RealtimeAllocation', { name: node }) as never;
  }
}

export function at<Item>(items: readonly Item[], fraction: number): Item | undefined {
  return items[Math.floor(fraction * items.length)];
}
