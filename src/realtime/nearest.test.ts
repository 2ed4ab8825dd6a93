import { describe, expect, test } from 'vitest';
import { nearest } from './nearest.ts';

const fields = ['vcpus', 'policy', 'threadPolicy', 'coreSharing', 'realtime'];

describe('nearest', () => {
  test.each([
    ['vcpu', 'vcpus'],
    ['vCPUs', 'vcpus'],
    ['polciy', 'policy'],
    ['realTime', 'realtime'],
    ['threadpolcy', 'threadPolicy'],
    ['cpuset', undefined],
    ['', undefined],
    ['x'.repeat(65), undefined],
  ])('%j is taken for %j', (word, expected) => {
    expect(nearest(word, fields)).toBe(expected);
  });

  test('of two equally close the first', () => {
    expect(nearest('ab', ['ac', 'ad'])).toBe('ac');
  });
});
