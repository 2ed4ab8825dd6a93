import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LibvirtConnectionError } from './errors.ts';
import { encodeFrame, FrameSplitter, maxFrameBytes } from './frame.ts';
import type { Frame } from './frame.ts';

const word = fc.nat(0xffff_ffff);
const frame: fc.Arbitrary<Frame> = fc.record({
  program: word,
  procedure: word,
  type: word,
  serial: word,
  status: word,
  payload: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
});

function* chop(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  let start = 0;
  for (let i = 0; start < bytes.length; i++) {
    const size = sizes[i % sizes.length]!;
    yield bytes.subarray(start, start + size);
    start += size;
  }
}

describe('FrameSplitter', () => {
  it('gives the frames that were sent, however the stream is chopped', () => {
    fc.assert(fc.property(fc.array(frame), fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }), (frames, sizes) => {
      const splitter = new FrameSplitter();
      const seen: Frame[] = [];
      for (const chunk of chop(Buffer.concat(frames.map(encodeFrame)), sizes)) seen.push(...splitter.push(chunk));
      expect(seen).toEqual(frames);
    }));
  });

  it('makes frames or a PROTOCOL error of garbage, and nothing else', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 100 })), (chunks) => {
      const splitter = new FrameSplitter();
      try {
        for (const chunk of chunks) splitter.push(Buffer.from(chunk));
      } catch (error) {
        expect(error).toBeInstanceOf(LibvirtConnectionError);
        expect(error).toHaveProperty('code', 'PROTOCOL');
      }
    }));
  });

  it.each([0, 4, 27, maxFrameBytes + 1, 0xffff_ffff])('refuses the length %i as soon as it is read', (length) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(length);
    expect(() => new FrameSplitter().push(bytes)).toThrow(`a message length of ${length} (28 to 33554436 are possible)`);
  });

  it('waits for the longest possible message without a complaint', () => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(maxFrameBytes);
    expect(new FrameSplitter().push(bytes)).toEqual([]);
  });

  it('refuses another version of the protocol', () => {
    const bytes = encodeFrame({ program: 1, procedure: 1, type: 1, serial: 1, status: 0, payload: Buffer.alloc(0) });
    bytes.writeUInt32BE(2, 8);
    expect(() => new FrameSplitter().push(bytes)).toThrow('protocol version 2, expected 1');
  });
});

describe('encodeFrame', () => {
  it('refuses what libvirt would not read', () => {
    const payload = Buffer.alloc(maxFrameBytes);
    expect(() => encodeFrame({ program: 1, procedure: 1, type: 0, serial: 1, status: 0, payload })).toThrow('is too long, libvirt takes 33554436');
  });
});
