import { describe, expect, it } from 'vitest';
import { CpuSet } from '../realtime/cpu-set.ts';
import type { HostInventory } from '../realtime/host.ts';
import type { ClusterNode } from '../store/foreign.ts';
import { isGivenUp, withFacts } from './node-facts.ts';

const inventory: HostInventory = {
  name: 'n1', labels: { own: 'yes' }, numaNodes: [], cores: [], caches: [], dedicatedCpus: CpuSet.empty(), sharedCpus: CpuSet.empty(), vcpusPerSharedCpu: 4,
  reservedHugepages: [], unschedulable: false, maxPriority: 49, networks: [], deviceClasses: [],
};

function node(spec: ClusterNode['spec'] = {}, labels: Record<string, string> = { 'rtvm.dev/realtime': 'true', zone: 'a' }): ClusterNode {
  return { metadata: { name: 'n1', uid: 'u', resourceVersion: '1', creationTimestamp: '', labels }, spec, status: {} };
}

describe('withFacts', () => {
  it("takes labels, cordon and taints from the Node, not from what the node's agent wrote", () => {
    const taints = [{ key: 'team', value: 'ran', effect: 'NoSchedule' }, { key: 'odd', effect: 'Sometime' }];
    expect(withFacts(inventory, { node: node({ unschedulable: true, taints }), alive: true })).toEqual({
      ...inventory, labels: { 'rtvm.dev/realtime': 'true', zone: 'a' }, unschedulable: true, taints: [taints[0]], notReady: undefined,
    });
  });

  it.each([
    ['no Node', undefined, true, 'the cluster has no Node of this name'],
    ['not labelled', node({}, {}), true, 'its Node is not labelled rtvm.dev/realtime=true'],
    ['a silent agent', node(), false, 'its agent has not renewed its Lease'],
  ])('is not ready with %s', (_, found, alive, why) => {
    expect(withFacts(inventory, { node: found, alive }).notReady).toBe(why);
  });

  it('stays not ready where its agent says so, whatever the Node is', () => {
    expect(withFacts({ ...inventory, notReady: 'no /dev/kvm' }, { node: node(), alive: true }).notReady).toBe('no /dev/kvm');
  });

  it('stays unschedulable where the RealtimeNode says so', () => {
    expect(withFacts({ ...inventory, unschedulable: true }, { node: node(), alive: true }).unschedulable).toBe(true);
  });
});

describe('isGivenUp', () => {
  it.each([
    ['a silent agent is not enough', { node: node(), alive: false }, false],
    ['a deleted Node is', { node: undefined, alive: false }, true],
    ['so is a person\'s taint', { node: node({ taints: [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }] }), alive: false }, true],
    ['another taint is not', { node: node({ taints: [{ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }] }), alive: false }, false],
  ])('%s', (_, facts, expected) => {
    expect(isGivenUp(facts)).toBe(expected);
  });
});
