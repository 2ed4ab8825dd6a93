// Keeps one connection to libvirt for as long as it runs: connects, tells, and connects again when it breaks.
import { jitteredBackoffMs } from '../runtime/backoff.ts';
import type { Backoff } from '../runtime/backoff.ts';
import { machineClock } from '../runtime/clock.ts';
import type { Clock } from '../runtime/clock.ts';
import { machineRandom } from '../runtime/random.ts';
import type { Random } from '../runtime/random.ts';
import { LibvirtClient } from './client.ts';
import type { OpenOptions } from './client.ts';
import type { LifecycleEvent } from './domain-types.ts';
import { LibvirtConnectionError } from './errors.ts';
import { findSocketPath } from './socket-path.ts';

/** A restarting libvirtd is back within a fraction of a second; one that is gone is asked about twice a minute. */
const defaultBackoff: Backoff = { firstMs: 200, maxMs: 30_000 };

export interface SupervisorOptions extends Omit<OpenOptions, 'socketPath' | 'signal' | 'onLifecycleEvent'> {
  /** Default: looked for anew on each attempt, see socket-path.ts. */
  readonly socketPath?: string;
  /**
   * A connection was made, and events are already registered for: list the domains now. Events between two connections are lost,
   * so nothing known from before still counts.
   */
  readonly onConnected: (client: LibvirtClient) => void;
  /** The connection broke. Each {@link onConnected} is followed by exactly one of these, at the latest by {@link LibvirtSupervisor.stop}. */
  readonly onDisconnected: (reason: LibvirtConnectionError) => void;
  /** An attempt failed; the next is in `retryInMs`. The same error may come many times. */
  readonly onConnectFailed?: (error: unknown, retryInMs: number) => void;
  /** Lifecycle events of the current connection. None comes before its onConnected or after its onDisconnected. */
  readonly onLifecycleEvent: (event: LifecycleEvent) => void;
  readonly backoff?: Backoff;
  readonly random?: Random;
}

export class LibvirtSupervisor implements AsyncDisposable {
  readonly #options: SupervisorOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #backoff: Backoff;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #client: LibvirtClient | undefined;
  #lastError: unknown;
  #next = Promise.withResolvers<LibvirtClient>();

  /** Begins at once. */
  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? machineClock;
    this.#random = options.random ?? machineRandom;
    this.#backoff = options.backoff ?? defaultBackoff;
    this.#next.promise.catch(() => undefined); // nobody need be waiting when it is stopped
    this.#running = this.#run();
  }

  /** The connected client, or undefined while there is none. */
  get current(): LibvirtClient | undefined {
    return this.#client;
  }

  /** Why there is no client right now: the last failure. */
  get lastError(): unknown {
    return this.#client === undefined ? this.#lastError : undefined;
  }

  /** The connected client, waiting for it where need be. Rejects with the signal's reason, or CONNECTION_CLOSED once stopped. */
  client(signal?: AbortSignal): Promise<LibvirtClient> {
    if (this.#client !== undefined) return Promise.resolve(this.#client);
    if (signal === undefined) return this.#next.promise;
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(signal.reason as Error);
      signal.throwIfAborted();
      signal.addEventListener('abort', abort, { once: true });
      this.#next.promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    });
  }

  /** Closes the connection and stops for good; domains are not touched. Resolves when all callbacks are through. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#client?.close();
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let failures = 0;
    while (!signal.aborted) {
      const client = await this.#connect(signal);
      if (client !== undefined) {
        const since = this.#clock.nowMs();
        await this.#serve(client);
        // One that breaks at once, again and again, is to be treated like one that cannot be connected to.
        if (this.#clock.nowMs() - since >= this.#backoff.maxMs) failures = 0;
      }
      await this.#wait(failures++, client === undefined, signal);
    }
    this.#next.reject(new LibvirtConnectionError('CONNECTION_CLOSED', 'the connection to libvirt was stopped on our side'));
  }

  async #connect(signal: AbortSignal): Promise<LibvirtClient | undefined> {
    const { onLifecycleEvent, ...options } = this.#options;
    // Events can arrive with the answer to the registration, before onConnected has been called: they wait for it.
    let client: LibvirtClient | undefined;
    const early: LifecycleEvent[] = [];
    try {
      client = await LibvirtClient.open({
        ...options,
        socketPath: findSocketPath(options.socketPath),
        signal,
        onLifecycleEvent: (event) => {
          if (client !== undefined && this.#client === client) onLifecycleEvent(event);
          else if (client === undefined) early.push(event);
        },
      });
    } catch (error) {
      this.#lastError = error;
      return undefined;
    }
    if (signal.aborted) {
      client.close();
      return undefined;
    }
    this.#client = client;
    this.#next.resolve(client);
    this.#options.onConnected(client);
    for (const event of early) onLifecycleEvent(event);
    return client;
  }

  async #serve(client: LibvirtClient): Promise<void> {
    const reason = await client.closed;
    this.#client = undefined;
    this.#lastError = reason;
    this.#next = Promise.withResolvers();
    this.#next.promise.catch(() => undefined);
    this.#options.onDisconnected(reason);
  }

  async #wait(failures: number, connectFailed: boolean, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const ms = jitteredBackoffMs(failures, this.#random.fraction(), this.#backoff);
    if (connectFailed) this.#options.onConnectFailed?.(this.#lastError, ms);
    await this.#clock.sleep(ms, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}
