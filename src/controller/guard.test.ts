import { describe, expect, it } from 'vitest';
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import { asksOtherwise, guardBudget, guardName, guardPod, guardResources } from './guard.ts';
import type { GuardedTable } from './guard.ts';
import type { Pod } from '../store/foreign.ts';

const guest = (extraMemoryMiB: number, ...cells: readonly [pageSize: string, memoryMiB: number][]) => ({ placement: { extraMemoryMiB, cells: cells.map(([pageSize, memoryMiB]) => ({ pageSize, memoryMiB })) } }) as unknown as AllocatedGuest;
const table = { metadata: { name: 'n1', uid: 'u1' } } as GuardedTable;
const options = { namespace: 'rtvm', image: 'registry.k8s.io/pause:3.10' };

describe('the guard of a node', () => {
  it.each<[string, readonly AllocatedGuest[], object]>([
    ['no guest', [], {}],
    ['huge pages of one size', [guest(200, ['2Mi', 1024])], { 'hugepages-2Mi': '1Gi', memory: '200Mi' }],
    ['a guest without overhead, and a very large one', [guest(0, ['1Gi', 1_048_576]), guest(0, ['2Mi', 1_049_600])], { 'hugepages-1Gi': '1Ti', 'hugepages-2Mi': '1025Gi', memory: '0' }],
    ['two guests, both sizes, and small pages', [guest(200, ['2Mi', 1024], ['1Gi', 4096]), guest(300, ['2Mi', 32]), guest(64, ['4Ki', 512])], { 'hugepages-1Gi': '4Gi', 'hugepages-2Mi': '1056Mi', memory: '1076Mi' }],
  ])('asks for what is held by %s', (_, guests, resources) => {
    expect(guardResources(guests)).toEqual(resources);
  });

  it('is a pod on the very node that nothing sends away, and a budget that lets nobody evict it', () => {
    const resources = { 'hugepages-2Mi': '32Mi', memory: '200Mi' };
    const pod = guardPod(table, [guest(200, ['2Mi', 32])], options);
    expect(pod.metadata).toEqual({
      name: 'rtvm-guard-n1', namespace: 'rtvm', labels: { 'rtvm.dev/guard': 'rtvm-guard-n1' }, finalizers: ['rtvm.dev/guests'],
      ownerReferences: [{ apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeAllocation', name: 'n1', uid: 'u1', controller: true }],
    });
    expect(pod.spec).toMatchObject({ nodeName: 'n1', tolerations: [{ operator: 'Exists' }], containers: [{ name: 'guard', image: options.image, resources: { requests: resources, limits: resources } }] });
    expect(guardBudget('n1', options).spec).toEqual({ minAvailable: 1, selector: { matchLabels: pod.metadata.labels } });
  });

  it('has a name that is a label too, and its own for each node', () => {
    const names = ['a', 'worker-1.rack-7.example', `${'long.'.repeat(50)}a`, `${'long.'.repeat(50)}b`].map(guardName);
    for (const name of names) expect(name).toMatch(/^[a-z0-9]([-.a-z0-9]{0,61}[a-z0-9])?$/);
    expect(new Set(names).size).toBe(4);
    expect(names.slice(0, 2)).toEqual(['rtvm-guard-a', 'rtvm-guard-worker-1.rack-7.example']);
  });

  it('is made anew for other amounts, and only for those', () => {
    const there = guardPod(table, [guest(200, ['2Mi', 32])], options) as unknown as Pod;
    expect(asksOtherwise(there, guardPod(table, [guest(200, ['2Mi', 32])], { ...options, image: 'other' }))).toBe(false);
    expect(asksOtherwise(there, guardPod(table, [guest(200, ['2Mi', 64])], options))).toBe(true);
    expect(asksOtherwise(there, guardPod(table, [guest(200, ['1Gi', 1024])], options))).toBe(true);
    const [container] = there.spec.containers;
    const withDefaults = { ...there, spec: { ...there.spec, containers: [{ ...container!, resources: { requests: { ...container!.resources!.requests, cpu: '100m' } } }] } };
    expect(asksOtherwise(withDefaults, guardPod(table, [guest(200, ['2Mi', 32])], options))).toBe(false);
  });
});
