// The structures that several of libvirt's calls share (remote_protocol.x): a domain, an error, typed parameters.
import type { DomainRef, DomainStats, ParamValue } from './domain-types.ts';
import type { LibvirtErrorReply } from './errors.ts';
import { XdrError } from './xdr.ts';
import type { XdrReader, XdrWriter } from './xdr.ts';

/** The least bytes of an encoded domain: an empty name, a UUID, an id. */
export const domainMinimumBytes = 24;
const paramMinimumBytes = 12;

export function parseUuid(uuid: string): Buffer {
  const digits = uuid.replaceAll('-', '');
  if (!/^[0-9a-fA-F]{32}$/.test(digits)) throw new XdrError(`'${uuid}' is not a UUID`);
  return Buffer.from(digits, 'hex');
}

function formatUuid(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export function writeDomain(writer: XdrWriter, domain: DomainRef): void {
  writer.string(domain.name).fixedOpaque(parseUuid(domain.uuid)).i32(domain.id);
}

export function readDomain(reader: XdrReader): DomainRef {
  return { name: reader.string(), uuid: formatUuid(reader.fixedOpaque(16)), id: reader.i32() };
}

export function readError(reader: XdrReader): LibvirtErrorReply {
  const number = reader.i32();
  const domainNumber = reader.i32();
  const message = reader.optional((r) => r.string());
  const level = reader.i32();
  const domain = reader.optional(readDomain);
  for (let i = 0; i < 3; i++) reader.optional((r) => r.string()); // str1 to str3: parts of the message again
  reader.i32();
  reader.i32();
  reader.optional((r) => [r.string(), r.fixedOpaque(16)]); // a network, unused by libvirt
  return { number, domainNumber, message: message ?? 'no message', level, ...(domain && { domain }) };
}

function readParamValue(reader: XdrReader): ParamValue {
  const type = reader.i32();
  switch (type) {
    case 1: return reader.i32();
    case 2: return reader.u32();
    case 3: return reader.i64();
    case 4: return reader.u64();
    case 5: return reader.f64();
    case 6: return reader.i32() !== 0;
    case 7: return reader.string();
    default: throw new XdrError(`${type} is not a type of virTypedParameter`);
  }
}

export function readDomainStats(reader: XdrReader): DomainStats[] {
  return reader.array(domainMinimumBytes + 4, (r) => ({
    domain: readDomain(r),
    params: new Map(r.array(paramMinimumBytes, (p) => [p.string(), readParamValue(p)] as const)),
  }));
}
