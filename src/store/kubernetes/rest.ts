/** Requests to the API server: paths, retries, deadlines and typed errors over a transport. */
import type { Clock } from '../../runtime/clock.ts';
import { machineClock } from '../../runtime/clock.ts';
import { Deadline } from '../../runtime/deadline.ts';
import { machineRandom } from '../../runtime/random.ts';
import type { Random } from '../../runtime/random.ts';
import { StoreError } from '../errors.ts';
import { parseStatus, refusal } from './api-error.ts';
import type { ExpiredError, Verb } from './api-error.ts';
import { describeTarget, foreignResources, pathOf, resourceOf } from './api-resource.ts';
import type { ApiTarget } from './api-resource.ts';
import { readJsonLines, readText } from './body.ts';
import { Limiter } from './limiter.ts';
import { parseRetryAfter, retryDelayMs } from './retry.ts';
import type { Failure } from './retry.ts';
import { TransportError } from './transport.ts';
import type { Transport, TransportRequest, TransportResponse } from './transport.ts';

/** Requests under way at once; watches not counted. Enough to keep a server busy, few enough to be fair to it. */
const requestsAtOnce = 32;
const requestTimeoutMs = 30_000;
/** The first and four more: a second of trouble is bridged, longer ones are for the caller's queue. */
const attemptsPerRequest = 5;

/** One HTTP request and its answer, for metrics and for comparing with what roles allow. */
export interface RequestSeen {
  readonly verb: Verb;
  /** Empty for the core group. */
  readonly group: string;
  /** Plural, with its subresource: `realtimevms/status`. */
  readonly resource: string;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  /** HTTP status; 0 where there was no answer. */
  readonly status: number;
}

export interface RestOptions {
  readonly transport: Transport;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly onRequest?: ((seen: RequestSeen) => void) | undefined;
}

export interface RestRequest {
  readonly verb: Verb;
  readonly target: ApiTarget;
  readonly query?: Readonly<Record<string, string | undefined>> | undefined;
  readonly body?: unknown;
}

export interface RequestBounds {
  readonly signal?: AbortSignal | undefined;
  /** Of each attempt. Default 30 s. */
  readonly timeoutMs?: number | undefined;
  /** The first one included. Default 5. */
  readonly attempts?: number | undefined;
}

export interface StreamBounds {
  readonly signal: AbortSignal;
  /** How long the server may be silent from now on; asked again before and after each chunk is dealt with. */
  readonly silenceMs: () => number;
}

/** Codes of what Node throws while a body is read. */
const bodyErrors = /^(ECONN|EPIPE$|ETIMEDOUT$|EHOST|ENET|ERR_STREAM|ERR_HTTP|ERR_SSL|HPE_)/;

/** A request that did not succeed, and what its caller is told unless it is repeated. */
interface Refused {
  readonly failure: Failure;
  readonly error: StoreError | ExpiredError;
}

const methods = { get: 'GET', list: 'GET', watch: 'GET', create: 'POST', update: 'PUT', patch: 'PATCH', delete: 'DELETE' } as const;

export class Rest {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #onRequest: (seen: RequestSeen) => void;
  readonly #limiter: Limiter;
  readonly #guard: (() => void) | undefined;
  #serverTime: Date | undefined;

  constructor(
    { transport, clock = machineClock, random = machineRandom, onRequest = () => undefined }: RestOptions,
    shared: { readonly limiter: Limiter; readonly guard?: () => void } = { limiter: new Limiter(requestsAtOnce) },
  ) {
    this.#transport = transport;
    this.#clock = clock;
    this.#random = random;
    this.#onRequest = onRequest;
    this.#limiter = shared.limiter;
    this.#guard = shared.guard;
  }

  get server(): string {
    return this.#transport.server;
  }

  /** What the server's clock said with its last answer, in whole seconds; undefined before that. */
  get serverTime(): Date | undefined {
    return this.#serverTime;
  }

  get clock(): Clock {
    return this.#clock;
  }

  get random(): Random {
    return this.#random;
  }

  /** The same client, whose writes are sent only if `guard`, called as the last thing before the bytes go, does not throw. */
  guarded(guard: () => void): Rest {
    return new Rest(
      { transport: this.#transport, clock: this.#clock, random: this.#random, onRequest: this.#onRequest },
      { limiter: this.#limiter, guard },
    );
  }

  close(): void {
    this.#transport.close();
  }

  /**
   * Sends a request, again where that may help, and reads the answer.
   * @throws StoreError or ExpiredError as the server refused, StoreError UNAVAILABLE without an answer, the signal's reason, and what the guard throws.
   */
  async json(request: RestRequest, bounds: RequestBounds = {}): Promise<unknown> {
    return this.#answer(request, bounds, (text) => JSON.parse(text) as unknown);
  }

  /** The same, of what is not JSON. */
  async text(request: RestRequest, bounds: RequestBounds = {}): Promise<string> {
    return this.#answer(request, bounds, (text) => text);
  }

  async #answer<Value>(request: RestRequest, { signal, timeoutMs = requestTimeoutMs, attempts = attemptsPerRequest }: RequestBounds, read: (text: string) => Value): Promise<Value> {
    for (let failures = 1; ; failures += 1) {
      signal?.throwIfAborted();
      const answer = await this.#attempt(request, signal, timeoutMs, read);
      if ('value' in answer) return answer.value;
      const delayMs = failures < attempts ? retryDelayMs(request.verb, answer.failure, failures, this.#random.fraction()) : undefined;
      if (delayMs === undefined) throw answer.error;
      await this.#clock.sleep(delayMs, signal);
    }
  }

  /**
   * Opens a watch, again where the server says when, and yields its lines as they come; ends where the server ends it properly.
   * @throws as {@link json}; StoreError UNAVAILABLE where the connection breaks, within a line too, or is silent for too long.
   */
  async *stream(request: RestRequest, bounds: StreamBounds): AsyncGenerator<unknown, void, undefined> {
    for (let failures = 1; ; failures += 1) {
      const refused = yield* this.#streamOnce(request, bounds);
      if (refused === undefined) return;
      const { failure, error } = refused;
      const isTold = failure.kind === 'status' && failure.retryAfterMs !== undefined && failures < attemptsPerRequest;
      const delayMs = isTold ? retryDelayMs(request.verb, failure, failures, this.#random.fraction()) : undefined;
      if (delayMs === undefined) throw error;
      await this.#clock.sleep(delayMs, bounds.signal);
    }
  }

  async *#streamOnce(request: RestRequest, { signal, silenceMs }: StreamBounds): AsyncGenerator<unknown, Refused | undefined, undefined> {
    const silence = new Deadline(this.#clock, signal, requestTimeoutMs);
    const heard = () => silence.extend(silenceMs());
    try {
      const response = await this.#send(request, silence.signal);
      if (response.status !== 200) return await this.#refused(request, response);
      heard();
      yield* readJsonLines(response.body, heard);
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      if (silence.hasPassed) throw unavailable(request, this.server, 'it has been silent for too long', error);
      throw isNoAnswer(error) ? unavailable(request, this.server, error.message, error) : error;
    } finally {
      silence.end();
    }
  }

  async #attempt<Value>(request: RestRequest, signal: AbortSignal | undefined, timeoutMs: number, read: (text: string) => Value): Promise<{ readonly value: Value } | Refused> {
    // A lease that had to wait behind a thousand writes would lapse.
    const free = request.target.resource === foreignResources.Lease ? undefined : await this.#limiter.acquire(signal);
    const deadline = new Deadline(this.#clock, signal, timeoutMs);
    try {
      const response = await this.#send(request, deadline.signal);
      if (response.status < 200 || response.status > 299) return await this.#refused(request, response);
      return { value: read(await readText(response.body)) };
    } catch (error) {
      signal?.throwIfAborted();
      if (deadline.hasPassed) return { failure: { kind: 'transport', unsent: false }, error: unavailable(request, this.server, `no answer within ${timeoutMs / 1000} s`, error) };
      if (!isNoAnswer(error)) throw error;
      return { failure: { kind: 'transport', unsent: error instanceof TransportError && error.unsent }, error: unavailable(request, this.server, error.message, error) };
    } finally {
      deadline.clear();
      free?.();
    }
  }

  async #send({ verb, target, query = {}, body }: RestRequest, signal: AbortSignal): Promise<TransportResponse> {
    const parameters = new URLSearchParams(Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined)).toString();
    const isWrite = methods[verb] !== 'GET';
    // An object is created at the path of its kind; its name is in the body.
    const path = pathOf(verb === 'create' ? { ...target, name: undefined } : target);
    const request: TransportRequest = {
      method: methods[verb],
      path: `${path}${parameters === '' ? '' : `?${parameters}`}`,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
      beforeSend: isWrite ? this.#guard : undefined,
    };
    try {
      const response = await this.#transport.send(request);
      this.#seen(verb, target, response.status);
      if (response.date !== undefined) this.#serverTime = new Date(response.date);
      return response;
    } catch (error) {
      if (error instanceof TransportError || signal.aborted) this.#seen(verb, target, 0);
      throw error;
    }
  }

  async #refused(request: RestRequest, { status: code, retryAfter, body }: TransportResponse): Promise<Refused> {
    const status = parseStatus(await readText(body));
    if (code === 401) this.#transport.renewCredentials();
    const inDetails = status.details?.retryAfterSeconds;
    const retryAfterMs = parseRetryAfter(retryAfter, this.#clock.date()) ?? (inDetails === undefined ? undefined : inDetails * 1000);
    return { failure: { kind: 'status', status: code, retryAfterMs }, error: refusal(request.verb, request.target, code, status) };
  }

  #seen(verb: Verb, target: ApiTarget, status: number): void {
    const { resource: { group }, namespace, name } = target;
    this.#onRequest({ verb, group, resource: resourceOf(target), namespace, name, status });
  }
}

/** There was no answer, or only a part of one, or one that no API server gives. */
function isNoAnswer(error: unknown): error is Error {
  return error instanceof TransportError || error instanceof SyntaxError
    || (error instanceof Error && 'code' in error && typeof error.code === 'string' && bodyErrors.test(error.code));
}

function unavailable({ verb, target }: RestRequest, server: string, reason: string, cause: unknown): StoreError {
  return new StoreError('UNAVAILABLE', `${describeTarget(target)}: ${verb} failed: the API server at ${server}: ${reason}`, { cause });
}
