import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDomain, readDomainStats, readError, writeDomain } from './codecs.ts';
import { procedures, readLifecycleEvent } from './procedures.ts';
import { XdrError, XdrReader, XdrWriter } from './xdr.ts';

const domain = { name: 'rt-a', uuid: '6695eb01-f6a4-8304-79aa-97f2502e193f', id: 3 };
const decoders = [...Object.values(procedures).map(({ name, decode }) => ({ name, decode: decode })),
  { name: 'error', decode: readError }, { name: 'lifecycle event', decode: readLifecycleEvent }];

describe('a domain', () => {
  it('survives the way there and back, in lower case with hyphens', () => {
    const writer = new XdrWriter();
    writeDomain(writer, { ...domain, uuid: domain.uuid.toUpperCase().replaceAll('-', '') });
    expect(readDomain(new XdrReader(writer.bytes()))).toEqual(domain);
  });

  it('is refused without a proper UUID', () => {
    expect(() => writeDomain(new XdrWriter(), { ...domain, uuid: '6695eb01; rm -rf /' })).toThrow(new XdrError("'6695eb01; rm -rf /' is not a UUID"));
  });
});

describe('statistics', () => {
  it('come with the type of each value', () => {
    const double = Buffer.alloc(8);
    double.writeDoubleBE(0.5);
    const writer = new XdrWriter().u32(1);
    writeDomain(writer, domain);
    writer.u32(7)
      .string('int').i32(1).i32(-1)
      .string('uint').i32(2).u32(0xffff_ffff)
      .string('llong').i32(3).fixedOpaque(Buffer.from('ffffffffffffffff', 'hex'))
      .string('ullong').i32(4).u64(2n ** 64n - 1n)
      .string('double').i32(5).fixedOpaque(double)
      .string('boolean').i32(6).i32(1)
      .string('string').i32(7).string('s');
    expect(readDomainStats(new XdrReader(writer.bytes()))).toEqual([{
      domain,
      params: new Map<string, unknown>([['int', -1], ['uint', 0xffff_ffff], ['llong', -1n], ['ullong', 2n ** 64n - 1n], ['double', 0.5], ['boolean', true], ['string', 's']]),
    }]);
  });

  it('of an unknown type are refused, since their length is not known', () => {
    const writer = new XdrWriter().u32(1);
    writeDomain(writer, domain);
    writer.u32(1).string('new').i32(8).i32(0);
    expect(() => readDomainStats(new XdrReader(writer.bytes()))).toThrow(new XdrError('8 is not a type of virTypedParameter'));
  });
});

describe.each(decoders)('the reader of $name', ({ decode }) => {
  it('makes a value or an XdrError of garbage, and nothing else', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      try {
        decode(new XdrReader(Buffer.from(bytes)));
      } catch (error) {
        expect(error).toBeInstanceOf(XdrError);
      }
    }));
  });
});
