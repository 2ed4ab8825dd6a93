import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { XdrError, XdrReader, XdrWriter } from './xdr.ts';

const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0'));

/** One value of each kind, with how it is written and read back. */
const item = fc.oneof(
  fc.nat(0xffff_ffff).map((value) => ({ value: value, write: (w: XdrWriter) => w.u32(value), read: (r: XdrReader): unknown => r.u32() })),
  fc.integer().map((value) => ({ value, write: (w: XdrWriter) => w.i32(value), read: (r: XdrReader): unknown => r.i32() })),
  fc.bigInt(0n, 2n ** 64n - 1n).map((value) => ({ value, write: (w: XdrWriter) => w.u64(value), read: (r: XdrReader): unknown => r.u64() })),
  text.map((value) => ({ value, write: (w: XdrWriter) => w.string(value), read: (r: XdrReader): unknown => r.string() })),
  fc.uint8Array().map((value) => ({ value: Buffer.from(value), write: (w: XdrWriter) => w.opaque(value), read: (r: XdrReader): unknown => r.opaque() })),
  fc.uint8Array().map((value) => ({ value: Buffer.from(value), write: (w: XdrWriter) => w.fixedOpaque(value), read: (r: XdrReader): unknown => r.fixedOpaque(value.length) })),
  fc.option(text, { nil: undefined }).map((value) => ({
    value,
    write: (w: XdrWriter) => w.optional(value, (v, s) => v.string(s)),
    read: (r: XdrReader): unknown => r.optional((v) => v.string()),
  })),
  fc.array(text).map((value) => ({
    value,
    write: (w: XdrWriter) => w.array(value, (v, s) => v.string(s)),
    read: (r: XdrReader): unknown => r.array(4, (v) => v.string()),
  })),
);

describe('XDR', () => {
  it('reads back what it wrote, and nothing is left', () => {
    fc.assert(fc.property(fc.array(item), (items) => {
      const writer = new XdrWriter();
      for (const { write } of items) write(writer);
      const reader = new XdrReader(writer.bytes());
      expect(items.map(({ read }) => read(reader))).toEqual(items.map(({ value }) => value));
      reader.end();
      expect(writer.bytes().length % 4).toBe(0);
    }));
  });

  it('refuses every cut of a message instead of making something up', () => {
    fc.assert(fc.property(fc.array(item, { minLength: 1 }), fc.nat(), (items, cut) => {
      const writer = new XdrWriter();
      for (const { write } of items) write(writer);
      const bytes = writer.bytes();
      fc.pre(bytes.length > 0);
      const reader = new XdrReader(bytes.subarray(0, cut % bytes.length));
      expect(() => items.map(({ read }) => read(reader))).toThrow(XdrError);
    }));
  });

  it.each([
    ['u32', (w: XdrWriter) => w.u32(-1), '-1 is not an unsigned 32-bit integer'],
    ['u32 fraction', (w: XdrWriter) => w.u32(1.5), '1.5 is not an unsigned 32-bit integer'],
    ['i32', (w: XdrWriter) => w.i32(2 ** 31), '2147483648 is not a signed 32-bit integer'],
    ['u64', (w: XdrWriter) => w.u64(2n ** 64n), '18446744073709551616 is not an unsigned 64-bit integer'],
    ['NUL', (w: XdrWriter) => w.string('vm\0'), 'a string with a NUL character cannot be sent to libvirt'],
    ['too long', (w: XdrWriter) => w.string('x'.repeat(4_194_305)), 'a string of 4194305 bytes is too long, libvirt takes 4194304'],
  ])('refuses to write what does not fit: %s', (_, write, message) => {
    expect(() => write(new XdrWriter())).toThrow(new XdrError(message));
  });

  it('reads signed 64-bit numbers and doubles', () => {
    const bytes = Buffer.alloc(16);
    bytes.writeBigInt64BE(-5n, 0);
    bytes.writeDoubleBE(0.5, 8);
    const reader = new XdrReader(bytes);
    expect([reader.i64(), reader.f64()]).toEqual([-5n, 0.5]);
  });

  it('believes no count that the message cannot hold', () => {
    const reader = new XdrReader(new XdrWriter().u32(0xffff_ffff).u32(0).bytes());
    expect(() => reader.array(4, (r) => r.u32())).toThrow(new XdrError('a length of 4294967295 goes past the end of the message'));
  });

  it('says when bytes are left over', () => {
    expect(() => new XdrReader(Buffer.alloc(8)).end()).toThrow(new XdrError('8 bytes are left after the last value'));
  });
});
