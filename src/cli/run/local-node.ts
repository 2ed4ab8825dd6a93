/** This host as a node of its own: the directory store, the controller and the agent, in one process. */
import { Agent } from '../../node-agent/agent.ts';
import { takeHostLock } from '../../node-agent/host/host-lock.ts';
import type { HostLock } from '../../node-agent/host/host-lock.ts';
import { thisHost } from '../../node-agent/host/host-root.ts';
import { defaultNodeName, publishNode } from '../../node-agent/node-report.ts';
import { Controller } from '../../controller/controller.ts';
import { logTo } from '../../runtime/log.ts';
import type { Log } from '../../runtime/log.ts';
import { isStoreError } from '../../store/errors.ts';
import { DirectoryStore } from '../../store/directory/directory-store.ts';
import { formatProblem } from '../../crds/document-problem.ts';
import type { NodeOptions } from '../commands/node-options.ts';
import { agentHost } from '../process/agent-host.ts';
import { formatLogForPeople } from '../process/log-for-people.ts';
import { readVersion } from '../process/version.ts';
import type { Io } from '../io.ts';
import { forgetVerdicts } from './forget-verdicts.ts';
import { requireLibvirt } from './require-libvirt.ts';

/** A host that runs rtvm by itself is a realtime node, as an administrator of a cluster would label it. */
const nodeLabels = { 'rtvm.dev/realtime': 'true' };

export interface LocalNodeOptions extends NodeOptions {
  readonly auditIntervalSeconds: number;
}

/** Open from {@link openLocalNode} to {@link LocalNode.close}; VMs outlive it. */
export interface LocalNode {
  readonly store: DirectoryStore;
  readonly nodeName: string;
  /** Begins to place and to run; before that, nothing on the host is touched. Resolves when this host is known as a node. */
  start(): Promise<void>;
  /** Rejects when the controller or the agent cannot go on. */
  readonly failed: Promise<never>;
  /** Rejects when the state directory has become full. What runs is looked after all the same, and writes are tried again. */
  readonly full: Promise<never>;
  /** Leaves it to the caller to tell of these VMs (`namespace/name`) that they do not start. */
  follow(vms: ReadonlySet<string>): void;
  close(): Promise<void>;
}

/**
 * Takes the host's lock, makes sure that libvirt answers, and opens the state directory.
 * @throws HostError `LOCK_HELD`, LibvirtConnectionError, CommandError `LIBVIRT_HANGS`, StoreError; nothing is left then.
 */
export async function openLocalNode(options: LocalNodeOptions, io: Io, signal: AbortSignal): Promise<LocalNode> {
  const lock = takeHostLock(thisHost, options.lockFile);
  try {
    await requireLibvirt(options.libvirtSocket, io, signal);
    return new OpenNode(await DirectoryStore.open({ directory: options.stateDir, signal }), lock, options, io);
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

class OpenNode implements LocalNode {
  readonly store: DirectoryStore;
  readonly nodeName: string;
  readonly failed: Promise<never>;
  readonly full: Promise<never>;
  readonly #lock: HostLock;
  readonly #controller: Controller;
  readonly #agent: Agent;
  readonly #fail: (error: unknown) => void;
  readonly #io: Io;
  #followed: ReadonlySet<string> = new Set();
  readonly #abort = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  constructor(store: DirectoryStore, lock: HostLock, options: LocalNodeOptions, io: Io) {
    const [failure, fullness] = [Promise.withResolvers<never>(), Promise.withResolvers<never>()];
    for (const { promise } of [failure, fullness]) promise.catch(() => undefined); // whoever waits for it gets it; nobody has to
    this.failed = failure.promise;
    this.#fail = failure.reject;
    this.full = fullness.promise;
    this.#io = io;
    this.store = store;
    this.#lock = lock;
    this.nodeName = options.nodeName ?? defaultNodeName();
    const log = this.#log(fullness.reject);
    this.#controller = new Controller({
      store,
      runtime: io.runtime,
      log,
      agentOf: () => this.#agent.statement,
      problems: (problems) => {
        for (const problem of problems) io.err(`rtvm: ${formatProblem(problem)}`);
      },
    });
    this.#agent = new Agent({
      store,
      nodeName: this.nodeName,
      nodeLabels,
      version: readVersion(),
      ...agentHost(options, io.runtime),
      auditIntervalMs: 1000 * options.auditIntervalSeconds,
      log,
    });
  }

  async start(): Promise<void> {
    await forgetVerdicts(this.store, this.nodeName, this.#io.runtime.clock.date(), this.#abort.signal);
    // First, so that no VM is said to fit nowhere only because nobody has looked at the host yet.
    await publishNode({ store: this.store, nodeName: this.nodeName, nodeLabels, root: thisHost, version: readVersion() }, this.#abort.signal);
    this.#running = Promise.all([this.#agent.run(), this.#controller.run()]).catch((error: unknown) => this.#fail(error));
  }

  follow(vms: ReadonlySet<string>): void {
    this.#followed = vms;
  }

  async close(): Promise<void> {
    this.#abort.abort();
    this.#controller.stop();
    this.#agent.stop();
    await this.#running;
    await this.store.close();
    this.#lock[Symbol.dispose]();
  }

  #log(full: (error: unknown) => void): Log {
    const io = this.#io;
    return logTo((entry) => {
      const { error, phase, vm } = entry.fields;
      if (isStoreError(error, 'STORAGE_FULL')) full(error);
      const isFollowed = phase === 'Failed' && vm !== undefined && this.#followed.has(vm);
      if (entry.level !== 'debug' && !isFollowed) io.err(`rtvm: ${formatLogForPeople(entry)}`);
      if (error instanceof Error && (io.env['RTVM_DEBUG'] ?? '') !== '') io.err(error.stack ?? error.message);
    });
  }
}
