import { describe, expect, it } from 'vitest';
import { breachesIn, listed } from '../integration/support/chaos-checker.ts';
import type { ChaosEvent, TableGuest } from '../integration/support/chaos-checker.ts';

const guest = (uid: string, cpus: readonly number[], reservedCpus = ''): TableGuest => ({ vm: { uid }, placement: { vcpuPins: [{}, ...cpus.map((cpu) => ({ cpu }))], reservedCpus } });
const table = (node: string, ...guests: readonly TableGuest[]): ChaosEvent => ({ type: 'table', node, revision: '7', guests });
const domain = (what: 'started' | 'ended', node: string, vm: string, cpus: readonly number[] = []): ChaosEvent => ({ type: 'domain', what, node, vm, cpus });
const asked = (vm: string): ChaosEvent => ({ type: 'asked', vm });

describe('the checker', () => {
  it.each<[string, readonly ChaosEvent[]]>([
    ['nothing', []],
    ['one CPU for each, and the same on another node', [table('n1', guest('a', [2]), guest('b', [3], '6-7')), table('n2', guest('c', [2]))]],
    ['a VM that goes from one node to another', [table('n1', guest('a', [2])), table('n1'), table('n2', guest('a', [2]))]],
    ['a VM that is on another node since the data went back', [table('n1', guest('a', [2])), { type: 'rolledBack' }, table('n2', guest('a', [2]))]],
    ['a life', [domain('started', 'n1', 'a', [2]), asked('a'), domain('ended', 'n1', 'a', [2]), domain('started', 'n2', 'a', [2]), asked('a'), domain('ended', 'n2', 'a')]],
    ['a CPU that goes from one to the next', [domain('started', 'n1', 'a', [2]), asked('a'), domain('ended', 'n1', 'a', [2]), domain('started', 'n1', 'b', [2])]],
    ['one wish more than there were ends', [domain('started', 'n1', 'a'), asked('a'), asked('a'), domain('ended', 'n1', 'a')]],
  ])('finds nothing wrong with %s', (_, events) => {
    expect(breachesIn(events)).toEqual([]);
  });

  it.each<[string, readonly ChaosEvent[], string]>([
    ['a CPU in two entries', [table('n1', guest('a', [2]), guest('b', [2]))], '6.1: CPU 2 is given twice by the table of n1 at revision 7'],
    ['a CPU that is reserved for another', [table('n1', guest('a', [6]), guest('b', [2], '5-7'))], '6.1: CPU 6 is given twice by the table of n1 at revision 7'],
    ['a VM with two entries', [table('n1', guest('a', [2]), guest('a', [3]))], '6.7: VM a is twice in the table of n1 at revision 7'],
    ['a VM in two tables', [table('n1', guest('a', [2])), table('n2', guest('a', [2]))], '6.7: VM a is in the tables of n1 and, at revision 7, of n2'],
    ['a VM in another table since its own was deleted', [table('n1', guest('a', [2])), { type: 'table', node: 'n1', revision: '8', guests: undefined }, table('n2', guest('a', [2]))], '6.7: VM a is in the tables of n1 and, at revision 7, of n2'],
    ['two domains on one CPU', [domain('started', 'n1', 'a', [2, 3]), domain('started', 'n1', 'b', [3])], '6.1: CPU 3 of n1 goes to VM b while VM a has it'],
    ['two domains of one VM', [domain('started', 'n1', 'a'), domain('started', 'n2', 'a')], '6.7: VM a is started on n2 while it runs on n1'],
    ['an end that nobody asked for', [domain('started', 'n1', 'a'), domain('ended', 'n1', 'a')], '6.6: the domain of VM a on n1 has ended, and nobody asked for it'],
    ['an end that was asked for another VM', [asked('b'), domain('started', 'n1', 'a'), domain('ended', 'n1', 'a')], '6.6: the domain of VM a on n1 has ended, and nobody asked for it'],
    ['a second end, when one was asked for', [asked('a'), domain('started', 'n1', 'a'), domain('ended', 'n1', 'a'), domain('started', 'n1', 'a'), domain('ended', 'n1', 'a')], '6.6: the domain of VM a on n1 has ended, and nobody asked for it'],
    ['an end of what did not run', [asked('a'), domain('ended', 'n1', 'a')], '6.7: a domain of VM a has ended on n1, where none ran'],
  ])('finds %s', (_, events, breach) => {
    expect(breachesIn(events)).toEqual([breach]);
  });

  it.each<[string, readonly number[]]>([['', []], ['5', [5]], ['0-2,5', [0, 1, 2, 5]]])('reads the CPU list "%s"', (list, cpus) => {
    expect(listed(list)).toEqual(cpus);
  });
});
