import { beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../runtime/testing/virtual-clock.ts';
import { NodeBook } from './node-book.ts';
import { entryOf, runOf, vmOf } from './testing/sample-objects.ts';

let clock: VirtualClock;
let book: NodeBook;
beforeEach(() => {
  clock = new VirtualClock(new Date('2026-01-31T12:00:00Z'));
  book = new NodeBook(clock);
});

const onNode = (node: string | undefined, name = 'a') => (
  vmOf(name, node === undefined ? undefined : runOf(entryOf(name), { node }))
);

describe('which VMs have their run on a node', () => {
  it('is followed, and both nodes are told of that a run has been on', () => {
    expect(book.vmSeen(onNode(undefined), false)).toEqual([]);
    expect(book.vmSeen(onNode('n1'), false)).toEqual(['n1']);
    expect(book.vmSeen(onNode('n1', 'b'), false)).toEqual(['n1']);
    expect([...book.vmsOf('n1')]).toEqual(['ran/a', 'ran/b']);
    expect(book.vmSeen(onNode('n2'), false)).toEqual(['n1', 'n2']);
    expect([[...book.vmsOf('n1')], [...book.vmsOf('n2')]]).toEqual([['ran/b'], ['ran/a']]);
    expect(book.vmSeen(onNode('n2'), true)).toEqual(['n2']);
    expect([...book.vmsOf('n2')]).toEqual([]);
  });
});

describe('nodes', () => {
  it('are told of a VM only if what they depend on has changed: which VM it is, its run, what a drain may do', () => {
    const vm = onNode('n1');
    book.vmSeen(vm, false);
    expect(book.vmSeen({ ...vm, status: { ...vm.status, phase: 'Running' } }, false)).toBeUndefined();
    expect(book.vmSeen({ ...vm, metadata: { ...vm.metadata, finalizers: ['a'] } }, false)).toBeUndefined();
    expect(book.vmSeen({ ...vm, spec: { ...vm.spec, evictionStrategy: 'Shutdown' } }, false)).toEqual(['n1']);
    expect(book.vmSeen({ ...vm, metadata: { ...vm.metadata, uid: 'another' } }, false)).toEqual(['n1']);
    expect(book.vmSeen(vmOf('a', runOf(entryOf('a'), { state: 'Closed' })), false)).toEqual(['n1']);
  });

  it('are told once that a VM is gone', () => {
    book.vmSeen(onNode('n1'), false);
    expect([book.vmSeen(onNode('n1'), true), book.vmSeen(onNode('n1'), true)]).toEqual([['n1'], undefined]);
  });
});

describe('an agent that has begun a moment ago', () => {
  it('is waited for as long as it takes most of them to answer, and no longer', async () => {
    expect(book.settlingForMs(2000)).toBe(0);
    book.await('n1', true);
    await clock.pass(500);
    book.await('n1', true);
    book.await('n2', true);
    expect(book.settlingForMs(2000)).toBe(2000);
    book.await('n2', false);
    expect(book.settlingForMs(2000)).toBe(1500);
    await clock.pass(1500);
    expect(book.settlingForMs(2000)).toBe(0);
  });

  it('has a session that its Lease need not name yet', async () => {
    expect(book.isNewForMs('n1', 5000)).toBe(0);
    book.sessionSeen('n1', 's');
    await clock.pass(1000);
    book.sessionSeen('n1', 's');
    expect(book.isNewForMs('n1', 5000)).toBe(4000);
    book.sessionSeen('n1', 'of the next process');
    expect(book.isNewForMs('n1', 5000)).toBe(5000);
    await clock.pass(9000);
    expect(book.isNewForMs('n1', 5000)).toBe(0);
  });
});
