import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CpuSet, unionOf } from '../cpu-set.ts';
import { allVcpus, housekeepingVcpus } from '../guest.ts';
import type { CpuSpec, NumaSpec, ShapeSpec } from '../spec.ts';
import { pageStepMiB } from './memory.ts';
import { resolveGuest } from './resolve-guest.ts';
import { contextOf, imageOf, vmOf } from './samples.ts';

const maybe = <Value>(values: fc.Arbitrary<Value>) => fc.option(values, { nil: undefined, freq: 2 });
const masks = fc.constantFrom('^0', '^0-1', '1-3', '0', '0-7', '2,^9', ' ', 'x', '^1,3');

const cpus: fc.Arbitrary<CpuSpec> = fc.record({
  vcpus: fc.integer({ min: 1, max: 12 }),
  policy: maybe(fc.constantFrom('Shared', 'Dedicated', 'Mixed')),
  threadPolicy: maybe(fc.constantFrom('Prefer', 'Require', 'Isolate')),
  coreSharing: maybe(fc.constantFrom('Forbid', 'Allow')),
  dedicatedMask: fc.option(masks, { nil: undefined, freq: 1 }),
  emulatorThreads: maybe(fc.constantFrom('Housekeeping', 'Share', 'Isolate')),
  realtime: maybe(fc.record({ mask: maybe(masks), priority: maybe(fc.integer({ min: 0, max: 99 })) })),
});

const givenCells = fc.array(fc.record({ vcpus: fc.array(fc.nat(11)).map((numbers) => CpuSet.from<never>(numbers)), memoryMiB: fc.nat(64) }), { minLength: 1, maxLength: 3 });
const numas: fc.Arbitrary<NumaSpec> = fc.oneof(fc.record({ nodes: fc.integer({ min: 1, max: 4 }) }), fc.record({ cells: givenCells }));

const shapes: fc.Arbitrary<ShapeSpec> = fc.record({
  cpu: cpus,
  memory: fc.record({ sizeMiB: fc.constantFrom(1, 6, 48, 1024, 4096), pageSize: maybe(fc.constantFrom('Small', 'Large', 'Any', '2Mi', '1Gi')), locked: maybe(fc.boolean()) }),
  numa: maybe(numas),
});

test('whatever is accepted keeps what placement, rendering and audits rely on', () => {
  let seen = 0;
  fc.assert(fc.property(shapes, maybe(masks), (shape, imageMask) => {
    const result = resolveGuest(vmOf({ inline: shape, image: 'masked' }), contextOf({ images: [imageOf('masked', { realtimeMask: imageMask })] }));
    if (!result.ok) {
      expect(result.problems.length).toBeGreaterThan(0);
      return;
    }
    seen += 1;
    const { cpu, memory, cells } = result.value;
    const all = allVcpus(cpu.vcpus);
    expect(cpu.dedicatedVcpus.isSubsetOf(all)).toBe(true);
    expect(cpu.topology.sockets * cpu.topology.cores * cpu.topology.threads).toBe(cpu.vcpus);
    switch (cpu.policy) {
      case 'Shared':
        expect(cpu.dedicatedVcpus.isEmpty).toBe(true);
        break;
      case 'Dedicated':
        expect(cpu.dedicatedVcpus).toEqual(all);
        break;
      case 'Mixed':
        expect([cpu.dedicatedVcpus.isEmpty, cpu.dedicatedVcpus.equals(all)]).toEqual([false, false]);
        break;
    }
    expect(cpu.realtime === undefined).toBe(shape.cpu.realtime === undefined);
    if (cpu.realtime !== undefined) {
      expect(cpu.realtime.vcpus.isEmpty).toBe(false);
      expect(cpu.realtime.vcpus.isSubsetOf(cpu.dedicatedVcpus)).toBe(true);
      expect(memory.locked).toBe(true);
      const offVcpus = cpu.emulatorThreads === 'Isolate' || cpu.emulatorThreads === 'Share';
      expect(offVcpus || !housekeepingVcpus(cpu).isEmpty).toBe(true);
    }
    if (cells.length === 0) {
      expect([cpu.policy, memory.pageSize]).toEqual(['Shared', 'Small']);
    } else {
      expect(unionOf(cells.map(({ vcpus }) => vcpus))).toEqual(all);
      expect(cells.reduce((sum, { vcpus }) => sum + vcpus.size, 0)).toBe(cpu.vcpus);
      expect(cells.reduce((sum, { memoryMiB }) => sum + memoryMiB, 0)).toBe(memory.sizeMiB);
      expect(cells.every(({ memoryMiB }) => memoryMiB > 0 && memoryMiB % pageStepMiB(memory.pageSize) === 0)).toBe(true);
    }
  }), { numRuns: 3000, seed: 20261122 });
  expect(seen).toBeGreaterThan(200);
});
