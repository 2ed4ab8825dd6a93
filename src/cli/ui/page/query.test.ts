import { expect, it } from 'vitest';
import type { NodeView, VmView } from '../wire.ts';
import { Model } from './model.ts';
import { isEmpty, nodeMatches, parseQuery, toggleState, vmMatches } from './query.ts';
import { standingOf } from './standing.ts';

const vm = (more: Partial<VmView>): VmView => ({ key: 'ran/du-1', phase: 'Running', ready: 'True', node: 'node-7', errors: 0, warnings: 0, ...more });

it.each<[Partial<VmView>, string, string]>([
  [{ verified: 'True' }, 'fine', 'Verified'],
  [{}, 'fine', 'Running'],
  [{ verified: 'False', ready: 'False' }, 'bad', 'Not verified'],
  [{ errors: 1, verified: 'True' }, 'bad', 'Not verified'],
  [{ phase: 'Unknown', ready: 'Unknown', verified: 'Unknown' }, 'bad', 'Unknown'],
  [{ phase: 'Failed', ready: 'False' }, 'bad', 'Failed'],
  [{ phase: 'Pending', ready: 'False' }, 'waiting', 'Pending'],
  [{ phase: 'Starting', ready: 'False' }, 'changing', 'Starting'],
  [{ ready: 'False', verified: 'Unknown' }, 'changing', 'Auditing'],
  [{ ready: 'False', verified: 'Unknown', reason: 'Emulated' }, 'bad', 'Emulated'],
  [{ deleting: true, verified: 'False' }, 'changing', 'Deleting'],
])('%j stands as %s, called %s', (more, kind, word) => {
  expect(standingOf(vm(more))).toEqual({ kind, word });
});

it('tells a VM that is stopped on purpose from one that is not', () => {
  const halted: VmView = { key: 'ran/du-1', phase: 'Stopped', errors: 0, warnings: 0 };
  expect([standingOf(halted), standingOf(vm({ phase: 'Stopped', ready: 'False' }))].map(({ kind }) => kind)).toEqual(['off', 'changing']);
});

it.each<[string, Partial<VmView>, boolean]>([
  ['', {}, true],
  ['DU  ran', {}, true],
  ['du upf', {}, false],
  ['node-7', {}, true],
  ['node:node-7', {}, true],
  ['node:node-8', {}, false],
  ['is:attention', {}, false],
  ['is:attention', { errors: 1 }, true],
  ['is:pending du', { phase: 'Pending' }, true],
  ['is:unverified', { phase: 'Pending' }, false],
  ['is:unverified', { phase: 'Unknown' }, true],
])('%j finds %j: %s', (text, more, found) => {
  expect(vmMatches(parseQuery(text), vm(more))).toBe(found);
});

it('finds nodes by themselves and by what runs there', () => {
  const model = new Model();
  const placed = { key: 'ran/du-1', letter: 'A', colour: 0, orphan: false, errors: 0, warnings: 0, flagged: [], phase: 'Running' };
  const node: NodeView = { name: 'node-7', marks: [], numa: [], vms: [placed], dedicated: 0, taken: 0 };
  model.apply({ nodes: [node], vms: [vm({ errors: 1 })], goneNodes: [], goneVms: [] });
  const found = (text: string, shown = node) => nodeMatches(parseQuery(text), shown, model);
  expect(['', 'du-1', 'node-7', 'is:unverified', 'is:attention', 'is:pending', 'upf', 'node:x'].filter((text) => found(text))).toEqual(['', 'du-1', 'node-7', 'is:unverified', 'is:attention', 'is:pending']);
  const empty = { ...node, vms: [] };
  expect([found('is:attention', empty), found('is:attention', { ...empty, marks: [{ level: 'note', label: '', text: '' }] }), found('is:attention', { ...empty, marks: [{ level: 'warn', label: '', text: '' }] })]).toEqual([false, false, true]);
});

it('puts a state into the text, in place of another, and takes it out again', () => {
  expect([toggleState('du', 'pending'), toggleState('is:pending du', 'attention'), toggleState('is:pending du', 'pending')]).toEqual(['is:pending du', 'is:attention du', 'du']);
  expect([isEmpty(parseQuery(' ')), isEmpty(parseQuery('is:pending'))]).toEqual([true, false]);
});
