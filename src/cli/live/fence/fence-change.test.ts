import { describe, expect, it } from 'vitest';
import { outOfServiceTaint, outOfServiceWord } from '../../../controller/node-facts.ts';
import type { ClusterNode, Lease } from '../../../store/foreign.ts';
import type { Stored } from '../../../store/resource.ts';
import type { NodeStates } from '../node-state.ts';
import { fenceChange, unfenceChange } from './fence-change.ts';

const now = new Date('2026-11-22T10:00:00Z');

function realtimeNode(word?: string): Stored<'RealtimeNode'> {
  return { metadata: { name: 'n1', ...(word === undefined ? {} : { annotations: { [outOfServiceWord]: word } }) }, spec: {} } as Stored<'RealtimeNode'>;
}

function states({ node, renewedSecondsAgo, ...rest }: { readonly node?: object; readonly renewedSecondsAgo?: number } & Partial<NodeStates> = {}): NodeStates {
  const lease = { metadata: { name: 'n1' }, spec: { renewTime: new Date(now.getTime() - 1000 * (renewedSecondsAgo ?? 0)).toISOString(), leaseDurationSeconds: 40 } } as Lease;
  return {
    nodes: new Map(node === undefined ? [] : [['n1', node as ClusterNode]]), leases: new Map(renewedSecondsAgo === undefined ? [] : [['n1', lease]]), now, notes: [], ...rest,
  };
}

const taints = (key: string) => ({ metadata: { name: 'n1' }, spec: { taints: [{ key, effect: 'NoExecute' }] }, status: {} });

describe('that a machine is off', () => {
  it('is written with who says so, and when, where there is no Node and its agent is silent', () => {
    for (const known of [states(), states({ renewedSecondsAgo: 41 })]) {
      expect(fenceChange(realtimeNode(), known, 'jane')).toMatchObject({ kind: 'patch', value: 'jane 2026-11-22T10:00:00.000Z' });
    }
  });

  it('is said once', () => {
    expect(fenceChange(realtimeNode('joe yesterday'), states(), 'jane')).toEqual({ kind: 'nothing', message: 'it is said to be off already, by joe yesterday' });
    expect(fenceChange(realtimeNode(), states({ node: taints(outOfServiceTaint) }), 'jane')).toMatchObject({ kind: 'nothing' });
  });

  it.each<[string, NodeStates, string]>([
    ['while there is a Node', states({ node: taints('team') }), 'accepted: kubectl taint node n1 node.kubernetes.io/out-of-service=nodeshutdown:NoExecute'],
    ['while its agent is at work', states({ renewedSecondsAgo: 5 }), 'its agent has renewed its Lease 5s ago, so the machine is on'],
    ['by who may not read Nodes', states({ nodes: undefined }), 'it takes list of nodes'],
    ['by who may not read Leases', states({ leases: undefined }), 'it takes list of leases'],
  ])('is not taken %s', (_, known, says) => {
    const change = fenceChange(realtimeNode(), known, 'jane');
    expect(change).toMatchObject({ kind: 'refused', message: expect.stringContaining(says) as string });
  });

  it('is taken back where it was said', () => {
    expect(unfenceChange(realtimeNode('joe yesterday'))).toMatchObject({ kind: 'patch', value: null, message: expect.stringContaining('by joe yesterday') as string });
    expect(unfenceChange(realtimeNode())).toMatchObject({ kind: 'nothing' });
  });
});
