// What a domain takes of its host, read from its XML by other code than the product's.
import { XMLParser } from 'fast-xml-parser';
import type { DomainClaims } from './chaos-events.ts';
import { cpusIn } from './live-process.ts';

const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '', parseAttributeValue: false, isArray: (name) => ['vcpupin', 'iothreadpin', 'memnode', 'cell', 'hostdev', 'disk'].includes(name) });

type Attributes = Readonly<Record<string, string>>;

interface Domain {
  readonly cputune?: { readonly vcpupin?: readonly Attributes[]; readonly iothreadpin?: readonly Attributes[]; readonly emulatorpin?: Attributes };
  readonly memoryBacking?: { readonly hugepages?: object };
  readonly cpu?: { readonly numa?: { readonly cell?: readonly Attributes[] } };
  readonly numatune?: { readonly memnode?: readonly Attributes[] };
  readonly devices?: {
    readonly hostdev?: readonly { readonly source: { readonly address: Attributes } }[];
    readonly disk?: readonly { readonly readonly?: unknown; readonly source?: Attributes }[];
  };
}

const mib: Readonly<Record<string, number>> = { KiB: 1 / 1024, MiB: 1, GiB: 1024 };

/** @param dedicated CPUs of the host that are nobody's but one guest's. */
export function claimsOf(xml: string, dedicated: readonly number[]): DomainClaims {
  const { cputune, memoryBacking, cpu, numatune, devices } = (parser.parse(xml) as { readonly domain: Domain }).domain;
  const pinned = [...cputune?.vcpupin ?? [], ...cputune?.iothreadpin ?? [], ...cputune?.emulatorpin === undefined ? [] : [cputune.emulatorpin]].flatMap(({ cpuset = '' }) => cpusIn(cpuset));
  const pages = new Map<number, number>();
  for (const { id, memory, unit = 'KiB' } of memoryBacking?.hugepages === undefined ? [] : cpu?.numa?.cell ?? []) {
    const node = Number(numatune?.memnode?.find(({ cellid }) => cellid === id)?.['nodeset']);
    pages.set(node, (pages.get(node) ?? 0) + (Number(memory) * mib[unit]!) / 2);
  }
  return {
    cpus: [...new Set(pinned)].filter((number) => dedicated.includes(number)),
    pages,
    devices: (devices?.hostdev ?? []).map(({ source: { address } }) => addressOf(address)),
    writableDisks: (devices?.disk ?? []).flatMap((disk) => ('readonly' in disk ? [] : disk.source?.['file'] ?? [])),
  };
}

/** `0000:3b:00.0`, as the API writes it. */
function addressOf({ domain = '', bus = '', slot = '', function: number = '' }: Attributes): string {
  const hex = (value: string, digits: number) => Number(value).toString(16).padStart(digits, '0');
  return `${hex(domain, 4)}:${hex(bus, 2)}:${hex(slot, 2)}.${hex(number, 1)}`;
}
