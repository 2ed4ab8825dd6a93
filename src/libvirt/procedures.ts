// The calls of libvirt's remote protocol that we use: number, arguments and result of each (remote_protocol.x).
import { domainMinimumBytes, parseUuid, readDomain, readDomainStats, writeDomain } from './codecs.ts';
import { decodeCpuMap } from './cpu-map.ts';
import { domainState, lifecycleChange } from './domain-types.ts';
import type { DomainInfo, DomainRef, LifecycleEvent, NodeInfo } from './domain-types.ts';
import { XdrError } from './xdr.ts';
import type { XdrReader, XdrWriter } from './xdr.ts';

export interface Procedure<Args, Result> {
  readonly number: number;
  /** For messages to people; libvirt's name of the call. */
  readonly name: string;
  readonly encode: (writer: XdrWriter, args: Args) => void;
  readonly decode: (reader: XdrReader) => Result;
}

interface DomainFlags {
  readonly domain: DomainRef;
  readonly flags: number;
}

function procedure<Args, Result>(
  number: number,
  name: string,
  encode: (writer: XdrWriter, args: Args) => void,
  decode: (reader: XdrReader) => Result,
): Procedure<Args, Result> {
  return { number, name, encode, decode };
}

const nothing = (): undefined => undefined;
const string = (reader: XdrReader): string => reader.string();
const u64 = (reader: XdrReader): bigint => reader.u64();
const flag = (reader: XdrReader): boolean => reader.i32() !== 0;
const writeString = (writer: XdrWriter, value: string): void => void writer.string(value);
const writeFlags = (writer: XdrWriter, { domain, flags }: DomainFlags): void => {
  writeDomain(writer, domain);
  writer.u32(flags);
};

/** The answer to a number of vCPUs: one pCPU map each, all of the asked length. */
const cpuMapBytes = 1024; // 8192 pCPUs, the largest NR_CPUS that Linux is built with on x86

function readCpuMaps(reader: XdrReader): number[][] {
  const maps = reader.opaque();
  const count = reader.i32();
  if (count < 0 || count * cpuMapBytes > maps.length) throw new XdrError(`${count} CPU maps in ${maps.length} bytes`);
  return Array.from({ length: count }, (_, index) => decodeCpuMap(maps.subarray(index * cpuMapBytes, (index + 1) * cpuMapBytes)));
}

/** `char model[32]`: XDR gives each char four bytes. */
function readCharArray(reader: XdrReader, length: number): string {
  const bytes = Buffer.from(Array.from({ length }, () => reader.i32() & 0xff));
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end === -1 ? length : end);
}

function readDomainInfo(reader: XdrReader): DomainInfo {
  return {
    state: domainState(reader.u32(), 0).state,
    maxMemoryKiB: reader.u64(),
    memoryKiB: reader.u64(),
    vcpus: reader.u32(),
    cpuTimeNs: reader.u64(),
  };
}

function readNodeInfo(reader: XdrReader): NodeInfo {
  return {
    model: readCharArray(reader, 32),
    memoryKiB: reader.u64(),
    cpus: reader.i32(),
    mhz: reader.i32(),
    numaNodes: reader.i32(),
    socketsPerNode: reader.i32(),
    coresPerSocket: reader.i32(),
    threadsPerCore: reader.i32(),
  };
}

export const authTypes = { none: 0, sasl: 1, polkit: 2 } as const;

export interface DomainCapabilitiesArgs {
  readonly emulator?: string | undefined;
  readonly arch?: string | undefined;
  readonly machine?: string | undefined;
  readonly virtType?: string | undefined;
}

interface CpuMapArgs extends DomainFlags {
  readonly map: Uint8Array;
}

const optionalString = (writer: XdrWriter, value: string | undefined): void => void writer.optional(value, writeString);

export const procedures = {
  connectOpen: procedure(1, 'connectOpen', (w, uri: string) => void w.optional(uri, writeString).u32(0), nothing),
  connectGetType: procedure(3, 'connectGetType', nothing, string),
  connectGetVersion: procedure(4, 'connectGetVersion', nothing, u64),
  nodeGetInfo: procedure(6, 'nodeGetInfo', nothing, readNodeInfo),
  connectGetCapabilities: procedure(7, 'connectGetCapabilities', nothing, string),
  domainCreateXml: procedure(10, 'domainCreateXML', (w, args: { readonly xml: string; readonly flags: number }) => {
    w.string(args.xml).u32(args.flags);
  }, readDomain),
  domainGetXmlDesc: procedure(14, 'domainGetXMLDesc', writeFlags, string),
  domainGetAutostart: procedure(15, 'domainGetAutostart', writeDomain, flag),
  domainGetInfo: procedure(16, 'domainGetInfo', writeDomain, readDomainInfo),
  domainLookupByName: procedure(23, 'domainLookupByName', writeString, readDomain),
  domainLookupByUuid: procedure(24, 'domainLookupByUUID', (w, uuid: string) => void w.fixedOpaque(parseUuid(uuid)), readDomain),
  domainResume: procedure(28, 'domainResume', writeDomain, nothing),
  domainSetAutostart: procedure(29, 'domainSetAutostart', (w, args: { readonly domain: DomainRef; readonly autostart: boolean }) => {
    writeDomain(w, args.domain);
    w.i32(args.autostart ? 1 : 0);
  }, nothing),
  domainSuspend: procedure(34, 'domainSuspend', writeDomain, nothing),
  supportsFeature: procedure(60, 'connectSupportsFeature', (w, feature: number) => void w.i32(feature), flag),
  authList: procedure(66, 'authList', nothing, (r) => r.array(4, (type) => type.i32())),
  connectGetLibVersion: procedure(157, 'connectGetLibVersion', nothing, u64),
  domainCreateWithFlags: procedure(196, 'domainCreateWithFlags', writeFlags, readDomain),
  domainOpenConsole: procedure(201, 'domainOpenConsole', (w, args: DomainFlags) => {
    writeDomain(w, args.domain);
    w.optional(undefined, writeString).u32(args.flags); // no device: the first console
  }, nothing),
  domainGetState: procedure(212, 'domainGetState', writeFlags, (r) => domainState(r.i32(), r.i32())),
  domainPinVcpuFlags: procedure(225, 'domainPinVcpuFlags', (w, args: CpuMapArgs & { readonly vcpu: number }) => {
    writeDomain(w, args.domain);
    w.u32(args.vcpu).opaque(args.map).u32(args.flags);
  }, nothing),
  domainGetVcpuPinInfo: procedure(230, 'domainGetVcpuPinInfo', (w, args: DomainFlags & { readonly vcpus: number }) => {
    writeDomain(w, args.domain);
    w.i32(args.vcpus).i32(cpuMapBytes).u32(args.flags);
  }, readCpuMaps),
  domainUndefineFlags: procedure(231, 'domainUndefineFlags', writeFlags, nothing),
  domainDestroyFlags: procedure(234, 'domainDestroyFlags', writeFlags, nothing),
  domainShutdownFlags: procedure(258, 'domainShutdownFlags', writeFlags, nothing),
  connectListAllDomains: procedure(273, 'connectListAllDomains', (w, flags: number) => void w.i32(1).u32(flags), (r) => {
    const domains = r.array(domainMinimumBytes, readDomain);
    r.u32(); // their number, once more
    return domains;
  }),
  domainPinEmulator: procedure(279, 'domainPinEmulator', (w, args: CpuMapArgs) => {
    writeDomain(w, args.domain);
    w.opaque(args.map).u32(args.flags);
  }, nothing),
  connectDomainEventCallbackRegisterAny: procedure(316, 'connectDomainEventCallbackRegisterAny', (w, event: number) => {
    w.i32(event).u32(0); // no domain: of all domains
  }, (r) => r.i32()),
  connectGetDomainCapabilities: procedure(342, 'connectGetDomainCapabilities', (w, args: DomainCapabilitiesArgs) => {
    for (const value of [args.emulator, args.arch, args.machine, args.virtType]) optionalString(w, value);
    w.u32(0);
  }, string),
  connectGetAllDomainStats: procedure(344, 'connectGetAllDomainStats', (w, args: { readonly domains: readonly DomainRef[]; readonly stats: number; readonly flags: number }) => {
    w.array(args.domains, writeDomain).u32(args.stats).u32(args.flags);
  }, readDomainStats),
  domainDefineXmlFlags: procedure(350, 'domainDefineXMLFlags', (w, args: { readonly xml: string; readonly flags: number }) => {
    w.string(args.xml).u32(args.flags);
  }, readDomain),
  domainPinIoThread: procedure(352, 'domainPinIOThread', (w, args: CpuMapArgs & { readonly ioThread: number }) => {
    writeDomain(w, args.domain);
    w.u32(args.ioThread).opaque(args.map).u32(args.flags);
  }, nothing),
} as const;

/** The message that tells of a lifecycle event, once registered for with {@link lifecycleEventId}. */
export const lifecycleMessage = 318;
/** VIR_DOMAIN_EVENT_ID_LIFECYCLE. */
export const lifecycleEventId = 0;

export function readLifecycleEvent(reader: XdrReader): LifecycleEvent {
  reader.i32(); // the callback's number: we register one
  const domain = readDomain(reader);
  return { domain, ...lifecycleChange(reader.i32(), reader.i32()) };
}
