import { describe, expect, it } from 'vitest';
import { CpuSet } from '../../realtime/cpu-set.ts';
import { numaNodeId, vcpuId } from '../../realtime/ids.ts';
import type { Placement, VcpuPin } from '../../realtime/placement.ts';
import { asciiGlyphs, unicodeGlyphs } from './glyphs.ts';
import { describePlacement } from './vm-line.ts';

const none = CpuSet.empty();
const dedicated = (...cpus: number[]): VcpuPin[] => cpus.map((cpu, vcpu) => ({ kind: 'dedicated', vcpu: vcpuId(vcpu), cpu: CpuSet.of(cpu).first! }));
const floating = (count: number, cpus: string): VcpuPin[] => Array.from({ length: count }, (_, vcpu) => ({ kind: 'floating', vcpu: vcpuId(vcpu), cpus: CpuSet.parse(cpus) }));
const base: Placement = { host: 'host-a', cells: [], vcpuPins: [], realtimeVcpus: CpuSet.empty(), emulatorCpus: CpuSet.of(4), reservedCpus: none, devices: [], extraMemoryMiB: 0 };

const rows: readonly (readonly [why: string, placement: Placement, line: string])[] = [
  ['realtime and housekeeping vCPUs, pages and priority', {
    ...base, vcpuPins: dedicated(4, 5, 6, 7), realtimeVcpus: CpuSet.parse('1-3'), priority: 1,
    cells: [{ cell: 0, hostNode: numaNodeId(1), vcpus: CpuSet.parse('0-3'), memoryMiB: 2048, pageSizeKiB: 1024 * 1024 }],
  }, 'du-1 → host-a: vCPU 0→4 1-3→5-7*; emulator 4; FIFO 1; 2 GiB in 1Gi pages on node 1'],
  ['pins that jump between siblings, in the order of the vCPUs', { ...base, vcpuPins: dedicated(2, 66, 3, 67) }, 'du-1 → host-a: vCPU 0-3→2,66,3,67; emulator 4'],
  ['a guest that floats', { ...base, vcpuPins: floating(3, '0-1'), emulatorCpus: CpuSet.parse('0-1') }, 'du-1 → host-a: vCPU 0-2→~0-1; emulator 0-1'],
  ['an isolated emulator and siblings kept idle', { ...base, vcpuPins: dedicated(2), realtimeVcpus: CpuSet.of(0), priority: 10, reservedCpus: CpuSet.parse('3-5') }, 'du-1 → host-a: vCPU 0→2*; emulator 4; kept idle 3,5; FIFO 10'],
  ['cells on two nodes, small pages, a device', {
    ...base, vcpuPins: dedicated(2, 6), devices: [{ name: 'radio', address: '0000:3b:00.1' }],
    cells: [
      { cell: 0, hostNode: numaNodeId(0), vcpus: CpuSet.of(0), memoryMiB: 512, pageSizeKiB: 4 },
      { cell: 1, hostNode: numaNodeId(1), vcpus: CpuSet.of(1), memoryMiB: 1536, pageSizeKiB: 2048 },
    ],
  }, 'du-1 → host-a: vCPU 0-1→2,6; emulator 4; 512 MiB in small pages on node 0; 1.5 GiB in 2Mi pages on node 1; radio 0000:3b:00.1'],
];

describe('describePlacement', () => {
  it.each(rows)('says %s', (_, placement, line) => {
    expect(describePlacement('du-1', placement, unicodeGlyphs).join('; ')).toBe(line);
    expect(describePlacement('du-1', placement, asciiGlyphs).join('; ')).toBe(line.replaceAll('→', '->'));
  });
});
