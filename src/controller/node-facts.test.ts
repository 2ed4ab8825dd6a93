import { describe, expect, it } from 'vitest';
import { CpuSet } from '../realtime/cpu-set.ts';
import type { HostInventory } from '../realtime/host.ts';
import type { RealtimeNode } from '../crds/realtime-node.ts';
import type { ClusterNode } from '../store/foreign.ts';
import { isNodeReady, isSaidToBeOff, offeredHost, withFacts } from './node-facts.ts';

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

const taint = (key: string) => node({ taints: [{ key: `node.kubernetes.io/${key}`, effect: 'NoExecute' }] });
const realtimeNode = (annotations: Record<string, string>, notReady = false): RealtimeNode => ({
  apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeNode', metadata: { name: 'n1', annotations },
  spec: { dedicatedCpus: '1-3', sharedCpus: '0', vcpusPerSharedCpu: 4, reservedHugepages: [], unschedulable: false, maxPriority: 49, networks: [], deviceClasses: [] },
  status: {
    topology: { numaNodes: [{ id: 0, cpus: '0-3', memoryMiB: 1024, hugepages: [] }], caches: [], pciDevices: [] }, orphans: [],
    ...(notReady ? { conditions: [{ type: 'Ready', status: 'False' as const, reason: 'R', message: 'no /dev/kvm', lastTransitionTime: '2026-01-31T12:00:00Z' }] } : {}),
  },
});
const word = realtimeNode({ 'rtvm.dev/out-of-service': 'by a person' });

describe('isSaidToBeOff', () => {
  it.each([
    ['a silent agent is not enough', undefined, { node: node(), alive: false }, false],
    ['nor is a deleted Node: its machine may run on', realtimeNode({}), { node: undefined, alive: false }, false],
    ['a person\'s taint says so', undefined, { node: taint('out-of-service'), alive: false }, true],
    ['another taint does not', undefined, { node: taint('unreachable'), alive: false }, false],
    ['a person\'s word does where there is no Node', word, { node: undefined, alive: false }, true],
    ['and does not where there is one', word, { node: node(), alive: false }, false],
    ['a word that is left beside the Node\'s taint is not needed', word, { node: taint('out-of-service'), alive: false }, true],
  ])('%s', (_, own, facts, expected) => {
    expect(isSaidToBeOff(own, facts)).toBe(expected);
  });
});

describe('isNodeReady', () => {
  const says = (status: string, type = 'Ready'): ClusterNode => ({ ...node(), status: { conditions: [{ type, status }] } });
  it.each([
    ['no Node', undefined, false],
    ['a Node that says nothing', node(), false],
    ['a kubelet that is well', says('True'), true],
    ['a kubelet that is silent', says('Unknown'), false],
    ['another condition', says('True', 'MemoryPressure'), false],
  ])('%s', (_, found, expected) => {
    expect(isNodeReady({ node: found, alive: true })).toBe(expected);
  });
});

describe('offeredHost', () => {
  const notReady = (...args: Parameters<typeof offeredHost>) => {
    const host = offeredHost(...args);
    return host.ok ? host.value.notReady : host.problems;
  };

  it('is as the node is, with what the cluster says of it', () => {
    expect(notReady(realtimeNode({}), undefined, undefined)).toBeUndefined();
    expect(notReady(realtimeNode({}, true), undefined, undefined)).toBe('no /dev/kvm');
    expect(notReady(realtimeNode({}), { node: node(), alive: false }, undefined)).toBe('its agent has not renewed its Lease');
  });

  it('is closed for whatever reason the protocol gives', () => {
    expect(notReady(realtimeNode({}, true), { node: node(), alive: true }, 'its agent has not told yet')).toBe('its agent has not told yet');
  });
});
