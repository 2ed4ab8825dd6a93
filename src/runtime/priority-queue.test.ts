import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PriorityQueue } from './priority-queue.ts';

test('serves as a list does that is sorted by highest priority ever asked, then by first arrival', () => {
  const step = fc.oneof(fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e'), priority: fc.integer({ min: -3, max: 3 }) }), fc.constant('take' as const));
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const queue = new PriorityQueue();
    let model: { key: string; priority: number; arrival: number }[] = [];
    steps.forEach((next, arrival) => {
      if (next === 'take') {
        const [first] = model.toSorted((one, other) => other.priority - one.priority || one.arrival - other.arrival);
        model = model.filter((place) => place !== first);
        const taken = queue.take();
        expect(taken && { key: taken.key, priority: taken.priority }).toStrictEqual(first && { key: first.key, priority: first.priority });
      } else {
        const before = model.find(({ key }) => key === next.key);
        expect(queue.add(next.key, next.priority)).toBe(before === undefined);
        if (before === undefined) model.push({ ...next, arrival });
        else before.priority = Math.max(before.priority, next.priority);
      }
      expect(queue.size).toBe(model.length);
    });
  }));
});

test('is empty once cleared', () => {
  const queue = new PriorityQueue();
  queue.add('a', 1);
  queue.clear();
  expect([queue.size, queue.take()]).toStrictEqual([0, undefined]);
});
