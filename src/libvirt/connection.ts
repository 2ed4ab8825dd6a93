// One socket to libvirt: calls out, replies and events in, and exactly one end, after which every call fails with its reason.
import { once } from 'node:events';
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { machineClock } from '../runtime/clock.ts';
import type { Clock } from '../runtime/clock.ts';
import { CallQueue } from './call-queue.ts';
import { LibvirtConnectionError } from './errors.ts';
import { encodeFrame, FrameSplitter, frameStatus, frameTypes, programs, protocolError } from './frame.ts';
import type { Frame } from './frame.ts';
import { Keepalive, keepaliveBoundMs } from './keepalive.ts';
import type { KeepaliveOptions } from './keepalive.ts';
import { PendingCall } from './pending-call.ts';
import type { AnyPendingCall, CallOptions } from './pending-call.ts';
import type { Procedure } from './procedures.ts';
import { OpenStream } from './stream.ts';
import type { LibvirtStream } from './stream.ts';
import { XdrError, XdrReader } from './xdr.ts';

export interface ConnectionOptions {
  readonly socketPath: string;
  readonly signal?: AbortSignal | undefined;
  /** Default: the machine's. */
  readonly clock?: Clock | undefined;
  /** Takes the messages that are nobody's reply: events. What it throws as an XdrError ends the connection as PROTOCOL. */
  readonly onMessage: (procedure: number, payload: XdrReader) => void;
}

/** sockaddr_un holds 108 bytes with the terminator. */
const maxSocketPathBytes = 107;
const ping = 1;
const pong = 2;

export class Connection {
  /** Resolves, never rejects, with the reason once the connection has ended. */
  readonly closed: Promise<LibvirtConnectionError>;
  readonly #socket: Socket;
  readonly #socketPath: string;
  readonly #onMessage: ConnectionOptions['onMessage'];
  readonly #splitter = new FrameSplitter();
  readonly #clock: Clock;
  readonly #queue: CallQueue<AnyPendingCall>;
  /** By the serial of the call that opened each. */
  readonly #streams = new Map<number, OpenStream>();
  readonly #resolveClosed: (reason: LibvirtConnectionError) => void;
  #keepalive: Keepalive | undefined;
  #ended: LibvirtConnectionError | undefined;
  #serial = 0;

  /** @throws {LibvirtConnectionError} saying why the socket cannot be connected to; the signal's reason when it is aborted. */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const { socketPath, signal } = options;
    const length = Buffer.byteLength(socketPath);
    if (length > maxSocketPathBytes) {
      throw new LibvirtConnectionError('INVALID_ARGUMENT', `the socket path ${socketPath} has ${length} bytes, a unix socket's has at most ${maxSocketPathBytes}`);
    }
    const socket = createConnection(socketPath);
    try {
      await once(socket, 'connect', { signal });
    } catch (error) {
      socket.destroy();
      signal?.throwIfAborted();
      throw connectError(socketPath, error);
    }
    return new Connection(socket, options);
  }

  private constructor(socket: Socket, options: ConnectionOptions) {
    const { promise, resolve } = Promise.withResolvers<LibvirtConnectionError>();
    this.closed = promise;
    this.#resolveClosed = resolve;
    this.#socket = socket;
    this.#socketPath = options.socketPath;
    this.#onMessage = options.onMessage;
    this.#clock = options.clock ?? machineClock;
    this.#queue = new CallQueue((message) => socket.write(message));
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error) => this.#end(this.#closedError(error)));
    socket.on('end', () => this.#end(this.#closedError()));
    socket.on('close', () => this.#end(this.#closedError()));
  }

  /** Calls libvirt. Rejects with LibvirtError (its refusal), LibvirtConnectionError, or the signal's reason. */
  call<Args, Result>(procedure: Procedure<Args, Result>, args: Args, options: CallOptions = {}): Promise<Result> {
    return this.#call(this.#nextSerial(), procedure, args, options);
  }

  /**
   * Calls a procedure that opens a stream. Rejects as {@link call} does.
   * @param received called with the bytes that come, from the moment that libvirt has agreed.
   */
  async openStream<Args>(procedure: Procedure<Args, undefined>, args: Args, received: (bytes: Buffer) => void, options: CallOptions = {}): Promise<LibvirtStream> {
    const serial = this.#nextSerial();
    const stream = new OpenStream({ serial, procedure: procedure.number, name: procedure.name, write: (message) => this.#socket.write(message), received });
    // Before the answer: the first packet may be in the same chunk of bytes.
    this.#streams.set(serial, stream);
    try {
      await this.#call(serial, procedure, args, options);
    } catch (error) {
      this.#streams.delete(serial);
      throw error;
    }
    return stream;
  }

  #nextSerial(): number {
    this.#serial = (this.#serial % 0xffff_ffff) + 1;
    return this.#serial;
  }

  #call<Args, Result>(serial: number, procedure: Procedure<Args, Result>, args: Args, options: CallOptions): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      if (this.#ended !== undefined) throw this.#ended;
      const call = new PendingCall(this.#clock, serial, procedure, args, options, (abandoned) => {
        this.#queue.abandon(abandoned);
        this.#endIfStuck();
      });
      call.promise.then(resolve, reject);
      this.#queue.add(call);
      this.#endIfStuck();
    });
  }

  /** Begins to ping; only after libvirt has agreed to (it closes the connection of a client that pings unasked). */
  startKeepalive(options: KeepaliveOptions): void {
    if (this.#ended !== undefined) return;
    this.#keepalive = new Keepalive(this.#clock, options, () => this.#sendKeepalive(ping), () => {
      this.#end(new LibvirtConnectionError('TIMEOUT', `libvirt at ${this.#socketPath} has answered nothing for ${keepaliveBoundMs(options)} ms: it hangs; see its log, and restart it (running domains survive that)`));
    });
  }

  /** Ends the connection; calls that still wait reject with CONNECTION_CLOSED. May be called twice. */
  close(): void {
    this.#end(new LibvirtConnectionError('CONNECTION_CLOSED', `the connection to ${this.#socketPath} was closed on our side`));
  }

  #receive(chunk: Buffer): void {
    this.#keepalive?.heard();
    try {
      for (const frame of this.#splitter.push(chunk)) this.#dispatch(frame);
    } catch (error) {
      if (error instanceof LibvirtConnectionError) this.#end(error);
      else if (error instanceof XdrError) this.#end(protocolError(`a message cannot be read (${error.message})`, error));
      else throw error;
    }
  }

  #dispatch(frame: Frame): void {
    if (frame.program === programs.keepalive) {
      if (frame.procedure === ping) this.#sendKeepalive(pong);
      else if (frame.procedure !== pong) throw protocolError(`keepalive procedure ${frame.procedure}`);
    } else if (frame.program !== programs.remote) {
      throw protocolError(`program 0x${frame.program.toString(16)}`);
    } else if (frame.type === frameTypes.message) {
      this.#onMessage(frame.procedure, new XdrReader(frame.payload));
    } else if (frame.type === frameTypes.reply) {
      const call = this.#queue.take(frame.serial);
      if (call === undefined) throw protocolError(`a reply to call ${frame.serial}, which is not under way`);
      call.receive(frame);
    } else if (frame.type === frameTypes.stream) {
      const stream = this.#streams.get(frame.serial);
      if (stream === undefined) throw protocolError(`a packet of stream ${frame.serial}, which is not open`);
      stream.receive(frame);
      if (stream.isOver) this.#streams.delete(frame.serial);
    } else {
      throw protocolError(`a message of type ${frame.type}`);
    }
  }

  #sendKeepalive(procedure: number): void {
    this.#socket.write(encodeFrame({ program: programs.keepalive, procedure, type: frameTypes.message, serial: 0, status: frameStatus.ok, payload: Buffer.alloc(0) }));
  }

  #endIfStuck(): void {
    if (this.#queue.stuck) {
      this.#end(new LibvirtConnectionError('TIMEOUT', `every call under way at ${this.#socketPath} has outlasted its caller's patience: what they wait for in libvirt hangs; a new connection is needed`));
    }
  }

  #closedError(cause?: Error): LibvirtConnectionError {
    return new LibvirtConnectionError('CONNECTION_CLOSED', `libvirt closed the connection at ${this.#socketPath} (it stopped, restarts, crashed, or had no answer from here in time); connect again, and list the domains anew`, { cause });
  }

  #end(reason: LibvirtConnectionError): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#keepalive?.stop();
    this.#socket.destroy();
    for (const call of this.#queue.drain()) call.reject(reason);
    for (const stream of this.#streams.values()) stream.fail(reason);
    this.#streams.clear();
    this.#resolveClosed(reason);
  }
}

function connectError(socketPath: string, cause: unknown): LibvirtConnectionError {
  const errno = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  switch (errno) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new LibvirtConnectionError('SOCKET_MISSING', `there is no libvirt socket at ${socketPath}; install and start libvirt (systemctl enable --now virtqemud.socket, or libvirtd.socket), or name its socket`, { cause });
    case 'ECONNREFUSED':
      return new LibvirtConnectionError('CONNECTION_REFUSED', `nothing listens at ${socketPath}: libvirt is not running (systemctl start virtqemud, or libvirtd)`, { cause });
    case 'EACCES':
    case 'EPERM':
      return new LibvirtConnectionError('PERMISSION_DENIED', `no permission to connect to ${socketPath}: run as root, or see unix_sock_group and unix_sock_rw_perms in libvirt's configuration`, { cause });
    default:
      return new LibvirtConnectionError('CONNECTION_FAILED', `cannot connect to ${socketPath}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
