/** The recorded cases, and the same questions put to us. */
import { readFileSync } from 'node:fs';
import { CpuSet } from '../../src/realtime/cpu-set.ts';
import type { Guest } from '../../src/realtime/guest.ts';
import type { HostHugepages, HostInventory } from '../../src/realtime/host.ts';
import { defaultMaxPriority, defaultVcpusPerSharedCpu } from '../../src/realtime/host.ts';
import type { VcpuId } from '../../src/realtime/ids.ts';
import { numaNodeId, vmUid } from '../../src/realtime/ids.ts';
import { Cluster } from '../../src/realtime/place/cluster.ts';
import { claimedCpus } from '../../src/realtime/place/sample-hosts.ts';
import type { HeldPlacement } from '../../src/realtime/placement.ts';
import { imageKey } from '../../src/realtime/resolve/lookup.ts';
import { resolveGuest } from '../../src/realtime/resolve/resolve-guest.ts';
import type { CpuPolicy, CpuSpec, EmulatorThreads, ImageSpec, PageSize, ShapeSpec, ThreadPolicy, VmSpec } from '../../src/realtime/spec.ts';

/** Total, used and reserved. */
type Pages = readonly [total: number, used: number, reserved: number];

export interface NovaNode {
  readonly cpus: string;
  readonly smallGiB: readonly [total: number, used: number];
  readonly '2Mi'?: Pages;
  readonly '1Gi'?: Pages;
}

export interface NovaCase {
  readonly host: {
    readonly cores: readonly string[];
    readonly nodes: readonly NovaNode[];
    /** Nova configured with one CPU set for both: the only way in which it honours `isolate` on SMT hosts. */
    readonly legacy?: true;
    readonly shared?: string;
    readonly taken?: string;
  };
  readonly request: {
    readonly vcpus: number;
    readonly policy: 'dedicated' | 'mixed' | 'shared' | null;
    readonly thread?: 'prefer' | 'require' | 'isolate';
    readonly emulator?: 'isolate' | 'share';
    readonly realtime?: true;
    readonly mask?: string;
    readonly imageMask?: string;
    readonly dedicatedMask?: string;
    readonly page?: 'small' | 'large' | 'any' | '2MB' | '1GB';
    readonly memoryMiB: number;
    readonly nodes?: number;
    readonly cellCpus?: readonly string[];
    readonly cellMiB?: readonly number[];
  };
  readonly verdict: Verdict;
}

export type Verdict =
  | { readonly error: string }
  /** No NUMA placement: a plain guest that floats. */
  | { readonly realtime: string; readonly cells: 0 }
  /** Isolated emulator CPUs as host node and number. */
  | { readonly realtime: string; readonly fits: boolean; readonly emulator?: readonly (readonly [node: number, cpus: number])[] };

export function recordedCases(): NovaCase[] {
  const lines = readFileSync(new URL('verdicts.jsonl', import.meta.url), 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as NovaCase);
}

export interface Answer {
  /** `error` holds our problem codes. */
  readonly verdict: Verdict;
  /** Absent where resolving refused. */
  readonly guest?: Guest;
}

export function ourAnswer({ host, request }: NovaCase): Answer {
  const resolved = resolveGuest(vmSpec(request), { classes: new Map(), images: imagesOf(request) });
  if (!resolved.ok) return { verdict: { error: resolved.problems.map(({ code }) => code).join(' ') } };
  const guest = resolved.value;
  const realtime = guest.cpu.realtime?.vcpus.toString() ?? '';
  if (guest.cells.length === 0) return { guest, verdict: { realtime, cells: 0 } };
  const decision = new Cluster([inventory(host)], held(host)).decide(guest);
  if (decision.kind === 'refused') return { guest, verdict: { realtime, fits: false } };
  const { emulatorCpus, cells } = decision.placement;
  return { guest, verdict: { realtime, fits: true, ...(guest.cpu.emulatorThreads === 'Isolate' ? { emulator: [[cells[0]!.hostNode, emulatorCpus.size]] as const } : {}) } };
}

/** Beyond what guests may use: less than the GiB in which small pages are counted, more than QEMU's own memory, which Nova counts elsewhere. */
const qemuMiB = 1023;

function inventory({ nodes, cores, shared = '' }: NovaCase['host']): HostInventory {
  const all = CpuSet.parse(nodes.map(({ cpus }) => cpus).join(','));
  const sharedCpus = CpuSet.parse(shared);
  return {
    name: 'host',
    labels: {},
    numaNodes: nodes.map((node, id) => ({
      id: numaNodeId(id),
      cpus: CpuSet.parse(node.cpus),
      memoryMiB: node.smallGiB[0] * 1024 + qemuMiB + (node['2Mi']?.[0] ?? 0) * 2 + (node['1Gi']?.[0] ?? 0) * 1024,
      distances: nodes.map((_, other) => (other === id ? 10 : 21)),
      hugepages: [hugepages(2048, node['2Mi']), hugepages(1_048_576, node['1Gi'])].flat(),
    })),
    cores: cores.map((core) => CpuSet.parse(core)),
    caches: [],
    dedicatedCpus: all.minus(sharedCpus),
    sharedCpus,
    vcpusPerSharedCpu: defaultVcpusPerSharedCpu,
    reservedHugepages: nodes.flatMap((node, id) => (node['2Mi'] === undefined ? [] : [{ numaNode: numaNodeId(id), sizeKiB: 2048, count: node['2Mi'][2] }])),
    unschedulable: false,
    maxPriority: defaultMaxPriority,
    networks: [],
    deviceClasses: [],
  };
}

function hugepages(sizeKiB: number, pages: Pages | undefined): HostHugepages[] {
  return pages === undefined ? [] : [{ sizeKiB, total: pages[0], free: pages[0] - pages[1] }];
}

function held({ taken = '', nodes }: NovaCase['host']): HeldPlacement[] {
  const pages = nodes.flatMap((node, id) => [
    { id, pageSizeKiB: 4, memoryMiB: node.smallGiB[1] * 1024 },
    { id, pageSizeKiB: 2048, memoryMiB: (node['2Mi']?.[1] ?? 0) * 2 },
    { id, pageSizeKiB: 1_048_576, memoryMiB: (node['1Gi']?.[1] ?? 0) * 1024 },
  ]).filter(({ memoryMiB }) => memoryMiB > 0);
  return [claimedCpus('host', taken), ...pages.map(({ id, pageSizeKiB, memoryMiB }, index): HeldPlacement => ({
    uid: `pages-${index}`,
    placement: { ...claimedCpus('host', '').placement, cells: [{ cell: 0, hostNode: numaNodeId(id), vcpus: CpuSet.empty(), memoryMiB, pageSizeKiB }] },
  }))];
}

function vmSpec(request: NovaCase['request']): VmSpec {
  return {
    identity: { namespace: 'default', name: 'vm', uid: vmUid('00000000-0000-4000-8000-000000000000') },
    generation: 1,
    inline: shape(request),
    disks: [],
    networks: [],
    hostDevices: [],
    ioThreads: 0,
    firmware: { type: 'BIOS' },
    nodeSelector: {},
    runStrategy: 'Always',
    terminationGracePeriodSeconds: 30,
    placementPriority: 0,
    image: 'image',
  };
}

function imagesOf({ imageMask }: NovaCase['request']): ReadonlyMap<string, ImageSpec> {
  const image: ImageSpec = { namespace: 'default', name: 'image', format: 'raw', source: { kind: 'path', path: 'image.raw' }, ...(imageMask === undefined ? {} : { realtimeMask: imageMask }) };
  return new Map([[imageKey('default', 'image'), image]]);
}

const policies: Readonly<Record<string, CpuPolicy>> = { dedicated: 'Dedicated', mixed: 'Mixed', shared: 'Shared' };
const threadPolicies: Readonly<Record<string, ThreadPolicy>> = { prefer: 'Prefer', require: 'Require', isolate: 'Isolate' };
const emulatorPolicies: Readonly<Record<string, EmulatorThreads>> = { isolate: 'Isolate', share: 'Share' };
const pageSizes: Readonly<Record<string, PageSize>> = { small: 'Small', large: 'Large', any: 'Any', '2MB': '2Mi', '1GB': '1Gi' };

function shape(request: NovaCase['request']): ShapeSpec {
  const { vcpus, policy, thread, emulator, realtime, mask, dedicatedMask, page, memoryMiB, nodes, cellCpus, cellMiB } = request;
  const cpu: CpuSpec = {
    vcpus,
    policy: policy === null ? undefined : policies[policy],
    threadPolicy: thread === undefined ? undefined : threadPolicies[thread],
    coreSharing: 'Allow',
    dedicatedMask,
    emulatorThreads: emulator === undefined ? undefined : emulatorPolicies[emulator],
    realtime: realtime === undefined ? undefined : { mask },
  };
  const cells = cellCpus?.map((cpus, index) => ({ vcpus: CpuSet.parse<VcpuId>(cpus), memoryMiB: cellMiB![index]! }));
  return {
    cpu,
    memory: { sizeMiB: memoryMiB, pageSize: page === undefined ? undefined : pageSizes[page] },
    numa: cells !== undefined ? { cells } : nodes !== undefined ? { nodes } : undefined,
  };
}
