/** A measurement's hold on this host: its lock, its connection, its files, and the end of it all. */
import { dirname, join } from 'node:path';
import { HostError } from '../node-agent/host/host-error.ts';
import { takeHostLock } from '../node-agent/host/host-lock.ts';
import type { HostLock } from '../node-agent/host/host-lock.ts';
import type { HostRoot } from '../node-agent/host/host-root.ts';
import { readOnlineCpus } from '../node-agent/host/topology.ts';
import { LibvirtClient } from '../libvirt/client.ts';
import type { LifecycleEvent } from '../libvirt/domain-types.ts';
import { ifDomainExists } from '../libvirt/errors.ts';
import { findSocketPath } from '../libvirt/socket-path.ts';
import type { CpuSet } from '../realtime/cpu-set.ts';
import { readHolder, readHolders } from './holders.ts';
import type { Holder } from './holders.ts';
import { LatencyError } from './latency-error.ts';
import { endLeftOver } from './probe-domain.ts';
import { provideProbeRom } from './probe-rom.ts';

export interface SessionOptions {
  readonly root: HostRoot;
  readonly stateDirectory: string;
  readonly libvirtSocket?: string | undefined;
  /**
   * rtvm's own lock of this host: a measurement has one beside it, and leaves that one to `rtvm run` and the agent.
   */
  readonly hostLockPath: string;
}

export class LatencySession implements AsyncDisposable {
  readonly client: LibvirtClient;
  readonly root: HostRoot;
  readonly directory: string;
  readonly rom: string;
  readonly socketPath: string;
  readonly #lock: HostLock;
  readonly #started: Set<(uuid: string) => void>;

  private constructor(
    client: LibvirtClient,
    rom: string,
    { root, stateDirectory, libvirtSocket }: SessionOptions,
    lock: HostLock,
    started: Set<(uuid: string) => void>,
  ) {
    this.client = client;
    this.root = root;
    this.directory = join(stateDirectory, 'latency');
    this.rom = rom;
    this.socketPath = findSocketPath(libvirtSocket);
    this.#lock = lock;
    this.#started = started;
  }

  /** @throws LatencyError `MEASURING`; HostError; LibvirtConnectionError. Nothing is left then. */
  static async open(options: SessionOptions, signal: AbortSignal): Promise<LatencySession> {
    const lock = takeLock(options);
    try {
      const directory = join(options.stateDirectory, 'latency');
      const rom = await provideProbeRom(directory);
      const started = new Set<(uuid: string) => void>();
      const client = await LibvirtClient.open({
        socketPath: findSocketPath(options.libvirtSocket),
        signal,
        onLifecycleEvent: ({ event, domain }: LifecycleEvent) => {
          if (event === 'started') for (const listener of started) listener(domain.uuid);
        },
      });
      try {
        await endLeftOver(client, directory, signal);
        return new LatencySession(client, rom, options, lock, started);
      } catch (error) {
        client.close();
        throw error;
      }
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }

  holders(signal: AbortSignal): Promise<readonly Holder[]> {
    return readHolders(this.client, readOnlineCpus(this.root), { signal });
  }

  /**
   * A VM comes first: aborts as soon as one is started on CPUs that the measurement has, or that is realtime where
   * none was to run beside it.
   * @returns a signal that aborts with a LatencyError `VM_STARTED`; disposing of it ends the watch.
   */
  yieldTo(
    cpus: CpuSet,
    { besideRunning }: { readonly besideRunning: boolean },
  ): Disposable & { readonly signal: AbortSignal } {
    const abort = new AbortController();
    const look = async (uuid: string) => {
      const holder = await ifDomainExists(
        this.client
          .lookupByUuid(uuid)
          .then((ref) => readHolder(this.client, ref, true, readOnlineCpus(this.root), {})),
      );
      // One of the measurement's own has its CPUs, and no placement.
      if (holder === undefined || holder.placement === undefined) return;
      const taken = holder.cpus.intersection(cpus);
      if (taken.size === 0 && (besideRunning || !holder.realtime)) return;
      abort.abort(
        new LatencyError(
          'VM_STARTED',
          `${holder.title} was started `
            + `${taken.size > 0 ? `on CPUs ${taken.toString()}, which were being measured` : 'while this host was being measured'}: it comes first, and what was measured beside it is dropped`,
        ),
      );
    };
    const listener = (uuid: string) => void look(uuid).catch(() => undefined);
    this.#started.add(listener);
    return { signal: abort.signal, [Symbol.dispose]: () => void this.#started.delete(listener) };
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    this.#lock[Symbol.dispose]();
    return Promise.resolve();
  }
}

function takeLock({ root, hostLockPath }: SessionOptions): HostLock {
  try {
    return takeHostLock(root, join(dirname(hostLockPath), 'latency.lock'));
  } catch (error) {
    if (!(error instanceof HostError && error.code === 'LOCK_HELD')) throw error;
    throw new LatencyError(
      'MEASURING',
      `another "rtvm latency" is measuring on this host: two would measure each other; wait for its end`,
      { cause: error },
    );
  }
}
