import { describe, expect, test } from 'vitest';
import { unionOf } from '../cpu-set.ts';
import type { RefusalReason } from '../decision.ts';
import { pinCpus } from '../placement.ts';
import { Cluster } from './cluster.ts';
import { claimedCpus, sampleGuest, sampleHost } from './sample-hosts.ts';
import type { SampleGuest, SampleHost } from './sample-hosts.ts';

interface Expected {
  /** pCPU list of vCPU 0, 1, 2, … */
  readonly pins: readonly string[];
  /** Absent: all of the pins together. */
  readonly emulator?: string;
  /** Absent: none. */
  readonly reserved?: string;
  /** Absent: whichever. */
  readonly nodes?: readonly number[];
}

type Row = readonly [title: string, host: SampleHost & { readonly taken?: string }, guest: SampleGuest, expected: Expected | RefusalReason];

const plain = (nodes: readonly string[], taken = '') => ({ nodes, taken });
const pairs = (taken = '') => ({ nodes: ['0-3'], cores: ['0,1', '2,3'], taken });
const fourPairs = (taken = '') => ({ nodes: ['0-7'], cores: ['0,1', '2,3', '4,5', '6,7'], taken });
const striped = (taken = '') => ({ nodes: ['0-7'], cores: ['0,4', '1,5', '2,6', '3,7'], taken });
const fours = (taken = '') => ({ nodes: ['0-7'], cores: ['0-3', '4-7'], taken });

/** The vectors of section 4 of docs/rules.md, row by row; then what its rules say beyond them. */
const rows: readonly Row[] = [
  ['too few CPUs', plain(['0-2']), { vcpus: 4 }, 'TooFewDedicatedCpus'],
  ['without SMT, around what is taken', plain(['0-3'], '1'), { vcpus: 3 }, { pins: ['0', '2', '3'] }],
  ['whole cores', pairs(), { vcpus: 4 }, { pins: ['0', '1', '2', '3'] }],
  ['what is left of cores of four threads', fours('1-2,5-6'), { vcpus: 4 }, { pins: ['0', '3', '4', '7'] }],
  ['Prefer takes single siblings', fourPairs('0,2,5-6'), { vcpus: 4 }, { pins: ['1', '3', '4', '7'] }],
  ['Prefer takes a whole core and single siblings', fourPairs('0-2,5'), { vcpus: 4 }, { pins: ['3', '4', '6', '7'] }],
  ['Require takes whole cores', striped('0-1'), { vcpus: 4, threadPolicy: 'Require' }, { pins: ['2', '6', '3', '7'] }],
  ['Require finds too few whole cores', striped('0-2'), { vcpus: 4, threadPolicy: 'Require' }, 'TooFewWholeCores'],
  ['Require without SMT', plain(['0-7']), { vcpus: 4, threadPolicy: 'Require' }, 'NoSmt'],
  ['Isolate keeps siblings idle', pairs(), { vcpus: 2, threadPolicy: 'Isolate' }, { pins: ['0', '2'], reserved: '1,3' }],
  ['Isolate finds too few whole cores', pairs('1'), { vcpus: 2, threadPolicy: 'Isolate' }, 'TooFewWholeCores'],
  ['isolated emulator', plain(['0-2']), { vcpus: 2, emulatorThreads: 'Isolate' }, { pins: ['0', '1'], emulator: '2', reserved: '2' }],
  ['isolated emulator on the node of cell 0', plain(['0-1', '2-3']), { vcpus: 1, emulatorThreads: 'Isolate' }, { pins: ['0'], emulator: '1', reserved: '1' }],
  ['… of two cells', plain(['0-1', '2-3']), { vcpus: 2, cells: ['0', '1'], emulatorThreads: 'Isolate' }, { pins: ['0', '2'], emulator: '1', reserved: '1', nodes: [0, 1] }],
  ['… which is full', plain(['0-1', '2-3']), { vcpus: 3, cells: ['0-1', '2'], emulatorThreads: 'Isolate' }, 'TooFewDedicatedCpus'],
  ['… with the bigger cell elsewhere', plain(['0-1', '2-3']), { vcpus: 3, cells: ['0', '1-2'], emulatorThreads: 'Isolate' }, { pins: ['0', '2', '3'], emulator: '1', reserved: '1', nodes: [0, 1] }],
  ['isolated emulator on the core that vCPUs do not fill', { nodes: ['1-3'], cores: ['1', '2,3'] }, { vcpus: 2, emulatorThreads: 'Isolate' }, { pins: ['2', '3'], emulator: '1', reserved: '1' }],
  ['three nodes with 3, 1 and 2 free', plain(['0-2', '3-5', '6-8'], '4-5,8'), { vcpus: 4, cells: ['0-1', '2-3'] }, { pins: ['0', '1', '6', '7'], nodes: [0, 2] }],
  ['three nodes with two free each, cells 1+1+3', plain(['0-1', '2-3', '4-5']), { vcpus: 5, cells: ['0', '1', '2-4'] }, 'TooFewDedicatedCpus'],
  ['emulator on the housekeeping vCPUs', plain(['4-7']), { vcpus: 4, realtime: '2-3' }, { pins: ['4', '5', '6', '7'], emulator: '4-5' }],

  ['more cells than nodes', plain(['0-3']), { vcpus: 2, cells: ['0', '1'] }, 'TooFewHostNodes'],
  ['every assignment is considered: the big cell comes last', plain(['0-3', '4-5']), { vcpus: 5, cells: ['0-1', '2-4'] }, { pins: ['4', '5', '0', '1', '2'], nodes: [1, 0] }],
  ['cells that fit one by one only', plain(['0-3', '4-5']), { vcpus: 6, cells: ['0-2', '3-5'] }, 'CellsDoNotFitTogether'],
  ['an odd vCPU goes to a fragment', fourPairs('0'), { vcpus: 3 }, { pins: ['1', '2', '3'] }],
  ['Require with an odd vCPU keeps the sibling', pairs(), { vcpus: 3, threadPolicy: 'Require' }, { pins: ['0', '1', '2'], reserved: '3' }],
  ['Require on cores of four threads takes whole cores', fours('0'), { vcpus: 2, threadPolicy: 'Require' }, { pins: ['4', '5'], reserved: '6-7' }],
  ['Require takes no two free siblings of four', fours('0,4'), { vcpus: 2, threadPolicy: 'Require' }, 'TooFewWholeCores'],
  ['Isolate on cores of four threads', fours(), { vcpus: 2, threadPolicy: 'Isolate' }, { pins: ['0', '4'], reserved: '1-3,5-7' }],
  ['Isolate without SMT', plain(['0-3']), { vcpus: 2, threadPolicy: 'Isolate' }, { pins: ['0', '1'] }],
  ['Isolate keeps the emulator off the vCPUs’ cores', fourPairs('4,6-7'), { vcpus: 2, threadPolicy: 'Isolate', emulatorThreads: 'Isolate' }, { pins: ['0', '2'], emulator: '5', reserved: '1,3,5' }],
  ['Isolate, and no core left for the emulator', pairs(), { vcpus: 2, threadPolicy: 'Isolate', emulatorThreads: 'Isolate' }, 'NoRoomForEmulator'],

  ['Forbid shares no core with another VM', fourPairs('0'), { vcpus: 3, coreSharing: 'Forbid' }, { pins: ['2', '3', '4'], reserved: '5' }],
  ['Forbid finds too few cores of its own', fourPairs('0,2,4'), { vcpus: 4, coreSharing: 'Forbid' }, 'TooFewWholeCores'],
  ['Forbid stays off cores over which others float', { ...fourPairs(), shared: '1' }, { vcpus: 2, coreSharing: 'Forbid' }, { pins: ['2', '3'] }],
  ['Forbid beside a CPU that no VM can have keeps it, too', { ...pairs(), dedicated: '1' }, { vcpus: 1, coreSharing: 'Forbid' }, { pins: ['1'], reserved: '0' }],
  ['Forbid keeps the emulator off realtime vCPUs’ cores', fourPairs(), { vcpus: 3, coreSharing: 'Forbid', realtime: '0-2', emulatorThreads: 'Isolate' }, { pins: ['0', '1', '2'], emulator: '4', reserved: '3-5' }],
  ['Forbid lets it beside a housekeeping vCPU', fourPairs(), { vcpus: 3, coreSharing: 'Forbid', realtime: '0-1', emulatorThreads: 'Isolate' }, { pins: ['0', '1', '2'], emulator: '3', reserved: '3' }],
  ['Forbid moves a housekeeping vCPU to it where need be', pairs(), { vcpus: 3, coreSharing: 'Forbid', realtime: '1-2', emulatorThreads: 'Isolate' }, { pins: ['0', '2', '3'], emulator: '1', reserved: '1' }],
  ['Forbid, and only siblings of realtime vCPUs left', pairs(), { vcpus: 3, coreSharing: 'Forbid', realtime: '0-2', emulatorThreads: 'Isolate' }, 'NoRoomForEmulator'],
  ['Allow puts the emulator beside a realtime vCPU at worst', pairs(), { vcpus: 3, realtime: '0-2', emulatorThreads: 'Isolate' }, { pins: ['0', '1', '2'], emulator: '3', reserved: '3' }],

  ['housekeeping is off the cores of realtime vCPUs, where as many cores allow it', pairs(), { vcpus: 3, coreSharing: 'Forbid', realtime: '1-2' }, { pins: ['0', '2', '3'], emulator: '0', reserved: '1' }],
  ['… with the counts of each core changed', fours(), { vcpus: 5, realtime: '2-4' }, { pins: ['0', '1', '4', '5', '6'], emulator: '0-1' }],
  ['… and not where that would take another core', fourPairs(), { vcpus: 4, realtime: '1-3' }, { pins: ['0', '1', '2', '3'], emulator: '0' }],
  ['… nor where it is so already', fourPairs(), { vcpus: 4, realtime: '2-3' }, { pins: ['0', '1', '2', '3'], emulator: '0-1' }],
  ['housekeeping goes to the isolated emulator, which has a core anyway', pairs(), { vcpus: 2, coreSharing: 'Forbid', realtime: '1', emulatorThreads: 'Isolate' }, { pins: ['2', '0'], emulator: '3', reserved: '1,3' }],
  ['… and what does not go there to cores of its own', fourPairs(), { vcpus: 5, coreSharing: 'Forbid', realtime: '3-4', emulatorThreads: 'Isolate' }, { pins: ['6', '0', '1', '2', '3'], emulator: '7', reserved: '7' }],

  ['Mixed floats over the shared CPUs of its node', { nodes: ['0-3', '4-7'], shared: '0-1' }, { vcpus: 3, policy: 'Mixed', dedicated: '2' }, { pins: ['0-1', '0-1', '2'], emulator: '0-2' }],
  ['Mixed on a node without shared CPUs', { nodes: ['0-3'] }, { vcpus: 3, policy: 'Mixed', dedicated: '2' }, 'NoSharedCpus'],
  ['a cell does not float over fewer CPUs than vCPUs', { nodes: ['0-3'], shared: '0' }, { vcpus: 3, policy: 'Mixed', dedicated: '2' }, 'SharedCpusFull'],
  ['realtime Mixed: emulator on the shared CPUs', { nodes: ['0-3'], shared: '0-1' }, { vcpus: 3, policy: 'Mixed', dedicated: '2', realtime: '2' }, { pins: ['0-1', '0-1', '2'], emulator: '0-1' }],
  ['Mixed and Isolate, the dedicated vCPU in the other cell', { nodes: ['0-3', '4-7'], shared: '0,4' }, { vcpus: 2, policy: 'Mixed', dedicated: '1', realtime: '1', cells: ['0', '1'], emulatorThreads: 'Isolate' }, { pins: ['0', '5'], emulator: '1', reserved: '1', nodes: [0, 1] }],
  ['Share: shared CPUs of the guest’s node', { nodes: ['0-3', '4-7'], shared: '0,4', taken: '1' }, { vcpus: 2, realtime: '0-1', emulatorThreads: 'Share' }, { pins: ['5', '6'], emulator: '4' }],
  ['Share: all shared CPUs where the node has none', { nodes: ['0-3', '4-9'], shared: '0-1' }, { vcpus: 2, realtime: '0-1', emulatorThreads: 'Share' }, { pins: ['4', '5'], emulator: '0-1' }],
  ['Share on a host without shared CPUs', plain(['0-3']), { vcpus: 2, realtime: '0-1', emulatorThreads: 'Share' }, 'NoSharedCpus'],
  ['Shared floats over all shared CPUs', { nodes: ['0-3', '4-7'], shared: '0-1,4' }, { vcpus: 6, policy: 'Shared' }, { pins: Array<string>(6).fill('0-1,4'), emulator: '0-1,4', nodes: [] }],
  ['Shared is bounded by the ratio', { nodes: ['0-3'], shared: '0' }, { vcpus: 5, policy: 'Shared' }, 'SharedCpusFull'],
  ['a priority above the host’s', plain(['0-3']), { vcpus: 2, realtime: '1', priority: 50 }, 'PriorityTooHigh'],
];

describe('placement on one host', () => {
  test.each(rows)('%s', (_, { taken = '', ...host }, guest, expected) => {
    const cluster = new Cluster([sampleHost(host)], [claimedCpus('host', taken)]);
    const decision = cluster.decide(sampleGuest(guest));
    if (typeof expected === 'string') {
      expect(decision.kind === 'refused' && decision.groups.map(({ reason, hosts }) => ({ reason, hosts }))).toEqual([{ reason: expected, hosts: ['host'] }]);
      return;
    }
    expect(decision.kind).toBe('placed');
    if (decision.kind !== 'placed') return;
    const { placement } = decision;
    const pins = placement.vcpuPins.map((pin) => pinCpus(pin));
    expect({
      pins: pins.map(String),
      emulator: placement.emulatorCpus.toString(),
      reserved: placement.reservedCpus.toString(),
      ...(expected.nodes === undefined ? {} : { nodes: placement.cells.map(({ hostNode }) => hostNode) }),
    }).toEqual({ emulator: unionOf(pins).toString(), reserved: '', ...expected });
  });
});
