import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { machineRuntime } from '../runtime/runtime.ts';
import type { Stored } from '../store/resource.ts';
import { Hearing } from './hearing.ts';

const node = (name: string, term?: string) => ({ metadata: { name }, ...(term === undefined ? {} : { status: { term } }) }) as Stored<'RealtimeNode'>;

function hearing(...alive: string[]) {
  const clock = { nowMs: 1000 };
  const living = new Set(alive);
  const asked: string[] = [];
  const unanswered: string[] = [];
  const heard = new Hearing({
    runtime: { ...machineRuntime, clock: { ...machineRuntime.clock, nowMs: () => clock.nowMs } },
    isAlive: (name) => living.has(name),
    ask: (name) => asked.push(name),
    unanswered: (names) => unanswered.push(...names),
  });
  return { clock, living, asked, unanswered, hearing: heard };
}

describe('hearing every agent before placing', () => {
  it('waits for nobody before it has begun, and where there are no nodes', () => {
    const { hearing: heard } = hearing();
    expect(heard.wait).toBeUndefined();
    heard.begin([]);
    expect(heard.wait).toBeUndefined();
  });

  it('asks each node, and waits until each has repeated the term', () => {
    const { hearing: heard, asked, clock, unanswered } = hearing('a', 'b');
    heard.begin([node('a'), node('b')]);
    expect(asked).toEqual(['a', 'b']);
    heard.nodeSeen(node('a', heard.term));
    clock.nowMs += 300;
    expect(heard.wait).toEqual({ sinceMs: 300, forMs: 39_700 });
    heard.nodeSeen(node('b', heard.term));
    expect(heard.wait).toBeUndefined();
    expect(unanswered).toEqual([]);
  });

  it.each<[string, (setUp: ReturnType<typeof hearing>) => void]>([
    ['one that does not answer in 40 s', ({ clock }) => { clock.nowMs += 40_000; }],
    ['one whose agent is away', ({ living }) => { living.delete('a'); }],
    ['one that is deleted', ({ hearing: heard }) => heard.nodeGone('a')],
  ])('does not wait for %s', (_, happens) => {
    const setUp = hearing('a');
    setUp.hearing.begin([node('a')]);
    expect(setUp.hearing.wait).toBeDefined();
    happens(setUp);
    expect(setUp.hearing.wait).toBeUndefined();
  });

  it('says once whom it has waited for in vain', () => {
    const { hearing: heard, clock, living, unanswered } = hearing('a', 'b', 'c');
    heard.begin(['a', 'b', 'c'].map((name) => node(name)));
    heard.nodeSeen(node('b', heard.term));
    living.delete('c');
    clock.nowMs += 40_000;
    expect([heard.wait, heard.wait]).toEqual([undefined, undefined]);
    expect(unanswered).toEqual(['a']);
  });

  it('waits again for one that was away and comes back in time without having answered', () => {
    const { hearing: heard, living } = hearing();
    heard.begin([node('a')]);
    expect(heard.wait).toBeUndefined();
    living.add('a');
    expect(heard.wait).toEqual({ sinceMs: 0, forMs: 40_000 });
  });

  it.each([['no term, as of an older version', undefined], ['another term', 'another']])('takes %s for no answer', (_, term) => {
    const { hearing: heard } = hearing('a');
    heard.begin([node('a')]);
    heard.nodeSeen(node('a', term));
    expect(heard.wait).toBeDefined();
  });

  it('asks anew in a term of its own when the store has gone back', () => {
    const { hearing: heard, asked } = hearing('a');
    heard.begin([node('a')]);
    const first = heard.term;
    heard.nodeSeen(node('a', first));
    heard.begin([node('a')]);
    heard.nodeSeen(node('a', first));
    expect(heard.wait).toBeDefined();
    expect(asked).toEqual(['a', 'a']);
  });

  it('for 40 s after it began, waits for exactly the living nodes that have not answered', () => {
    const names = ['a', 'b', 'c'];
    const happening = fc.record({
      name: fc.constantFrom(...names), what: fc.constantFrom('answers', 'answers wrongly', 'dies', 'lives', 'is deleted', 'begins anew'), afterMs: fc.nat(6000),
    });
    fc.assert(fc.property(fc.array(happening, { maxLength: 40 }), (happenings) => {
      const { hearing: heard, clock, living } = hearing(...names);
      let [unheard, endsAtMs] = [new Set(names), clock.nowMs + 40_000];
      heard.begin(names.map((name) => node(name)));
      for (const { name, what, afterMs } of happenings) {
        clock.nowMs += afterMs;
        if (what === 'answers') heard.nodeSeen(node(name, heard.term));
        if (what === 'answers wrongly') heard.nodeSeen(node(name, 'another'));
        if (what === 'is deleted') heard.nodeGone(name);
        if (what === 'dies') living.delete(name);
        if (what === 'lives') living.add(name);
        if (what === 'answers' || what === 'is deleted') unheard.delete(name);
        if (what === 'begins anew') {
          heard.begin(names.map((one) => node(one)));
          [unheard, endsAtMs] = [new Set(names), clock.nowMs + 40_000];
        }
        const waits = clock.nowMs < endsAtMs && names.some((one) => unheard.has(one) && living.has(one));
        expect(heard.wait).toEqual(waits ? { sinceMs: 40_000 - (endsAtMs - clock.nowMs), forMs: endsAtMs - clock.nowMs } : undefined);
      }
    }));
  });
});
