import { expect, it } from 'vitest';
import type { NodeView, VmView } from '../wire.ts';
import { Model } from './model.ts';

const vm = (key: string, more: Partial<VmView> = {}): VmView => ({ key, phase: 'Running', ready: 'True', verified: 'True', errors: 0, warnings: 0, ...more });
const placed = (key: string) => ({ key, letter: 'A', colour: 0, orphan: false, errors: 0, warnings: 0, flagged: [], phase: 'Running' });
const node = (name: string, more: Partial<NodeView> = {}): NodeView => ({ name, marks: [], numa: [], vms: [], dedicated: 4, taken: 1, ...more });
const nothing = { nodes: [], vms: [], goneNodes: [], goneVms: [] };

it('counts as objects come, change and go', () => {
  const model = new Model();
  model.apply({ ...nothing, nodes: [node('n1', { vms: [placed('a/b')] }), node('n2', { marks: [{ level: 'bad', label: 'x', text: 'y' }] })], vms: [vm('a/b'), vm('a/c', { phase: 'Pending', ready: 'False' })] });
  expect(model.totals).toEqual({ nodes: 2, nodesNeedingCare: 1, vms: 2, fine: 1, pending: 1, unverified: 0, dedicated: 8, taken: 2 });
  expect([...model.nodesOf('a/b')]).toEqual(['n1']);
  const changed = model.apply({ ...nothing, nodes: [node('n1', { taken: 3 })], vms: [vm('a/b', { verified: 'False', ready: 'False' })], goneNodes: ['n2'], goneVms: ['a/c'] });
  expect(changed).toEqual({ nodes: new Set(['n1', 'n2']), vms: new Set(['a/b', 'a/c']) });
  expect(model.totals).toEqual({ nodes: 1, nodesNeedingCare: 0, vms: 1, fine: 0, pending: 0, unverified: 1, dedicated: 4, taken: 3 });
  expect(model.nodesOf('a/b').size).toBe(0);
});

it('forgets, when all has been told anew, what was not told again', () => {
  const model = new Model();
  model.apply({ ...nothing, nodes: [node('n1'), node('n2')], vms: [vm('a/b'), vm('a/c')] });
  model.beginAnew();
  model.apply({ ...nothing, nodes: [node('n2')], vms: [vm('a/c')] });
  // Until then it is shown still: nothing flickers.
  expect(model.totals.vms).toBe(2);
  expect(model.allTold()).toEqual({ nodes: new Set(['n1']), vms: new Set(['a/b']) });
  expect([[...model.nodes.keys()], [...model.vms.keys()]]).toEqual([['n2'], ['a/c']]);
  expect(model.allTold()).toEqual({ nodes: new Set(), vms: new Set() });
});
