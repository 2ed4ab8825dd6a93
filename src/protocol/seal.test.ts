import { describe, expect, it } from 'vitest';
import { formatSeal, isSeal, parseSeal } from './seal.ts';

describe('a seal in one word', () => {
  it('is read as it was written', () => {
    const seal = { term: '5f0c4a8e-0000-4000-8000-000000000000', round: 17 };
    expect(formatSeal(seal)).toBe('5f0c4a8e-0000-4000-8000-000000000000/17');
    expect(parseSeal(formatSeal(seal))).toEqual(seal);
  });

  it.each(['', 'term', 'term/', '/1', 'a/b/1', 'term/-1', 'term/1.5', 'term/1 ', `term/${'9'.repeat(16)}`])('is not %j', (text) => {
    expect([isSeal(text), parseSeal(text)]).toEqual([false, undefined]);
  });

  it('is none where nothing was written', () => {
    expect([isSeal(undefined), isSeal('t/0')]).toEqual([false, true]);
  });
});
