import { describe, expect, it } from 'vitest';
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import { ClassUse, exclusiveCpuCount, selects } from './class-limits.ts';

type Selector = Parameters<typeof selects>[0];

describe('selects', () => {
  const labels = { team: 'ran', tier: 'gold' };
  it.each<[string, Selector, boolean]>([
    ['an empty selector, everything', {}, true],
    ['a label with its value', { matchLabels: { team: 'ran' } }, true],
    ['not with another value', { matchLabels: { team: 'core' } }, false],
    ['all labels must be there', { matchLabels: { team: 'ran', zone: 'a' } }, false],
    ['In', { matchExpressions: [{ key: 'tier', operator: 'In', values: ['silver', 'gold'] }] }, true],
    ['In, of a label that is not there', { matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }, false],
    ['NotIn', { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['gold'] }] }, false],
    ['NotIn, of a label that is not there', { matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['a'] }] }, true],
    ['Exists', { matchExpressions: [{ key: 'tier', operator: 'Exists' }] }, true],
    ['DoesNotExist', { matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] }, false],
    ['a name that every object has', { matchExpressions: [{ key: 'constructor', operator: 'Exists' }] }, false],
    ['both parts must hold', { matchLabels: { team: 'ran' }, matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] }, false],
  ])('%s', (_, selector, expected) => {
    expect(selects(selector, labels)).toBe(expected);
  });
});

const entry = (uid: string, className: string | undefined, cpus: readonly number[], reservedCpus = '') => ({
  vm: { namespace: 'ran', name: uid, uid },
  className,
  placement: { vcpuPins: [{ vcpu: 0, cpus: '0' }, ...cpus.map((cpu, index) => ({ vcpu: index + 1, cpu }))], reservedCpus },
}) as unknown as AllocatedGuest;

describe('ClassUse', () => {
  it('counts what VMs hold from everybody else: their own CPUs and reserved ones, not shared ones', () => {
    expect(exclusiveCpuCount(entry('a', 'c', [2, 4], '3,5-6'))).toBe(5);
  });

  it('adds up by class and namespace, and forgets what is given back', () => {
    const use = new ClassUse();
    use.set(entry('a', 'gold', [1, 2]));
    use.set(entry('b', 'gold', [3]));
    use.set(entry('c', 'silver', [4]));
    use.set(entry('d', undefined, [5]));
    expect([use.held('gold', 'ran'), use.held('silver', 'ran'), use.held('gold', 'core')]).toEqual([3, 1, 0]);
    use.set(entry('a', 'gold', [1]));
    use.remove('b');
    use.remove('b');
    expect(use.held('gold', 'ran')).toBe(1);
    use.remove('a');
    expect(use.held('gold', 'ran')).toBe(0);
  });
});
