import { expect, it } from 'vitest';
import { colours } from '../wire.ts';
import { letterOf, nameVms } from './names-on-node.ts';

const letters = (names: ReturnType<typeof nameVms>) => [...names].map(([uid, name]) => `${uid}=${letterOf(name)}`);

it('keeps what VMs are called, and gives free names to new ones', () => {
  const first = nameVms(new Map(), ['u', 'v', 'w']);
  expect(letters(first)).toEqual(['u=A', 'v=B', 'w=C']);
  const second = nameVms(first, ['x', 'w', 'u']);
  expect(letters(second)).toEqual(['x=B', 'w=C', 'u=A']);
  expect([second.get('w'), second.get('u')]).toEqual([first.get('w'), first.get('u')]);
});

it('gives each VM of a node a colour of its own while there are any, and any after that', () => {
  const uids = Array.from({ length: colours + 3 }, (_, index) => `uid-${index}`);
  const of = (names: ReturnType<typeof nameVms>) => [...names.values()].map(({ colour }) => colour);
  expect(of(nameVms(new Map(), uids.slice(0, colours))).toSorted()).toEqual([...Array(colours).keys()]);
  expect(of(nameVms(new Map(), uids)).every((colour) => colour >= 0 && colour < colours)).toBe(true);
});
