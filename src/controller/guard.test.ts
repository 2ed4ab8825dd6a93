import { describe, expect, it } from 'vitest';
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import { asksOtherwise, guardBudget, guardPod, guardResources } from './guard.ts';
import type { Pod } from '../store/foreign.ts';

const guest = (extraMemoryMiB: number, ...cells: readonly [pageSize: string, memoryMiB: number][]) => ({ placement: { extraMemoryMiB, cells: cells.map(([pageSize, memoryMiB]) => ({ pageSize, memoryMiB })) } }) as unknown as AllocatedGuest;
const options = { namespace: 'rtvm', image: 'registry.k8s.io/pause:3.10' };

describe('the guard of a node', () => {
  it.each<[string, readonly AllocatedGuest[], object]>([
    ['no guest', [], {}],
    ['huge pages of one size', [guest(200, ['2Mi', 1024])], { 'hugepages-2Mi': '1024Mi', memory: '200Mi' }],
    ['two guests, both sizes, and small pages', [guest(200, ['2Mi', 1024], ['1Gi', 4096]), guest(300, ['2Mi', 32]), guest(64, ['4Ki', 512])], { 'hugepages-1Gi': '4096Mi', 'hugepages-2Mi': '1056Mi', memory: '1076Mi' }],
  ])('asks for what is held by %s', (_, guests, resources) => {
    expect(guardResources(guests)).toEqual(resources);
  });

  it('is a pod on the very node that nothing sends away, and a budget that lets nobody evict it', () => {
    const resources = { 'hugepages-2Mi': '32Mi', memory: '200Mi' };
    const pod = guardPod('n1', [guest(200, ['2Mi', 32])], options);
    expect(pod.metadata).toEqual({ name: 'rtvm-guard-n1', namespace: 'rtvm', labels: { 'rtvm.dev/guard': 'n1' }, finalizers: ['rtvm.dev/guests'] });
    expect(pod.spec).toMatchObject({ nodeName: 'n1', tolerations: [{ operator: 'Exists' }], containers: [{ name: 'guard', image: options.image, resources: { requests: resources, limits: resources } }] });
    expect(guardBudget('n1', options).spec).toEqual({ maxUnavailable: 0, selector: { matchLabels: pod.metadata.labels } });
  });

  it('is made anew for other amounts, and only for those', () => {
    const there = guardPod('n1', [guest(200, ['2Mi', 32])], options) as unknown as Pod;
    expect(asksOtherwise(there, guardPod('n1', [guest(200, ['2Mi', 32])], { ...options, image: 'other' }))).toBe(false);
    expect(asksOtherwise(there, guardPod('n1', [guest(200, ['2Mi', 64])], options))).toBe(true);
  });
});
