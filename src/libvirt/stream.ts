// A stream of bytes that a call has opened: both ways, beside other calls on the same connection (virnetprotocol.x, "VIR_NET_STREAM").
import { readError } from './codecs.ts';
import { LibvirtError } from './errors.ts';
import type { LibvirtConnectionError } from './errors.ts';
import { encodeFrame, frameStatus, frameTypes, programs, protocolError } from './frame.ts';
import type { Frame } from './frame.ts';
import { XdrReader } from './xdr.ts';

/** VIR_NET_MESSAGE_LEGACY_PAYLOAD_MAX: what every libvirt takes in one packet. */
const maxPacketBytes = 262_120;

export interface LibvirtStream {
  /** Sends bytes to the other side. After the end they are dropped. */
  send(bytes: Uint8Array): void;
  /** Says that nothing more comes from here; {@link ended} resolves when libvirt has said the same. */
  finish(): void;
  /** Resolves at the end; rejects with LibvirtError where libvirt ends it for a reason, with LibvirtConnectionError where the connection ends. */
  readonly ended: Promise<void>;
}

export interface StreamCall {
  readonly serial: number;
  readonly procedure: number;
  /** libvirt's name of the call, for messages. */
  readonly name: string;
  readonly write: (message: Buffer) => void;
  /** Called with what comes, in order. */
  readonly received: (bytes: Buffer) => void;
}

/** The {@link Connection}'s side of a stream. */
export class OpenStream implements LibvirtStream {
  readonly ended: Promise<void>;
  readonly #call: StreamCall;
  readonly #resolve: () => void;
  readonly #reject: (reason: LibvirtError | LibvirtConnectionError) => void;
  #finishing = false;
  #isOver = false;

  constructor(call: StreamCall) {
    this.#call = call;
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.ended = promise;
    this.#resolve = () => resolve(undefined);
    this.#reject = reject;
    // Whoever is not interested in how it ends must not end the process.
    promise.catch(() => undefined);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  send(bytes: Uint8Array): void {
    if (this.#finishing || this.#isOver) return;
    for (let start = 0; start < bytes.length; start += maxPacketBytes) this.#write(frameStatus.continue, bytes.subarray(start, start + maxPacketBytes));
  }

  finish(): void {
    if (this.#finishing || this.#isOver) return;
    this.#finishing = true;
    this.#write(frameStatus.ok, Buffer.alloc(0));
  }

  /** Takes a packet. @throws LibvirtConnectionError PROTOCOL, XdrError. */
  receive(frame: Frame): void {
    if (frame.procedure !== this.#call.procedure) throw protocolError(`a stream packet of procedure ${frame.procedure} in that of ${this.#call.name}`);
    switch (frame.status) {
      case frameStatus.continue:
        // An empty packet is the other side's end of data: what remains is to say goodbye.
        if (frame.payload.length === 0) this.finish();
        else if (!this.#finishing) this.#call.received(frame.payload);
        return;
      case frameStatus.ok:
        this.#isOver = true;
        this.#resolve();
        return;
      case frameStatus.error: {
        const reader = new XdrReader(frame.payload);
        this.fail(new LibvirtError(this.#call.name, readError(reader)));
        return;
      }
      default:
        throw protocolError(`a stream packet with status ${frame.status}`);
    }
  }

  fail(reason: LibvirtError | LibvirtConnectionError): void {
    this.#isOver = true;
    this.#reject(reason);
  }

  #write(status: number, payload: Uint8Array): void {
    const { serial, procedure } = this.#call;
    this.#call.write(encodeFrame({ program: programs.remote, procedure, type: frameTypes.stream, serial, status, payload: Buffer.from(payload) }));
  }
}
