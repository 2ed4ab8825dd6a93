// The chaos test's checker must find each kind of breach, or that test could not fail.
import { describe, expect, it } from 'vitest';
import { breachesIn } from '../integration/support/chaos-checker.ts';
import type { ChaosEvent, DomainClaims, TableGuest, TableReport } from '../integration/support/chaos-events.ts';
import { claimsOf } from '../integration/support/domain-claims.ts';

interface Has {
  readonly cpus?: readonly number[];
  readonly reserved?: string;
  readonly pages?: number;
  readonly devices?: readonly string[];
  readonly desired?: string;
  readonly request?: string;
  readonly restartedAt?: string;
  readonly nodeLocal?: boolean;
}

const guest = (uid: string, { cpus = [], reserved = '', pages = 0, devices = [], desired = 'Running', request = `${uid}-1`, restartedAt, nodeLocal = false }: Has = {}): TableGuest => ({
  vm: { uid }, desired, request, ...(restartedAt === undefined ? {} : { restartedAt }),
  guest: { disks: nodeLocal ? [{ name: 'data', persistence: 'NodeLocal' }] : [] },
  placement: {
    vcpuPins: [{}, ...cpus.map((cpu) => ({ cpu }))], reservedCpus: reserved, devices: devices.map((address) => ({ address })),
    cells: pages === 0 ? [] : [{ numaNode: 0, memoryMiB: 2 * pages, pageSize: '2Mi' }],
  },
});
const table = (node: string, guests: readonly TableGuest[] | undefined, reports: readonly TableReport[] = [], term?: string): ChaosEvent => ({ type: 'table', node, revision: '7', guests, reports, term });
const claims = ({ cpus = [], pages = 0, devices = [], nodeLocal = false }: Has): DomainClaims => ({ cpus, pages: new Map(pages === 0 ? [] : [[0, pages]]), devices, writableDisks: nodeLocal ? ['/state/disks/a/node-local/data.raw'] : [] });
const started = (node: string, vm: string, has: Has = {}): ChaosEvent => ({ type: 'started', node, vm, claims: claims(has), restartedAt: has.restartedAt });
const ended = (node: string, vm: string): ChaosEvent => ({ type: 'ended', node, vm });
const vm = (uid: string, generation: number, endsIt: boolean, observedGeneration = 0, restartedAt?: string): ChaosEvent => ({ type: 'vm', uid, generation, endsIt, observedGeneration, restartedAt, gone: false });
const answered = (uid: string, phase: string, request: string): TableReport => ({ uid, phase, request });
const wentBack: readonly ChaosEvent[] = [{ type: 'rolledBack' }];
const restored: ChaosEvent = { type: 'restored' };

/** VM a is placed on n1, started, halted and gone from there. */
const life: readonly ChaosEvent[] = [
  vm('a', 1, false), table('n1', [guest('a', { cpus: [2] })]), started('n1', 'a', { cpus: [2] }), vm('a', 2, true),
  table('n1', [guest('a', { cpus: [2], desired: 'Stopped', request: 'a-2' })]), ended('n1', 'a'),
  table('n1', [guest('a', { cpus: [2], desired: 'Stopped', request: 'a-2' })], [answered('a', 'Stopped', 'a-2')]), table('n1', []),
];
const halted = (request: string) => table('n1', [guest('a', { desired: 'Stopped', request })]);
const running: readonly ChaosEvent[] = [vm('a', 1, false), table('n1', [guest('a', { cpus: [2] })]), started('n1', 'a', { cpus: [2] })];
const [noon, later] = ['2026-01-01T12:00:00Z', '2026-01-01T12:00:01Z'];

const breaches = (events: readonly ChaosEvent[]) => breachesIn(events, { pages: new Map([[0, 40]]) });

describe('the checker', () => {
  it.each<[string, readonly ChaosEvent[]]>([
    ['nothing', []],
    ['one of each for each, and the same on another node', [table('n1', [guest('a', { cpus: [2], pages: 20, devices: ['x'] }), guest('b', { cpus: [3], reserved: '6-7', pages: 20 })]), table('n2', [guest('c', { cpus: [2], devices: ['x'] })])]],
    ['a life, and another on another node', [...life, vm('a', 3, false, 2), table('n2', [guest('a', { request: 'a-3' })]), started('n2', 'a')]],
    ['a CPU that goes from one to the next', [...life, table('n1', [guest('b', { cpus: [2] })]), started('n1', 'b', { cpus: [2] })]],
    ['a start and an end that are told before the revisions that asked for them', [vm('a', 1, false), started('n1', 'a'), table('n1', [guest('a')]), vm('a', 2, true), ended('n1', 'a'), halted('a-2')]],
    ['a start for a wish that the agent has not answered yet', [vm('a', 1, false), table('n1', [guest('a')]), vm('a', 2, true), halted('a-2'), started('n1', 'a'), ended('n1', 'a')]],
    ['a wish to end it that was taken back before any controller had seen it', [...running, vm('a', 2, true), vm('a', 3, false, 1), halted('a-2'), ended('n1', 'a')]],
    ['a restart', [...running, vm('a', 2, false, 0, noon), table('n1', [guest('a', { cpus: [2], restartedAt: noon })]), ended('n1', 'a'), started('n1', 'a', { cpus: [2], restartedAt: noon })]],
    ['an end by hand', [...running, { type: 'byHand', node: 'n1', vm: 'a' }, ended('n1', 'a'), started('n1', 'a', { cpus: [2] })]],
    ['a VM that is on another node since the data went back', [table('n1', [guest('a')]), ...wentBack, table('n2', [guest('a')]), restored]],
    ['a VM that was halted in the data that came back, and ran', [...life, vm('a', 3, false, 2), table('n1', [guest('a', { request: 'a-3' })]), started('n1', 'a'), ...wentBack, vm('a', 2, true), halted('a-2'), restored, ended('n1', 'a')]],
    ['a start by an agent that has not read the data that came back', [vm('a', 1, false), table('n1', [guest('a')]), ...wentBack, table('n1', []), restored, started('n1', 'a')]],
    ['a host that cannot give what a table asks for that came back', [...wentBack, table('n1', [guest('a')]), restored, { type: 'refused', node: 'n1', vm: 'a', why: 'no pages' }]],
  ])('finds nothing wrong with %s', (_, events) => {
    expect(breaches(events)).toEqual([]);
  });

  it.each<[string, readonly ChaosEvent[], string]>([
    ['a CPU in two entries', [table('n1', [guest('a', { cpus: [2] }), guest('b', { cpus: [2] })])], 'I1: CPU 2 is given twice by the table of n1 at revision 7'],
    ['a CPU that is reserved for another', [table('n1', [guest('a', { cpus: [6] }), guest('b', { cpus: [2], reserved: '5-7' })])], 'I1: CPU 6 is given twice by the table of n1 at revision 7'],
    ['a device in two entries', [table('n1', [guest('a', { devices: ['x'] }), guest('b', { devices: ['x'] })])], 'I8: device x is given twice by the table of n1 at revision 7'],
    ['more pages than there are', [table('n1', [guest('a', { pages: 21 }), guest('b', { pages: 20 })])], 'I8: 41 pages of NUMA node 0, which has 40, are given by the table of n1 at revision 7'],
    ['a VM with two entries', [table('n1', [guest('a'), guest('a')])], 'I7: VM a is twice in the table of n1 at revision 7'],
    ['a VM in two tables', [table('n1', [guest('a')]), table('n2', [guest('a')])], 'I7: VM a is in the tables of n1 and, at revision 7, of n2'],
    ['a VM in another table since its own was deleted', [table('n1', [guest('a')]), table('n1', undefined), table('n2', [guest('a')])], 'I7: VM a is in the tables of n1 and, at revision 7, of n2'],
    ['two domains on one CPU', [...running, table('n1', [guest('a', { cpus: [3] }), guest('b', { cpus: [2] })]), started('n1', 'b', { cpus: [2] })], 'I1: CPU 2 of n1 goes to VM b while VM a has it'],
    ['two domains with one device', [table('n1', [guest('a', { devices: ['x'] })]), started('n1', 'a', { devices: ['x'] }), table('n1', [guest('b', { devices: ['x'] })]), started('n1', 'b', { devices: ['x'] })], 'I8: device x of n1 goes to VM b while VM a has it'],
    ['two domains with one disk', [table('n1', [guest('a'), guest('b')]), started('n1', 'a', { nodeLocal: true }), started('n1', 'b', { nodeLocal: true })], 'I8: disk /state/disks/a/node-local/data.raw of n1 goes to VM b while VM a has it'],
    ['more pages taken than there are', [table('n1', [guest('a', { pages: 30 })]), started('n1', 'a', { pages: 30 }), table('n1', [guest('b', { pages: 20 })]), started('n1', 'b', { pages: 20 })], 'I8: with VM b, 50 pages of NUMA node 0 of n1 are taken, which has 40'],
    ['a host that could not give what its table says', [table('n1', [guest('a')]), { type: 'refused', node: 'n1', vm: 'a', why: 'no pages' }], 'I8: n1 could not give VM a what its table says: no pages'],
    ['two domains of one VM', [table('n1', [guest('a')]), started('n1', 'a'), table('n1', []), table('n2', [guest('a')]), started('n2', 'a')], 'I7: VM a is started on n2 while it runs on n1'],
    ['a VM away from its disk', [table('n1', [guest('a')]), started('n1', 'a', { nodeLocal: true }), { type: 'byHand', node: 'n1', vm: 'a' }, ended('n1', 'a'), table('n1', []), table('n2', [guest('a')]), started('n2', 'a', { nodeLocal: true })], 'I8: VM a is started on n2 with a NodeLocal disk that is on n1'],
    ['an end of what did not run', [vm('a', 1, true), halted('a-2'), ended('n1', 'a')], 'I7: a domain of VM a has ended on n1, where none ran'],
    ['a start that no table asks for', [started('n1', 'a')], 'I6: VM a is started on n1, and no table asks for it'],
    ['a start that another node\'s table asks for', [table('n2', [guest('a')]), started('n1', 'a')], 'I6: VM a is started on n1, and no table asks for it'],
    ['a start after its end was confirmed', [...life.slice(0, -1), started('n1', 'a', { cpus: [2] })], 'I6: VM a is started on n1, and no table asks for it'],
    ['a start after it had left the table', [...life, started('n1', 'a', { cpus: [2] })], 'I6: VM a is started on n1, and no table asks for it'],
    ['a start by an agent that has read the data that came back', [vm('a', 1, false), table('n1', [guest('a')]), ...wentBack, table('n1', []), restored, table('n1', [], [], 'new'), { type: 'node', node: 'n1', term: 'new' }, table('n1', [], [], 'new'), started('n1', 'a')], 'I6: VM a is started on n1, and no table asks for it'],
    ['a start with more than the table gives', [table('n1', [guest('a', { cpus: [2] })]), started('n1', 'a', { cpus: [3] })], 'I1: VM a is started on n1 with what its table does not give: {"cpus":[3],"pages":[],"devices":[],"writableDisks":[]}'],
    ['an end that nobody asked for', [...running, ended('n1', 'a')], 'I6: the domain of VM a on n1 has ended, and nobody asked for it'],
    ['an end that was asked for on another node', [...running, vm('a', 2, true), table('n2', []), ended('n1', 'a')], 'I6: the domain of VM a on n1 has ended, and nobody asked for it'],
    ['a second end, when one was asked for', [...running, vm('a', 2, true), halted('a-2'), ended('n1', 'a'), vm('a', 3, false, 2), table('n1', [guest('a', { request: 'a-3' })]), started('n1', 'a'), ended('n1', 'a')], 'I6: the domain of VM a on n1 has ended, and nobody asked for it'],
    ['a second restart, when one was asked for', [...running, vm('a', 2, false, 0, noon), table('n1', [guest('a', { cpus: [2], restartedAt: noon })]), ended('n1', 'a'), started('n1', 'a', { cpus: [2], restartedAt: noon }), ended('n1', 'a')], 'I6: the domain of VM a on n1 has ended, and nobody asked for it'],
    ['a table that ends what nobody asked to end', [...running, halted('a-2')], 'I6: VM a is to be Stopped by the table of n1 at revision 7, and nobody asked for it'],
    ['a table that ends what was asked for, taken back, and seen to be', [...running, vm('a', 2, true), vm('a', 3, false, 3), halted('a-2')], 'I6: VM a is to be Stopped by the table of n1 at revision 7, and nobody asked for it'],
    ['a table that ends what was asked for in data that is no more', [...running, vm('a', 2, true), ...wentBack, vm('a', 1, false), table('n1', [guest('a', { cpus: [2] })]), restored, halted('a-2')], 'I6: VM a is to be Stopped by the table of n1 at revision 7, and nobody asked for it'],
    ['a restart that nobody asked for', [...running, vm('a', 2, false, 0, noon), table('n1', [guest('a', { cpus: [2], restartedAt: later })])], 'I6: VM a is to be restarted (2026-01-01T12:00:01Z) by the table of n1 at revision 7, and nobody asked for it'],
  ])('finds %s', (_, events, breach) => {
    expect(breaches(events)).toEqual([breach]);
  });

  it('reads from a domain what it takes', () => {
    const xml = `<domain><memoryBacking><hugepages/></memoryBacking>
      <cputune><vcpupin vcpu='0' cpuset='0-1'/><vcpupin vcpu='1' cpuset='6'/><emulatorpin cpuset='7'/><iothreadpin iothread='1' cpuset='0,2'/></cputune>
      <numatune><memnode cellid='0' nodeset='1'/><memnode cellid='1' nodeset='0'/></numatune>
      <cpu><numa><cell id='0' memory='32' unit='MiB'/><cell id='1' memory='1' unit='GiB'/></numa></cpu>
      <devices><disk><source file='/a'/></disk><disk><source file='/b'/><readonly/></disk>
      <hostdev><source><address domain='0x0000' bus='0x3b' slot='0x02' function='0x1'/></source></hostdev></devices></domain>`;
    expect(claimsOf(xml, [2, 3, 6, 7])).toEqual({ cpus: [6, 2, 7], pages: new Map([[1, 16], [0, 512]]), devices: ['0000:3b:02.1'], writableDisks: ['/a'] });
  });
});
