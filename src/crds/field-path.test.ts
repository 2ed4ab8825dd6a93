import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatPath, parsePath } from './field-path.ts';

test.each([
  [[], ''],
  [['spec', 'disks', 1, 'image'], 'spec.disks[1].image'],
  [['metadata', 'labels', 'rtvm.dev/realtime'], 'metadata.labels["rtvm.dev/realtime"]'],
  [['spec', 'a"]b'], 'spec["a\\"]b"]'],
])('%j is %s', (steps, text) => expect(formatPath(steps)).toBe(text));

test('what is written reads back', () => {
  fc.assert(fc.property(fc.array(fc.oneof(fc.string(), fc.nat())), (steps) => {
    expect(parsePath(formatPath(steps))).toEqual(steps);
  }));
});
