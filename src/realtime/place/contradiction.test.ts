import { describe, expect, test } from 'vitest';
import { CpuSet } from '../cpu-set.ts';
import { cpuId, vcpuId } from '../ids.ts';
import type { Placement } from '../placement.ts';
import { Cluster } from './cluster.ts';
import { contradictionOf } from './contradiction.ts';
import { sampleGuest, sampleHost } from './sample-hosts.ts';

const guest = sampleGuest({ vcpus: 3, policy: 'Mixed', dedicated: '1-2', realtime: '1-2', priority: 5 });
const decision = new Cluster([sampleHost({ nodes: ['0-7'], shared: '0' })], []).decide(guest);
if (decision.kind !== 'placed') throw new Error('it fits');
const { placement } = decision;
const pins = (...cpus: readonly (number | undefined)[]): Pick<Placement, 'vcpuPins'> => ({
  vcpuPins: cpus.map((cpu, vcpu) => (cpu === undefined ? {
    kind: 'floating', vcpu: vcpuId(vcpu), cpus: CpuSet.of(0),
  } : { kind: 'dedicated', vcpu: vcpuId(vcpu), cpu: cpuId(cpu) })),
});

describe('a placement', () => {
  test('is its guest\'s', () => {
    expect(contradictionOf(guest, placement)).toBeUndefined();
  });

  test.each<[string, Partial<Placement>, string]>([
    ['lacks a vCPU', pins(undefined, 1), 'the guest has vCPUs 0-2, and its placement 0,1'],
    ['has one too many', pins(undefined, 1, 2, 3), 'the guest has vCPUs 0-2, and its placement 0,1,2,3'],
    [
      'names one twice', { vcpuPins: [...pins(undefined, 1).vcpuPins, ...pins(undefined, 2).vcpuPins.slice(1)] },
      'the guest has vCPUs 0-2, and its placement 0,1,1',
    ],
    [
      'lets a dedicated vCPU float', pins(undefined, 1, undefined),
      'the guest has dedicated vCPUs 1-2, and its placement 1',
    ],
    [
      'gives a pCPU to another vCPU', pins(1, 2, undefined),
      'the guest has dedicated vCPUs 1-2, and its placement 0,1',
    ],
    ['gives one pCPU to two of its vCPUs', pins(undefined, 1, 1), '2 dedicated vCPUs have pCPUs 1 in the placement'],
    ['is not realtime', { realtimeVcpus: CpuSet.empty() }, 'the guest has realtime vCPUs 1-2, and its placement none'],
    ['has another priority', { priority: undefined }, 'the guest has priority 5, and its placement none'],
    ['has no cell', { cells: [] }, 'the guest has cells 0-2 with 512 MiB, and its placement none'],
    [
      'has less memory', { cells: placement.cells.map((cell) => ({ ...cell, memoryMiB: 256 })) },
      'the guest has cells 0-2 with 512 MiB, and its placement 0-2 with 256 MiB',
    ],
  ])('that %s is not', (_, change, why) => {
    expect(contradictionOf(guest, { ...placement, ...change })).toBe(why);
  });
});
