import { describe, expect, it } from 'vitest';
import { restoreIn, withAcceptance, withRestore } from './restore-words.ts';

const [restore, accepted] = ['rtvm.dev/restore', 'rtvm.dev/restore-accepted'];

describe('a restore in annotations', () => {
  it('is read as it was written, beside whatever else is there', () => {
    const others = { 'rtvm.dev/count': '7' };
    const written = withRestore(others, { id: 'r', kind: 'suspected' });
    expect(written).toEqual({ ...others, [restore]: '{"id":"r","kind":"suspected"}' });
    expect(restoreIn(written)).toEqual({ id: 'r', kind: 'suspected' });
    expect(withRestore(written, undefined)).toEqual(others);
  });

  it('is accepted by a word that names it, with the nodes that are off', () => {
    const written = withAcceptance(withRestore({}, { id: 'r', kind: 'found' }), 'r', ['n2']);
    expect(restoreIn(written)).toEqual({ id: 'r', kind: 'found', accepted: { off: ['n2'] } });
    expect(restoreIn({ ...written, [accepted]: '{"id":"r"}' })?.accepted).toEqual({ off: [] });
  });

  it('is not accepted by the word about another, which stays where this one is confirmed and goes when it is closed', () => {
    const written = withAcceptance(withRestore({}, { id: 'r', kind: 'suspected' }), 'q', []);
    expect(restoreIn(written)?.accepted).toBeUndefined();
    expect(withRestore(written, { id: 'r', kind: 'found' })[accepted]).toBe(written[accepted]);
    expect(withRestore(written, undefined)).toEqual({});
  });

  it.each([
    ['nothing', undefined], ['no JSON', 'r'], ['another value', '[]'], ['no ID', '{"kind":"found"}'], ['an empty ID', '{"id":"","kind":"found"}'],
    ['too long an ID', JSON.stringify({ id: 'r'.repeat(65), kind: 'found' })], ['another kind', '{"id":"r","kind":"sure"}'],
  ])('is none where somebody has written %s', (_, text) => {
    expect(restoreIn(text === undefined ? undefined : { [restore]: text })).toBeUndefined();
  });

  it.each(['yes', '{}', '{"id":"r","off":"n1"}', '{"id":"r","off":[1]}'])('is not accepted by %s', (text) => {
    expect(restoreIn({ [restore]: '{"id":"r","kind":"found"}', [accepted]: text })).toEqual({ id: 'r', kind: 'found' });
  });
});
