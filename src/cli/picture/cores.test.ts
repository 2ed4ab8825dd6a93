import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CpuSet, unionOf } from '../../realtime/cpu-set.ts';
import type { CpuId } from '../../realtime/ids.ts';
import { plainStyle } from '../style.ts';
import { textWidth } from '../table.ts';
import { cellWidthOf, coreItems, coreWidth, drawCores } from './cores.ts';
import type { CpuUse } from './cpu-use.ts';
import { unicodeGlyphs } from './glyphs.ts';

const vm = (planned: boolean) => ({
  letter: planned ? 'A' : 'a', name: 'default/vm', planned,
  placement: { host: 'h', cells: [], vcpuPins: [], realtimeVcpus: CpuSet.empty<never>(), emulatorCpus: CpuSet.empty(), reservedCpus: CpuSet.empty(), devices: [], extraMemoryMiB: 0 },
});

const use: fc.Arbitrary<CpuUse> = fc.oneof(
  fc.constant<CpuUse>({ kind: 'free' }),
  fc.constant<CpuUse>({ kind: 'host' }),
  fc.boolean().map((planned): CpuUse => ({ kind: 'idle', vm: vm(planned) })),
  fc.boolean().map((planned): CpuUse => ({ kind: 'shared', vms: [{ vm: vm(planned), emulator: false }] })),
);

const drawnCores = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.array(use, { minLength: 1, maxLength: 96 })).map(([threads, uses]) => {
  const cpus = uses.map((each, cpu) => [cpu as CpuId, each] as const);
  const cores = Array.from({ length: Math.ceil(uses.length / threads) }, (_, core) => CpuSet.from(cpus.slice(core * threads, (core + 1) * threads).map(([cpu]) => cpu)));
  return { cores, uses: new Map(cpus) };
});

/** So many cores share a cache. */
const inGroups = (cores: readonly CpuSet[], perGroup: number) => [...Map.groupBy(cores.keys(), (core) => Math.floor(core / perGroup)).values()]
  .map((members) => ({ title: `L3 ${members[0]!}`, cores: members.map((core) => cores[core]!) }));

it('draws or sums up every CPU exactly once, and always draws what a planned VM has', () => {
  fc.assert(fc.property(drawnCores, fc.boolean(), fc.integer({ min: 1, max: 100 }), ({ cores, uses }, fold, perGroup) => {
    const items = coreItems(inGroups(cores, perGroup), uses, fold);
    expect(items.flatMap((item) => (item.kind === 'group' ? [] : item.kind === 'core' ? [item.cpus] : item.cores))).toEqual(cores);
    const drawn = unionOf(items.flatMap((item) => (item.kind === 'core' ? [item.cpus] : [])));
    for (const [cpu, each] of uses) if (each.kind === 'idle' && each.vm.planned) expect(drawn.has(cpu)).toBe(true);
    if (!fold) expect(drawn).toEqual(unionOf(cores));
  }));
});

it('keeps within the width, unless one core is wider', () => {
  fc.assert(fc.property(drawnCores, fc.integer({ min: 30, max: 120 }), ({ cores, uses }, width) => {
    const cellWidth = cellWidthOf(uses, unicodeGlyphs);
    const widest = Math.max(width, coreWidth(cores, cellWidth));
    const lines = drawCores(coreItems(inGroups(cores, 3), uses, true), uses, width, { glyphs: unicodeGlyphs, style: plainStyle, cellWidth });
    // A fold's list of CPUs is one word, which is never broken.
    expect(lines.filter((line) => textWidth(line) > widest && !/CPUs|^[\d,-]+:/.test(line))).toEqual([]);
  }));
});
