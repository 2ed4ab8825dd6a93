import { expect, it } from 'vitest';
import type { CpuCell, PlacedVm } from '../wire.ts';
import { scrollFor, windowOf } from './window-of.ts';
import { cpuLabel, cpuSentence, nodeSummary } from './words.ts';

const vm = (key: string, letter: string, more: Partial<PlacedVm> = {}): PlacedVm => ({ key, letter, colour: 0, orphan: false, errors: 0, warnings: 0, flagged: [], phase: 'Running', ...more });
const vms = [vm('a/b', 'A', { errors: 1, flagged: [1] }), vm('old', 'B', { orphan: true })];

it.each<[CpuCell, string, string]>([
  [[2, 'realtime', 0, 1, 0], 'A1*', 'CPU 2: vCPU 1 of a/b, realtime; the last audit found errors'],
  [[3, 'vcpu', 0, 0, 1], 'A0e', 'CPU 3: vCPU 0 of a/b, housekeeping, and emulator threads'],
  [[4, 'emulator', 1], 'Be', 'CPU 4: emulator threads of old (orphan)'],
  [[5, 'idle', 0], 'Ax', 'CPU 5: kept idle for a/b'],
  [[0, 'shared', []], '~', 'CPU 0: shared, used by no VM'],
  [[0, 'shared', [0]], '~A', 'CPU 0: shared, used by a/b'],
  [[0, 'shared', [0, 1]], '~2', 'CPU 0: shared, used by a/b, old (orphan)'],
  [[6, 'free'], '·', 'CPU 6: free'],
  [[7, 'host'], '–', "CPU 7: the host's own"],
])('says what %j is', (cell, label, sentence) => {
  expect([cpuLabel(cell, vms), cpuSentence(cell, vms)]).toEqual([label, sentence]);
});

it('sums a node up', () => {
  expect(nodeSummary({ name: 'n', marks: [], numa: [], vms, dedicated: 1, taken: 1 })).toBe('1 dedicated CPU, 0 free; 2 VMs');
});

it('draws the rows that are seen, with some around them', () => {
  expect(windowOf(1000, 50, 5000, 500)).toEqual({ first: 92, end: 118 });
  expect(windowOf(5, 50, 0, 500)).toEqual({ first: 0, end: 5 });
  // The list has become shorter than where it was scrolled to.
  expect(windowOf(3, 50, 5000, 500)).toEqual({ first: 3, end: 3 });
  expect([scrollFor(0, 50, 100, 500), scrollFor(5, 50, 100, 500), scrollFor(20, 50, 100, 500)]).toEqual([0, 100, 550]);
});
