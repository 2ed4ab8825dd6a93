// The envelope of libvirt's remote protocol: a length, a header of six numbers, a payload (virnetprotocol.x).
import { LibvirtConnectionError } from './errors.ts';

export const programs = { remote: 0x2000_8086, keepalive: 0x6b65_6570 } as const;

/** virNetMessageType, those without file descriptors, which we never ask for. */
export const frameTypes = { call: 0, reply: 1, message: 2, stream: 3 } as const;
/** virNetMessageStatus; `continue` is of streams alone. */
export const frameStatus = { ok: 0, error: 1, continue: 2 } as const;

const protocolVersion = 1;
const lengthBytes = 4;
const headerBytes = 24;
/** VIR_NET_MESSAGE_MAX plus the length field, which it does not count. Nothing legitimate is longer, in either direction. */
export const maxFrameBytes = 33_554_432 + lengthBytes;

export interface Frame {
  readonly program: number;
  readonly procedure: number;
  readonly type: number;
  readonly serial: number;
  readonly status: number;
  readonly payload: Buffer;
}

export function encodeFrame(frame: Frame): Buffer {
  const length = lengthBytes + headerBytes + frame.payload.length;
  if (length > maxFrameBytes) throw new LibvirtConnectionError('INVALID_ARGUMENT', `a message of ${length} bytes is too long, libvirt takes ${maxFrameBytes}`);
  const buffer = Buffer.allocUnsafe(length);
  const words = [length, frame.program, protocolVersion, frame.procedure, frame.type, frame.serial, frame.status];
  words.forEach((word, index) => buffer.writeUInt32BE(word, index * 4));
  buffer.set(frame.payload, lengthBytes + headerBytes);
  return buffer;
}

function decodeFrame(bytes: Buffer): Frame {
  const word = (index: number): number => bytes.readUInt32BE(index * 4);
  if (word(2) !== protocolVersion) throw protocolError(`protocol version ${word(2)}, expected ${protocolVersion}`);
  return {
    program: word(1),
    procedure: word(3),
    type: word(4),
    serial: word(5),
    status: word(6),
    payload: bytes.subarray(lengthBytes + headerBytes),
  };
}

/** The peer does not speak libvirt's protocol as we know it; the connection cannot go on. */
export function protocolError(what: string, cause?: unknown): LibvirtConnectionError {
  return new LibvirtConnectionError('PROTOCOL', `the peer does not speak libvirt's remote protocol: ${what}; check that the socket is libvirtd's or virtqemud's`, { cause });
}

/** Cuts a byte stream into frames, however it is chopped. Keeps only what has arrived: a length is believed when its bytes came. */
export class FrameSplitter {
  #chunks: Buffer[] = [];
  #held = 0;
  #wanted = lengthBytes;

  /** @throws {LibvirtConnectionError} PROTOCOL for a length or version that no libvirt sends; the splitter is of no use after that. */
  push(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    while (this.#held >= this.#wanted) {
      const bytes = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
      const length = bytes.readUInt32BE(0);
      if (length < lengthBytes + headerBytes || length > maxFrameBytes) {
        throw protocolError(`a message length of ${length} (${lengthBytes + headerBytes} to ${maxFrameBytes} are possible)`);
      }
      if (bytes.length < length) {
        this.#chunks = [bytes];
        this.#wanted = length;
        break;
      }
      frames.push(decodeFrame(bytes.subarray(0, length)));
      const rest = bytes.subarray(length);
      this.#chunks = [rest];
      this.#held = rest.length;
      this.#wanted = lengthBytes;
    }
    return frames;
  }
}
