import { beforeEach, describe, expect, it } from 'vitest';
import { ClusterView } from './cluster-view.ts';
import { Grants } from './grants.ts';
import { entryOf, tableOf } from './testing/sample-objects.ts';

let view: ClusterView;
let grants: Grants;
beforeEach(() => {
  view = new ClusterView();
  view.nodeChanged({
    apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeNode',
    metadata: { namespace: '', name: 'n1', uid: 'u', generation: 1, resourceVersion: '1', creationTimestamp: '2026-01-31T12:00:00Z' },
    spec: {
      dedicatedCpus: '1-3', sharedCpus: '0', vcpusPerSharedCpu: 4, reservedHugepages: [], unschedulable: false, maxPriority: 49,
      networks: [], deviceClasses: [],
    },
    status: { topology: { numaNodes: [{ id: 0, cpus: '0-3', memoryMiB: 1024, hugepages: [] }], caches: [], pciDevices: [] }, orphans: [] },
  }, undefined);
  view.tableKnown(tableOf({ term: 't/1' }));
  grants = new Grants(view);
});

const made = (cpu: number, salt = 'salt') => (
  { node: 'n1', entry: entryOf('a', { cpu, salt }), mayBeUnderWay: false, boundBefore: undefined }
);
/** Whether another VM has room on the CPU. */
const isFree = (cpu: number) => view.hasRoom('n1', entryOf('b', { cpu }));

describe('grants that are in no table yet', () => {
  it('hold what they claim until they are dropped', () => {
    grants.keep(made(2));
    expect([isFree(2), isFree(3)]).toEqual([false, true]);
    grants.drop('uid-a');
    expect(isFree(2)).toBe(true);
    grants.drop('uid-a');
  });

  it('are found by the name that the VM\'s run gives, and by no other', () => {
    const grant = made(2);
    grants.keep(grant);
    expect(grants.of('uid-a', grant.entry.grant.name)).toBe(grant);
    expect([grants.of('uid-a', 'another'), grants.of('uid-a', undefined), grants.of('uid-b', grant.entry.grant.name)])
      .toEqual([undefined, undefined, undefined]);
  });

  it('give way to the next of their VM, with what they held', () => {
    const [first, second] = [made(2), made(3, 'another')];
    grants.keep(first);
    grants.keep(second);
    expect([isFree(2), isFree(3), grants.of('uid-a', first.entry.grant.name)]).toEqual([true, false, undefined]);
  });

  it('are held still where nobody knows whether they were written, and by the table once they are there', () => {
    const grant = made(2);
    grants.keep(grant);
    grants.keep({ ...grant, mayBeUnderWay: true });
    expect([isFree(2), grants.of('uid-a', grant.entry.grant.name)?.mayBeUnderWay]).toEqual([false, true]);
    view.tableKnown(tableOf({ term: 't/1', guests: [grant.entry] }, undefined, { resourceVersion: '2' }));
    grants.drop('uid-a');
    expect([isFree(2), view.find('uid-a')?.nodeName]).toEqual([false, 'n1']);
  });
});
