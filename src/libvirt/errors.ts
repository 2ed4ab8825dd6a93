// The two ways a libvirt call fails: libvirt says no (LibvirtError), or there is no talking to it (LibvirtConnectionError).
import type { DomainRef } from './domain-types.ts';

/** virErrorNumber, those that hypervisor calls give; the numbers are libvirt's stable ABI (libvirt/virterror.h). */
const errorNames = {
  1: 'INTERNAL_ERROR',
  2: 'NO_MEMORY',
  3: 'NO_SUPPORT',
  5: 'NO_CONNECT',
  6: 'INVALID_CONN',
  7: 'INVALID_DOMAIN',
  8: 'INVALID_ARG',
  9: 'OPERATION_FAILED',
  16: 'OS_TYPE',
  18: 'NO_ROOT',
  19: 'NO_SOURCE',
  20: 'NO_TARGET',
  21: 'NO_NAME',
  22: 'NO_OS',
  23: 'NO_DEVICE',
  26: 'CALL_FAILED',
  27: 'XML_ERROR',
  28: 'DOM_EXIST',
  29: 'OPERATION_DENIED',
  30: 'OPEN_FAILED',
  31: 'READ_FAILED',
  34: 'WRITE_FAILED',
  35: 'XML_DETAIL',
  38: 'SYSTEM_ERROR',
  39: 'RPC',
  42: 'NO_DOMAIN',
  43: 'NO_NETWORK',
  44: 'INVALID_MAC',
  45: 'AUTH_FAILED',
  53: 'NO_NODE_DEVICE',
  54: 'NO_SECURITY_MODEL',
  55: 'OPERATION_INVALID',
  67: 'CONFIG_UNSUPPORTED',
  68: 'OPERATION_TIMEOUT',
  70: 'HOOK_SCRIPT_FAILED',
  74: 'ARGUMENT_UNSUPPORTED',
  78: 'OPERATION_ABORTED',
  80: 'NO_DOMAIN_METADATA',
  82: 'OVERFLOW',
  84: 'OPERATION_UNSUPPORTED',
  86: 'AGENT_UNRESPONSIVE',
  87: 'RESOURCE_BUSY',
  88: 'ACCESS_DENIED',
  91: 'CPU_INCOMPATIBLE',
  92: 'XML_INVALID_SCHEMA',
  94: 'AUTH_UNAVAILABLE',
  99: 'DEVICE_MISSING',
  110: 'MULTIPLE_DOMAINS',
} as const;

/** virErrorDomain, the part of libvirt that an error comes from; those met on a QEMU host. */
const domainNames = {
  0: 'NONE',
  5: 'XML',
  6: 'DOM',
  7: 'RPC',
  9: 'CONF',
  10: 'QEMU',
  11: 'NET',
  12: 'TEST',
  13: 'REMOTE',
  18: 'STORAGE',
  19: 'NETWORK',
  20: 'DOMAIN',
  22: 'NODEDEV',
  24: 'SECURITY',
  31: 'CPU',
  34: 'HOOK',
  37: 'SYSINFO',
  38: 'STREAMS',
  40: 'EVENT',
  42: 'LOCKING',
  44: 'CAPABILITIES',
  45: 'URI',
  46: 'AUTH',
  49: 'DEVICE',
  51: 'LOCKSPACE',
  52: 'INITCTL',
  53: 'IDENTITY',
  54: 'CGROUP',
  55: 'ACCESS',
  56: 'SYSTEMD',
  57: 'BHYVE',
  60: 'POLKIT',
  61: 'THREAD',
  62: 'ADMIN',
  63: 'LOGGING',
  65: 'PERF',
  67: 'RESCTRL',
  70: 'TPM',
  71: 'BPF',
} as const;

type Names<T> = T[keyof T] | `UNKNOWN_${number}`;
export type LibvirtErrorCode = Names<typeof errorNames>;
export type LibvirtErrorDomain = Names<typeof domainNames>;

function nameOf<T extends Readonly<Record<number, string>>>(names: T, number: number): Names<T> {
  return (names[number] as T[keyof T] | undefined) ?? `UNKNOWN_${number}`;
}

/** What libvirt sends with a refusal (remote_error), as far as it means anything to a reader. */
export interface LibvirtErrorReply {
  readonly number: number;
  readonly domainNumber: number;
  readonly message: string;
  /** 0 none, 1 warning, 2 error. */
  readonly level: number;
  readonly domain?: DomainRef;
}

/** libvirt answered, and the answer is no. */
export class LibvirtError extends Error {
  override readonly name = 'LibvirtError';
  /** libvirt's error, by name (`NO_DOMAIN`) and by number (42). */
  readonly code: LibvirtErrorCode;
  readonly number: number;
  /** The part of libvirt it comes from, by name (`QEMU`) and by number (10). */
  readonly origin: LibvirtErrorDomain;
  readonly originNumber: number;
  readonly level: number;
  /** libvirt's own sentence; `message` adds which call failed. */
  readonly libvirtMessage: string;
  /** The call that was refused. */
  readonly procedure: string;

  constructor(procedure: string, reply: LibvirtErrorReply) {
    const code = nameOf(errorNames, reply.number);
    super(`libvirt refused ${procedure}: ${reply.message} (${code})`);
    this.code = code;
    this.number = reply.number;
    this.origin = nameOf(domainNames, reply.domainNumber);
    this.originNumber = reply.domainNumber;
    this.level = reply.level;
    this.libvirtMessage = reply.message;
    this.procedure = procedure;
  }
}

export type LibvirtConnectionErrorCode =
  | 'SOCKET_MISSING'
  | 'CONNECTION_REFUSED'
  | 'PERMISSION_DENIED'
  | 'CONNECTION_FAILED'
  | 'AUTH_REQUIRED'
  | 'CONNECTION_CLOSED'
  | 'TIMEOUT'
  | 'PROTOCOL'
  | 'INVALID_ARGUMENT';

/** libvirt was not reached, stopped answering, or what answers is not libvirt. The message says what to do. */
export class LibvirtConnectionError extends Error {
  override readonly name = 'LibvirtConnectionError';
  readonly code: LibvirtConnectionErrorCode;

  constructor(code: LibvirtConnectionErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Whether an error says that the domain does not exist (any more). */
export function isNoDomain(error: unknown): boolean {
  return error instanceof LibvirtError && error.code === 'NO_DOMAIN';
}

/** Waits for a call about a domain; gives undefined where the domain turns out not to exist. Other errors pass. */
export async function ifDomainExists<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isNoDomain(error)) return undefined;
    throw error;
  }
}
