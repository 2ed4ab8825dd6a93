import { describe, expect, it } from 'vitest';
import { CpuSet } from '../../realtime/cpu-set.ts';
import { defaultMaxPriority, defaultVcpusPerSharedCpu } from '../../realtime/host.ts';
import type { HostHugepages, HostInventory } from '../../realtime/host.ts';
import { numaNodeId, vcpuId } from '../../realtime/ids.ts';
import type { Placement, PlacedCell } from '../../realtime/placement.ts';
import { colourStyle, plainStyle } from '../style.ts';
import type { DrawnVm } from './cpu-use.ts';
import { drawHost } from './host-picture.ts';

interface NodeShape {
  readonly cpus: string;
  readonly memoryMiB: number;
  readonly hugepages: readonly HostHugepages[];
}

function host(name: string, nodes: readonly NodeShape[], cores: readonly string[], offered: { readonly dedicated: string; readonly shared: string }): HostInventory {
  return {
    name, labels: {}, caches: [], networks: [], deviceClasses: [], unschedulable: false, maxPriority: defaultMaxPriority, vcpusPerSharedCpu: defaultVcpusPerSharedCpu,
    reservedHugepages: [{ numaNode: numaNodeId(0), sizeKiB: 2048, count: 64 }],
    numaNodes: nodes.map(({ cpus, ...rest }, id) => ({ id: numaNodeId(id), cpus: CpuSet.parse(cpus), distances: nodes.map((_, other) => (other === id ? 10 : 21)), ...rest })),
    cores: cores.map((core) => CpuSet.parse(core)),
    dedicatedCpus: CpuSet.parse(offered.dedicated),
    sharedCpus: CpuSet.parse(offered.shared),
  };
}

/** A pin is a pCPU, or a list of them to float over. */
function placement(pins: readonly (number | string)[], rest: { readonly realtime?: string; readonly emulator: string; readonly reserved?: string; readonly cells?: readonly PlacedCell[] }): Placement {
  return {
    host: 'drawn', devices: [], priority: 1, extraMemoryMiB: 192,
    cells: rest.cells ?? [],
    vcpuPins: pins.map((pin, vcpu) => (typeof pin === 'number'
      ? { kind: 'dedicated', vcpu: vcpuId(vcpu), cpu: CpuSet.of(pin).first! }
      : { kind: 'floating', vcpu: vcpuId(vcpu), cpus: CpuSet.parse(pin) })),
    realtimeVcpus: CpuSet.parse(rest.realtime ?? ''),
    emulatorCpus: CpuSet.parse(rest.emulator),
    reservedCpus: CpuSet.parse(rest.reserved ?? ''),
  };
}

const cell = (hostNode: number, vcpus: string, memoryMiB: number, pageSizeKiB: number): PlacedCell => (
  { cell: 0, hostNode: numaNodeId(hostNode), vcpus: CpuSet.parse(vcpus), memoryMiB, pageSizeKiB }
);
const planned = (letter: string, placed: Placement): DrawnVm => ({ letter, name: `default/vm-${letter}`, planned: true, placement: placed });
const held = (letter: string, placed: Placement): DrawnVm => ({ letter, name: `default/vm-${letter}`, planned: false, placement: placed });

const pages2Mi = (total: number) => ({ sizeKiB: 2048, total, free: total });
const pages1Gi = (total: number) => ({ sizeKiB: 1024 * 1024, total, free: total });

const twoCpus = host('demo', [{ cpus: '0-1', memoryMiB: 7900, hugepages: [pages2Mi(128)] }], ['0', '1'], { dedicated: '1', shared: '0' });
const mixed = planned('A', placement(['0', 1], { realtime: '1', emulator: '0', cells: [cell(0, '0-1', 32, 2048)] }));

const twoNodes = host('host-a', [
  { cpus: '0-3', memoryMiB: 32768, hugepages: [pages2Mi(1024)] },
  { cpus: '4-7', memoryMiB: 32768, hugepages: [pages2Mi(1024)] },
], ['0,1', '2,3', '4,5', '6,7'], { dedicated: '2-7', shared: '0' });
const twoNodesVms = [
  planned('A', placement([2, 3], { realtime: '1', emulator: '2', cells: [cell(0, '0-1', 256, 2048)] })),
  planned('B', placement([4], { realtime: '0', emulator: '6', reserved: '5-7', cells: [cell(1, '0', 1024, 2048)] })),
  held('a', placement(['0', '0'], { emulator: '0' })),
];

const wide = host('du-07', [
  { cpus: '0-31,64-95', memoryMiB: 262144, hugepages: [pages1Gi(200), pages2Mi(1024)] },
  { cpus: '32-63,96-127', memoryMiB: 262144, hugepages: [pages1Gi(200), pages2Mi(1024)] },
], Array.from({ length: 64 }, (_, core) => `${core},${core + 64}`), { dedicated: '2-31,34-63,66-95,98-127', shared: '0-1,32-33,64-65,96-97' });
const wideVms = [
  planned('A', placement([2, 66, 3, 67, 4, 68, 5, 69], { realtime: '2-7', emulator: '2,66', cells: [cell(0, '0-7', 16384, 1024 * 1024)] })),
  held('a', placement([20, 84, 21, 85], { realtime: '0-3', emulator: '0-1', cells: [cell(0, '0-3', 8192, 1024 * 1024)] })),
  held('b', placement([40, 104, 41, 105], { realtime: '0-3', emulator: '0-1', cells: [cell(1, '0-3', 65536, 1024 * 1024)] })),
];

const draw = (drawn: HostInventory, vms: readonly DrawnVm[], options = {}) => `\n${drawHost(drawn, vms, { width: 80, unicode: true, style: plainStyle, ...options })}\n`;

describe('drawHost', () => {
  it('draws two CPUs without SMT', () => {
    expect(draw(twoCpus, [mixed])).toMatchInlineSnapshot(`
      "
      demo: 2 CPUs, dedicated 1, shared 0
      ╭─ host NUMA node 0 ──────────────────────────────────╮
      │ ┌─────┐ ┏━━━━━┓                                     │
      │ │  0  │ ┃  1  ┃                                     │
      │ │ ~Ae │ ┃ A1* ┃                                     │
      │ └─────┘ ┗━━━━━┛                                     │
      │ 2Mi pages ███▓▓▓▓▓▓▓▓▓▓▓▓░░░░░░░░░ 48/128 free      │
      │ memory    █░░░░░░░░░░░░░░░░░░░░░░░ 7.2/7.4 GiB free │
      ╰─────────────────────────────────────────────────────╯
      A0 vCPU 0 of VM A  * realtime  e emulator threads  ~ shared
      "
    `);
  });

  it('draws the same in ASCII', () => {
    expect(draw(twoCpus, [mixed], { unicode: false })).toMatchInlineSnapshot(`
      "
      demo: 2 CPUs, dedicated 1, shared 0
      +- host NUMA node 0 ----------------------------------+
      | +-----+ +=====+                                     |
      | |  0  | |  1  |                                     |
      | | ~Ae | | A1* |                                     |
      | +-----+ +=====+                                     |
      | 2Mi pages ###++++++++++++......... 48/128 free      |
      | memory    #....................... 7.2/7.4 GiB free |
      +-----------------------------------------------------+
      A0 vCPU 0 of VM A  * realtime  e emulator threads  ~ shared
      "
    `);
  });

  it('puts small host NUMA nodes side by side, SMT siblings together', () => {
    expect(draw(twoNodes, twoNodesVms)).toMatchInlineSnapshot(`
      "
      host-a: 8 CPUs in 4 cores, dedicated 2-7, shared 0
      ╭─ host NUMA node 0 ──────────────────╮ ╭─ host NUMA node 1 ──────────────────╮
      │ ┌─────┬─────┐ ┏━━━━━┳━━━━━┓         │ │ ┏━━━━━┳━━━━━┓ ┌─────┬─────┐         │
      │ │  0  │  1  │ ┃  2  ┃  3  ┃         │ │ ┃  4  ┃  5  ┃ │  6  │  7  │         │
      │ │ ~ae │  -  │ ┃ A0e ┃ A1* ┃         │ │ ┃ B0* ┃ Bx  ┃ │ Be  │ Bx  │         │
      │ └─────┴─────┘ ┗━━━━━┻━━━━━┛         │ │ ┗━━━━━┻━━━━━┛ └─────┴─────┘         │
      │ 2Mi pages █▓░░░░░░ 832/1024 free    │ │ 2Mi pages ████░░░░ 512/1024 free    │
      │ memory    █░░░░░░░ 29.8/30 GiB free │ │ memory    █░░░░░░░ 29.8/30 GiB free │
      ╰─────────────────────────────────────╯ ╰─────────────────────────────────────╯
      A0 vCPU 0 of VM A  * realtime  e emulator threads  x kept idle  ~ shared
      - the host's own
      there before: a default/vm-a
      "
    `);
  });

  it('stacks host NUMA nodes on a narrow terminal', () => {
    expect(draw(twoNodes, twoNodesVms, { width: 50 })).toMatchInlineSnapshot(`
      "
      host-a: 8 CPUs in 4 cores, dedicated 2-7, shared 0
      ╭─ host NUMA node 0 ─────────────────────────────╮
      │ ┌─────┬─────┐ ┏━━━━━┳━━━━━┓                    │
      │ │  0  │  1  │ ┃  2  ┃  3  ┃                    │
      │ │ ~ae │  -  │ ┃ A0e ┃ A1* ┃                    │
      │ └─────┴─────┘ ┗━━━━━┻━━━━━┛                    │
      │ 2Mi pages ██▓░░░░░░░░░░░░░░░░ 832/1024 free    │
      │ memory    █░░░░░░░░░░░░░░░░░░ 29.8/30 GiB free │
      ╰────────────────────────────────────────────────╯
      ╭─ host NUMA node 1 ─────────────────────────────╮
      │ ┏━━━━━┳━━━━━┓ ┌─────┬─────┐                    │
      │ ┃  4  ┃  5  ┃ │  6  │  7  │                    │
      │ ┃ B0* ┃ Bx  ┃ │ Be  │ Bx  │                    │
      │ ┗━━━━━┻━━━━━┛ └─────┴─────┘                    │
      │ 2Mi pages ██████████░░░░░░░░░ 512/1024 free    │
      │ memory    █░░░░░░░░░░░░░░░░░░ 29.8/30 GiB free │
      ╰────────────────────────────────────────────────╯
      A0 vCPU 0 of VM A  * realtime  e emulator threads
      x kept idle  ~ shared  - the host's own
      there before: a default/vm-a
      "
    `);
  });

  it('folds what is untouched of 128 CPUs', () => {
    expect(draw(wide, wideVms)).toMatchInlineSnapshot(`
      "
      du-07: 128 CPUs in 64 cores, dedicated 2-31,34-63,66-95,98-127,
      shared 0-1,32-33,64-65,96-97
      ╭─ host NUMA node 0 ──────────────────────────────────────────────╮
      │ ┌──────┬──────┐ ┌──────┬──────┐ ┌──────┬──────┐ ┏━━━━━━┳━━━━━━┓ │
      │ │  0   │  64  │ │  1   │  65  │ │  2   │  66  │ ┃  3   ┃  67  ┃ │
      │ │ ~a+1 │  ~   │ │ ~a+1 │  ~   │ │ A0e  │ A1e  │ ┃ A2*  ┃ A3*  ┃ │
      │ └──────┴──────┘ └──────┴──────┘ └──────┴──────┘ ┗━━━━━━┻━━━━━━┛ │
      │ ┏━━━━━━┳━━━━━━┓ ┏━━━━━━┳━━━━━━┓                                 │
      │ ┃  4   ┃  68  ┃ ┃  5   ┃  69  ┃                                 │
      │ ┃ A4*  ┃ A5*  ┃ ┃ A6*  ┃ A7*  ┃                                 │
      │ ┗━━━━━━┻━━━━━━┛ ┗━━━━━━┻━━━━━━┛                                 │
      │ ⋯ CPUs 6-31,70-95: 48 free, 4 taken by a                        │
      │ 1Gi pages ██▓░░░░░░░░░░░░░░░░░░░░░ 176/200 free                 │
      │ 2Mi pages ▓▓░░░░░░░░░░░░░░░░░░░░░░ 960/1024 free                │
      │ memory    █▓░░░░░░░░░░░░░░░░░░░░░░ 53.6/54 GiB free             │
      ╰─────────────────────────────────────────────────────────────────╯
      ╭─ host NUMA node 1 ──────────────────────────────────────────────╮
      │ ⋯ CPUs 32-63,96-127: 4 shared, 56 free, 4 taken by b            │
      │ 1Gi pages ▓▓▓▓▓▓▓▓░░░░░░░░░░░░░░░░ 136/200 free                 │
      │ 2Mi pages ░░░░░░░░░░░░░░░░░░░░░░░░ 1024/1024 free               │
      │ memory    ▓░░░░░░░░░░░░░░░░░░░░░░░ 53.8/54 GiB free             │
      ╰─────────────────────────────────────────────────────────────────╯
      A0 vCPU 0 of VM A  * realtime  e emulator threads  ~ shared  · free
      there before: a default/vm-a  b default/vm-b
      "
    `);
  });

  it('draws cores by the L3 that they share, and sums up what is not touched across them', () => {
    const complexes = { ...host('epyc', [{ cpus: '0-31', memoryMiB: 8192, hugepages: [pages2Mi(512)] }], Array.from({ length: 32 }, (_, core) => String(core)), { dedicated: '1-31', shared: '0' }),
      caches: ['0-3', '4-7', '8-11', '12-31'].map((cpus) => ({ level: 3, cpus: CpuSet.parse(cpus) })) };
    const vms = [planned('A', placement([4, 5], { realtime: '1', emulator: '4', cells: [cell(0, '0-1', 32, 2048)] })), planned('B', placement([8], { emulator: '8', cells: [cell(0, '0', 32, 2048)] }))];
    expect(draw(complexes, vms)).toMatchInlineSnapshot(`
      "
      epyc: 32 CPUs, dedicated 1-31, shared 0
      ╭─ host NUMA node 0 ────────────────────────────────╮
      │ ⋯ CPUs 0-3: 1 shared, 3 free                      │
      │ L3 of CPUs 4-7                                    │
      │ ┌─────┐ ┏━━━━━┓ ┌─────┐ ┌─────┐                   │
      │ │  4  │ ┃  5  ┃ │  6  │ │  7  │                   │
      │ │ A0e │ ┃ A1* ┃ │  ·  │ │  ·  │                   │
      │ └─────┘ ┗━━━━━┛ └─────┘ └─────┘                   │
      │ L3 of CPUs 8-11                                   │
      │ ┌─────┐                                           │
      │ │  8  │                                           │
      │ │ B0e │                                           │
      │ └─────┘                                           │
      │ ⋯ CPUs 9-31: all free                             │
      │ 2Mi pages ██▓▓▓░░░░░░░░░░░░░░░░░░░ 416/512 free   │
      │ memory    █░░░░░░░░░░░░░░░░░░░░░░░ 6.6/7 GiB free │
      ╰───────────────────────────────────────────────────╯
      A0 vCPU 0 of VM A  * realtime  e emulator threads  ~ shared  · free
      "
    `);
  });

  it('adds colour and nothing else', () => {
    const coloured = draw(twoNodes, twoNodesVms, { style: colourStyle });
    expect(coloured).not.toBe(draw(twoNodes, twoNodesVms));
    expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(draw(twoNodes, twoNodesVms));
  });

  it('names the first of many VMs that were there before, and counts the rest', () => {
    const floaters = Array.from({ length: 14 }, (_, index) => held(`v${index}`, placement(['0'], { emulator: '0' })));
    expect(draw(twoCpus, floaters)).toMatchInlineSnapshot(`
      "
      demo: 2 CPUs, dedicated 1, shared 0
      ╭─ host NUMA node 0 ──────────────────────────────────╮
      │ ┌────────┐ ┌────────┐                               │
      │ │   0    │ │   1    │                               │
      │ │ ~v0+13 │ │   ·    │                               │
      │ └────────┘ └────────┘                               │
      │ 2Mi pages ▓▓▓▓▓▓▓▓▓▓▓▓░░░░░░░░░░░░ 64/128 free      │
      │ memory    ░░░░░░░░░░░░░░░░░░░░░░░░ 7.4/7.4 GiB free │
      ╰─────────────────────────────────────────────────────╯
      e emulator threads  ~ shared  · free
      there before: v0 default/vm-v0  v1 default/vm-v1  v2 default/vm-v2
      v3 default/vm-v3  v4 default/vm-v4  v5 default/vm-v5  v6 default/vm-v6
      v7 default/vm-v7  v8 default/vm-v8  v9 default/vm-v9  v10 default/vm-v10
      v11 default/vm-v11  and 2 more
      "
    `);
  });
});
