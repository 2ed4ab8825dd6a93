// XDR (RFC 4506), the encoding of everything libvirt sends: big-endian, each item padded to four bytes.

/** libvirt's REMOTE_STRING_MAX: it drops the connection of a client that sends a longer string. */
const maxStringBytes = 4_194_304;

/** Something that cannot be encoded (our argument is at fault) or decoded (the sender is). */
export class XdrError extends Error {
  readonly code = 'XDR';
  override readonly name = 'XdrError';
}

/** Appends values to a growing buffer. Throws {@link XdrError} for a value that does not fit its type. */
export class XdrWriter {
  #buffer = Buffer.allocUnsafe(256);
  #length = 0;

  u32(value: number): this {
    if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) throw new XdrError(`${value} is not an unsigned 32-bit integer`);
    this.#length = this.#reserve(4).writeUInt32BE(value, this.#length);
    return this;
  }

  i32(value: number): this {
    if (!Number.isInteger(value) || value < -0x8000_0000 || value > 0x7fff_ffff) throw new XdrError(`${value} is not a signed 32-bit integer`);
    this.#length = this.#reserve(4).writeInt32BE(value, this.#length);
    return this;
  }

  u64(value: bigint): this {
    if (BigInt.asUintN(64, value) !== value) throw new XdrError(`${value.toString()} is not an unsigned 64-bit integer`);
    this.#length = this.#reserve(8).writeBigUInt64BE(value, this.#length);
    return this;
  }

  /** Bytes whose number both sides know. */
  fixedOpaque(bytes: Uint8Array): this {
    const padded = (bytes.length + 3) & ~3;
    const buffer = this.#reserve(padded);
    buffer.set(bytes, this.#length);
    buffer.fill(0, this.#length + bytes.length, this.#length + padded);
    this.#length += padded;
    return this;
  }

  opaque(bytes: Uint8Array): this {
    return this.u32(bytes.length).fixedOpaque(bytes);
  }

  /** A string that C will read: a NUL in it would silently cut it short there, so it is refused. */
  string(value: string): this {
    const bytes = Buffer.from(value, 'utf8');
    if (bytes.length > maxStringBytes) throw new XdrError(`a string of ${bytes.length} bytes is too long, libvirt takes ${maxStringBytes}`);
    if (bytes.includes(0)) throw new XdrError('a string with a NUL character cannot be sent to libvirt');
    return this.opaque(bytes);
  }

  optional<T>(value: T | undefined, write: (writer: this, value: T) => void): this {
    if (value === undefined) return this.u32(0);
    write(this.u32(1), value);
    return this;
  }

  array<T>(values: readonly T[], write: (writer: this, value: T) => void): this {
    this.u32(values.length);
    for (const value of values) write(this, value);
    return this;
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #reserve(bytes: number): Buffer {
    if (this.#length + bytes > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + bytes));
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    return this.#buffer;
  }
}

/** Reads values in order. Throws {@link XdrError} when the bytes do not hold what is asked for; never reads or allocates past them. */
export class XdrReader {
  readonly #buffer: Buffer;
  #position = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  u32(): number {
    return this.#buffer.readUInt32BE(this.#take(4));
  }

  i32(): number {
    return this.#buffer.readInt32BE(this.#take(4));
  }

  u64(): bigint {
    return this.#buffer.readBigUInt64BE(this.#take(8));
  }

  i64(): bigint {
    return this.#buffer.readBigInt64BE(this.#take(8));
  }

  f64(): number {
    return this.#buffer.readDoubleBE(this.#take(8));
  }

  fixedOpaque(length: number): Buffer {
    const start = this.#take((length + 3) & ~3);
    return this.#buffer.subarray(start, start + length);
  }

  opaque(): Buffer {
    return this.fixedOpaque(this.#count(1));
  }

  string(): string {
    return this.opaque().toString('utf8');
  }

  optional<T>(read: (reader: this) => T): T | undefined {
    return this.u32() === 0 ? undefined : read(this);
  }

  /** @param minimumBytes the least that one element takes, so that a made-up count is refused before anything is built. */
  array<T>(minimumBytes: number, read: (reader: this) => T): T[] {
    return Array.from({ length: this.#count(minimumBytes) }, () => read(this));
  }

  /** Asserts that everything was read: bytes left over mean that both sides disagree on the shape. */
  end(): void {
    const left = this.#buffer.length - this.#position;
    if (left !== 0) throw new XdrError(`${left} bytes are left after the last value`);
  }

  #count(elementBytes: number): number {
    const count = this.u32();
    if (count * elementBytes > this.#buffer.length - this.#position) throw new XdrError(`a length of ${count} goes past the end of the message`);
    return count;
  }

  #take(bytes: number): number {
    const start = this.#position;
    if (start + bytes > this.#buffer.length) throw new XdrError(`${bytes} bytes are missing at offset ${start}`);
    this.#position += bytes;
    return start;
  }
}
