// One call under way: its message, the promise its caller waits on, and the ways in which that promise settles.
import type { Clock } from '../runtime/clock.ts';
import { readError } from './codecs.ts';
import type { QueuedCall } from './call-queue.ts';
import { LibvirtConnectionError, LibvirtError } from './errors.ts';
import { encodeFrame, frameStatus, frameTypes, programs, protocolError } from './frame.ts';
import type { Frame } from './frame.ts';
import type { Procedure } from './procedures.ts';
import { XdrError, XdrReader, XdrWriter } from './xdr.ts';

export interface CallOptions {
  /** Aborting stops the waiting, not libvirt: a call that was already sent is carried out. */
  readonly signal?: AbortSignal | undefined;
  /** Waiting longer, queue included, rejects with TIMEOUT; likewise without stopping libvirt. Default: as long as the connection lives. */
  readonly timeoutMs?: number | undefined;
}

/** What {@link Connection} needs of a call, whatever its types. */
export interface AnyPendingCall extends QueuedCall {
  readonly receive: (reply: Frame) => void;
  readonly reject: (error: unknown) => void;
}

export class PendingCall<Args, Result> implements AnyPendingCall {
  readonly serial: number;
  readonly message: Buffer;
  readonly promise: Promise<Result>;
  readonly #procedure: Procedure<Args, Result>;
  readonly #resolve: (result: Result) => void;
  readonly #reject: (error: unknown) => void;
  readonly #settled = new AbortController();

  /**
   * @param abandoned told when the caller no longer waits although the call was not answered.
   * @throws {LibvirtConnectionError} INVALID_ARGUMENT for arguments that cannot be sent; the signal's reason when it is aborted.
   */
  constructor(clock: Clock, serial: number, procedure: Procedure<Args, Result>, args: Args, options: CallOptions, abandoned: (call: AnyPendingCall) => void) {
    options.signal?.throwIfAborted();
    this.serial = serial;
    this.#procedure = procedure;
    this.message = encodeFrame({
      program: programs.remote,
      procedure: procedure.number,
      type: frameTypes.call,
      serial,
      status: frameStatus.ok,
      payload: encodeArguments(procedure, args),
    });
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.promise = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#watch(clock, options, (error) => {
      this.reject(error);
      abandoned(this);
    });
  }

  /** Settles with a reply. @throws {LibvirtConnectionError} PROTOCOL, after rejecting with the same, when it cannot be read. */
  receive(reply: Frame): void {
    const { name, number } = this.#procedure;
    const reader = new XdrReader(reply.payload);
    try {
      if (reply.procedure !== number) throw protocolError(`a reply of procedure ${reply.procedure} to ${name} (${number})`);
      if (reply.status === frameStatus.error) {
        const error = new LibvirtError(name, readError(reader));
        reader.end();
        this.reject(error);
      } else if (reply.status === frameStatus.ok) {
        const result = this.#procedure.decode(reader);
        reader.end();
        this.#settled.abort();
        this.#resolve(result);
      } else {
        throw protocolError(`a reply with status ${reply.status}`);
      }
    } catch (error) {
      const fault = error instanceof XdrError ? protocolError(`the reply to ${name} cannot be read (${error.message})`, error) : error;
      this.reject(fault);
      throw fault;
    }
  }

  reject(error: unknown): void {
    this.#settled.abort();
    this.#reject(error);
  }

  #watch(clock: Clock, { signal, timeoutMs }: CallOptions, giveUp: (error: unknown) => void): void {
    signal?.addEventListener('abort', () => giveUp(signal.reason), { once: true, signal: this.#settled.signal });
    if (timeoutMs === undefined) return;
    const timer = clock.after(timeoutMs, () => {
      giveUp(new LibvirtConnectionError('TIMEOUT', `${this.#procedure.name} got no answer within ${timeoutMs} ms; libvirt may still carry it out, so look at the state before trying again`));
    });
    this.#settled.signal.addEventListener('abort', timer.cancel, { once: true });
  }
}

function encodeArguments<Args>(procedure: Procedure<Args, unknown>, args: Args): Buffer {
  const writer = new XdrWriter();
  try {
    procedure.encode(writer, args);
  } catch (error) {
    if (!(error instanceof XdrError)) throw error;
    throw new LibvirtConnectionError('INVALID_ARGUMENT', `${procedure.name} was not sent: ${error.message}`, { cause: error });
  }
  return writer.bytes();
}
