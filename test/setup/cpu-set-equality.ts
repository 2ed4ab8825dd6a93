// A CpuSet keeps its members private, so the test runner would call any two of them equal: this makes it ask them.
import { expect } from 'vitest';
import { CpuSet } from '../../src/realtime/cpu-set.ts';

expect.addEqualityTesters([
  (left: unknown, right: unknown) => {
    if (!(left instanceof CpuSet) && !(right instanceof CpuSet)) return undefined;
    return left instanceof CpuSet && right instanceof CpuSet && left.equals(right);
  },
]);
