import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Subscription } from './subscription.ts';
import type { WatchEvent } from './watch-event.ts';

interface Thing {
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string };
  readonly value: number;
}

const keys = ['a', 'b', 'c'] as const;

/** A change of what is: an object made, changed or made anew under its name, or gone; or the reader's turn. */
const step = fc.oneof(
  fc.record({ key: fc.constantFrom(...keys), uid: fc.integer({ min: 1, max: 2 }), version: fc.integer({ min: 1, max: 3 }), value: fc.integer({ min: 0, max: 1 }) }),
  fc.record({ gone: fc.constantFrom(...keys) }),
  fc.constant('read' as const),
);

test.each(['all', 'changed'] as const)('however changes and reads alternate, the reader ends up with what is (showing %s keys)', async (shown) => {
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
    const subscription = new Subscription<Thing>();
    const objects = new Map<string, Thing>();
    const told = new Map<string, Thing>();
    let isSynced = false;
    const reader = subscription.events();
    const take = async () => {
      const { value } = await reader.next() as { value: WatchEvent<Thing> };
      if (value.type === 'synced') {
        expect(isSynced).toBe(false);
        isSynced = true;
      } else if ('object' in value) {
        const { name, uid } = value.object.metadata;
        const before = told.get(name);
        expect(before === undefined ? 'added' : 'known').toBe(value.type === 'added' ? 'added' : 'known');
        if (before !== undefined) expect(before.metadata.uid).toBe(uid);
        if (value.type === 'deleted') told.delete(name);
        else told.set(name, value.object);
      }
    };
    const isBehind = () => !isSynced || JSON.stringify([...told].sort()) !== JSON.stringify([...objects].sort());
    subscription.show({ objects, problems: [] });
    for (const next of steps) {
      if (next === 'read') {
        if (isBehind()) await take();
        continue;
      }
      const key = 'gone' in next ? next.gone : next.key;
      if ('gone' in next) objects.delete(key);
      else objects.set(key, { metadata: { name: key, uid: String(next.uid), resourceVersion: String(next.version) }, value: next.value });
      subscription.show({ objects, problems: [] }, shown === 'all' ? undefined : [key]);
    }
    while (isBehind()) await take();
    subscription.end();
    expect(await reader.next()).toStrictEqual({ done: true, value: undefined });
  }), { numRuns: 300 });
});

test('problems come when they change, and an end or an error ends the loop', async () => {
  const problem = (message: string) => ({ code: 'STORE_FAILED', file: 'f', path: '', message });
  const subscription = new Subscription<Thing>(({ value }) => value > 0);
  const reader = subscription.events();
  subscription.show({ objects: undefined, problems: [problem('one')] });
  subscription.show({ objects: undefined, problems: [problem('two')] });
  expect((await reader.next()).value).toStrictEqual({ type: 'problems', problems: [problem('two')] });
  subscription.show({ objects: new Map([['a', { metadata: { name: 'a', uid: '1', resourceVersion: '1' }, value: 0 }]]), problems: [] });
  expect([(await reader.next()).value, (await reader.next()).value]).toStrictEqual([{ type: 'synced' }, { type: 'problems', problems: [] }]);
  const waiting = reader.next();
  subscription.fail(new Error('broken'));
  await expect(waiting).rejects.toThrow('broken');
});
