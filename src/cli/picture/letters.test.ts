import { expect, it } from 'vitest';
import { vmLetter } from './letters.ts';

it('counts on with two letters after the alphabet', () => {
  expect([0, 1, 4, 20, 21, 22, 41, 42].map((index) => vmLetter(index, true))).toEqual(['A', 'B', 'F', 'Z', 'AA', 'AB', 'AZ', 'BA']);
});

it('gives a thousand VMs each a name of their own, in lower case where they were there before', () => {
  const letters = Array.from({ length: 1000 }, (_, index) => vmLetter(index, false));
  expect(new Set(letters).size).toBe(1000);
  expect(letters.every((name) => /^[a-z]+$/.test(name) && !/[exilo]/.test(name))).toBe(true);
});
