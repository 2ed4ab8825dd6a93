import { describe, expect, test } from 'vitest';
import { CpuSet } from '../cpu-set.ts';
import { cpuId, numaNodeId, vcpuId } from '../ids.ts';
import type { Placement } from '../placement.ts';
import { claimOf } from './claim.ts';
import { addedOverlaps, doubleBooked, overlapText } from './double-booked.ts';
import { holdingsOf } from './holding.ts';
import { claimedCpus, sampleHost } from './sample-hosts.ts';

const none = claimedCpus('a', '').placement;
const node0 = numaNodeId(0);

interface Has {
  readonly own?: string;
  readonly floats?: string;
  readonly pages?: number;
  readonly device?: string;
  readonly disks?: readonly string[];
}

function entry(uid: string, { own = '', floats, pages = 0, device, disks = [] }: Has) {
  const placement: Placement = {
    ...none,
    reservedCpus: CpuSet.parse(own),
    vcpuPins: floats === undefined ? [] : [{ kind: 'floating', vcpu: vcpuId(0), cpus: CpuSet.parse(floats) }],
    cells: pages === 0 ? [] : [{
      cell: 0, hostNode: node0, vcpus: CpuSet.of(0), memoryMiB: 2 * pages, pageSizeKiB: 2048,
    }],
    devices: device === undefined ? [] : [{ name: 'nic', address: device }],
  };
  return { ...claimOf({ uid, placement }), disks };
}

const table = (...entries: readonly (readonly [uid: string, has: Has])[]) => (
  holdingsOf(entries.map(([uid, has]) => entry(uid, has)))
);
const host = sampleHost({
  name: 'a', nodes: ['0-7'], hugepages: [{ sizeKiB: 2048, total: 100 }],
  rest: { reservedHugepages: [{ numaNode: node0, sizeKiB: 2048, count: 20 }] },
});
const said = (
  holdings: ReturnType<typeof table>, inventory: typeof host | undefined = host,
) => doubleBooked(holdings, inventory).map((overlap) => overlapText(overlap, (uid) => `ran/${uid}`));

describe('what a table gives twice', () => {
  test.each<[string, ReturnType<typeof table>, readonly string[]]>([
    ['nothing', table(['a', { own: '1-2' }], ['b', { own: '3' }]), []],
    [
      'a CPU, to two that have it to themselves', table(['a', { own: '1-2' }], ['b', { own: '2-3' }]),
      ['CPU 2 is given to ran/a and ran/b'],
    ],
    [
      'a CPU, to three', table(['a', { own: '2' }], ['b', { own: '2' }], ['c', { own: '2' }]),
      ['CPU 2 is given to ran/a and ran/b and ran/c'],
    ],
    [
      'a CPU of one, over which another floats', table(['f', { floats: '0-2' }], ['a', { own: '2' }]),
      ['CPU 2 is given to ran/f and ran/a'],
    ],
    ['no CPU over which all float', table(['f', { floats: '0-2' }], ['g', { floats: '0-2' }]), []],
    ['no CPU that its own emulator threads use', table(['a', { own: '1-2', floats: '1-2' }]), []],
    [
      'a device',
      table(['a', { device: '0000:3b:00.0' }], ['b', { device: '0000:3b:00.0' }], ['c', { device: '0000:3b:00.1' }]),
      ['device 0000:3b:00.0 is given to ran/a and ran/b'],
    ],
    ['as many pages as there are', table(['a', { pages: 40 }], ['b', { pages: 40 }]), []],
    [
      'more pages than there are beside the reserved ones', table(['a', { pages: 40 }], ['b', { pages: 41 }]),
      ['more 2Mi pages of NUMA node 0 than there are for guests are given to ran/a and ran/b'],
    ],
    [
      'a disk, by two entries of one VM',
      table(['a', { own: '1', disks: ['root', 'data'] }], ['a', { own: '1', disks: ['root'] }]),
      ['disk root is given to two entries of ran/a'],
    ],
    [
      'no disk of the same name, which is another VM\'s',
      table(['a', { disks: ['root'] }], ['b', { disks: ['root'] }]), [],
    ],
  ])('%s', (_, holdings, expected) => {
    expect(said(holdings)).toEqual(expected);
  });

  test('pages are told of only where it is known how many there are', () => {
    const holdings = table(['a', { pages: 1000, own: '1' }], ['b', { own: '1' }]);
    expect(doubleBooked(holdings, undefined)).toEqual([{
      resource: { kind: 'cpu', cpu: cpuId(1) }, holders: ['a', 'b'],
    }]);
    expect(said(holdings, sampleHost({ name: 'a', nodes: ['0-7'] }))).toHaveLength(2);
  });
});

describe('what a change adds', () => {
  const doubled = table(['a', { own: '1-2', pages: 50 }], ['b', { own: '2-3', pages: 50 }], ['f', { floats: '0' }]);
  const by = (after: ReturnType<typeof table>) => (
    addedOverlaps(doubled, after, host).map(({ resource, by: uids }) => [resource.kind, uids])
  );

  test.each<[string, ReturnType<typeof table>, readonly unknown[]]>([
    ['nothing, where all stays', doubled, []],
    ['nothing, where one ends', table(['a', { own: '1-2', pages: 50 }], ['f', { floats: '0' }]), []],
    [
      'nothing, where one gives something else back',
      table(['a', { own: '2', pages: 45 }], ['b', { own: '2-3', pages: 50 }], ['f', { floats: '0' }]), [],
    ],
    [
      'nothing, where one gets what is free',
      table(['a', { own: '1-2,5', pages: 50 }], ['b', { own: '2-3', pages: 50 }], ['f', { floats: '0' }]), [],
    ],
    [
      'a third holder',
      table(
        ['a', { own: '1-2', pages: 50 }], ['b', { own: '2-3', pages: 50 }], ['f', { floats: '0' }],
        ['c', { own: '2' }],
      ),
      [['cpu', ['c']]],
    ],
    [
      'another in the place of one',
      table(['a', { own: '1-2', pages: 50 }], ['c', { own: '2', pages: 50 }], ['f', { floats: '0' }]),
      [['cpu', ['c']], ['hugepages', ['c']]],
    ],
    [
      'one that floated, and gets it for itself',
      table(['a', { own: '1-2', pages: 50 }], ['b', { own: '2-3', pages: 50 }], ['f', { own: '1' }]), [['cpu', ['f']]],
    ],
    [
      'more pages', table(['a', { own: '1-2', pages: 51 }], ['b', { own: '2-3', pages: 50 }], ['f', { floats: '0' }]),
      [['hugepages', ['a']]],
    ],
  ])('%s', (_, after, expected) => {
    expect(by(after)).toEqual(expected);
  });
});
