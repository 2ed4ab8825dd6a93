// Hosts of one process and agents of another: an agent may be killed at any instruction, and its host lives on as a machine does.
import type { ChildProcess } from 'node:child_process';
import process from 'node:process';
import { CpuSet } from '../../src/realtime/cpu-set.ts';
import type { ObservedProcess, ObservedThread } from '../../src/realtime/observed.ts';
import type { Correction } from '../../src/realtime/verify/corrections.ts';
import type { HostDomain, Hypervisor, HypervisorEvents, HypervisorVersions } from '../../src/node-agent/hypervisor.ts';
import type { MemoryHost, MemoryHypervisor } from './memory-hypervisor.ts';

type Method = 'list' | 'find' | 'define' | 'start' | 'requestShutdown' | 'destroy' | 'undefine' | 'correct';

interface Call {
  readonly call: number;
  readonly node: string;
  readonly method: Method;
  readonly args: readonly unknown[];
}

type WireThread = Omit<ObservedThread, 'allowedCpus'> & { readonly allowedCpus: string };
type WireProcess = Omit<ObservedProcess, 'threads'> & { readonly threads: readonly WireThread[] };
type WireCorrection = Omit<Correction, 'cpus'> & { readonly cpus?: string };

/** A domain with its process as it is now, since looking at threads takes no time on a real host. */
interface Seen {
  readonly domain: HostDomain;
  readonly process: WireProcess | undefined;
}

type Answer = { readonly call: number; readonly result: unknown } | { readonly call: number; readonly error: string };
type ToAgent = Answer | { readonly node: string; readonly changed: string };

const reading: ReadonlySet<Method> = new Set(['list', 'find']);

/**
 * Lets a child reach hosts for as long as it lives.
 * @param acting told before each act on a host, and when it is done and the child has not heard of it.
 */
export function serveHosts(child: ChildProcess, hosts: ReadonlyMap<string, MemoryHost>, acting: (moment: 'act' | 'acted') => void = () => undefined): void {
  const links = new Map<string, MemoryHypervisor>();
  const send = (message: ToAgent) => child.connected && child.send(message, () => undefined);
  const link = (node: string): MemoryHypervisor => {
    let known = links.get(node);
    if (known === undefined) {
      known = hosts.get(node)!.hypervisor();
      known.connect({ connected: () => undefined, disconnected: () => undefined, connectFailed: () => undefined, changed: (uuid) => send({ node, changed: uuid }) });
      links.set(node, known);
    }
    return known;
  };
  child.on('message', (message) => {
    const { call, node, method, args } = message as Call;
    const isAct = !reading.has(method);
    if (isAct) acting('act');
    answer(link(node), method, args).finally(() => {
      if (isAct) acting('acted');
    }).then((result) => send({ call, result }), (error: unknown) => send({ call, error: error instanceof Error ? error.message : String(error) }));
  });
  child.once('exit', () => {
    for (const known of links.values()) void known.stop();
  });
}

async function answer(host: MemoryHypervisor, method: Method, args: readonly unknown[]): Promise<unknown> {
  const seen = (domain: HostDomain): Seen => ({ domain, process: toWire(host.observe(domain)) });
  const [first] = args as [string];
  switch (method) {
    case 'list':
      return (await host.list()).map(seen);
    case 'find': {
      const domain = await host.find(first);
      return domain === undefined ? undefined : seen(domain);
    }
    case 'correct': {
      const [about, corrections] = args as [WireProcess, readonly WireCorrection[]];
      return host.correct(fromWire(about), corrections.map(({ cpus, ...rest }) => ({ ...rest, ...(cpus === undefined ? {} : { cpus: CpuSet.parse(cpus) }) })));
    }
    case 'define':
    case 'start':
    case 'requestShutdown':
    case 'destroy':
    case 'undefine':
      return host[method](first);
  }
}

/** The other end, in the agents' process. */
export class LinkedHypervisor implements Hypervisor {
  static #calls = 0;
  readonly #node: string;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #processes = new Map<string, ObservedProcess | undefined>();
  #events: HypervisorEvents | undefined;

  constructor(node: string) {
    this.#node = node;
  }

  connect(events: HypervisorEvents): void {
    this.#events = events;
    process.on('message', this.#take);
    // The first call makes the host tell changes.
    void this.#call('list').then(() => events.connected());
  }

  get isConnected(): boolean {
    return this.#events !== undefined;
  }

  stop(): Promise<void> {
    process.off('message', this.#take);
    this.#events = undefined;
    return Promise.resolve();
  }

  versions(): Promise<HypervisorVersions> {
    return Promise.resolve({});
  }

  async list(): Promise<readonly HostDomain[]> {
    return (await this.#call('list') as readonly Seen[]).map((seen) => this.#keep(seen));
  }

  async find(uuid: string): Promise<HostDomain | undefined> {
    const seen = await this.#call('find', uuid) as Seen | undefined;
    return seen === undefined ? undefined : this.#keep(seen);
  }

  async define(xml: string): Promise<void> {
    await this.#call('define', xml);
  }

  async start(uuid: string): Promise<void> {
    await this.#call('start', uuid);
  }

  async requestShutdown(uuid: string): Promise<void> {
    await this.#call('requestShutdown', uuid);
  }

  async destroy(uuid: string): Promise<void> {
    await this.#call('destroy', uuid);
  }

  async undefine(uuid: string): Promise<void> {
    await this.#call('undefine', uuid);
  }

  observe({ uuid }: HostDomain): ObservedProcess | undefined {
    return this.#processes.get(uuid);
  }

  async correct(about: ObservedProcess, corrections: readonly Correction[]): Promise<void> {
    await this.#call('correct', toWire(about), corrections.map(({ cpus, ...rest }) => ({ ...rest, ...(cpus === undefined ? {} : { cpus: cpus.toString() }) })));
  }

  readonly #take = (message: unknown): void => {
    const told = message as ToAgent;
    if ('changed' in told) {
      if (told.node === this.#node) this.#events?.changed(told.changed);
      return;
    }
    const waiting = this.#waiting.get(told.call);
    this.#waiting.delete(told.call);
    if ('error' in told) waiting?.reject(new Error(told.error));
    else waiting?.resolve(told.result);
  };

  #keep({ domain, process: observed }: Seen): HostDomain {
    this.#processes.set(domain.uuid, observed === undefined ? undefined : fromWire(observed));
    return domain;
  }

  async #call(method: Method, ...args: readonly unknown[]): Promise<unknown> {
    LinkedHypervisor.#calls += 1;
    const call = LinkedHypervisor.#calls;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(call, waiting);
    process.send?.({ call, node: this.#node, method, args } satisfies Call);
    return waiting.promise;
  }
}

function toWire(observed: ObservedProcess): WireProcess;
function toWire(observed: ObservedProcess | undefined): WireProcess | undefined;
function toWire(observed: ObservedProcess | undefined): WireProcess | undefined {
  return observed === undefined ? undefined : { ...observed, threads: observed.threads.map((thread) => ({ ...thread, allowedCpus: thread.allowedCpus.toString() })) };
}

function fromWire(observed: WireProcess): ObservedProcess {
  return { ...observed, threads: observed.threads.map((thread) => ({ ...thread, allowedCpus: CpuSet.parse(thread.allowedCpus) })) };
}
