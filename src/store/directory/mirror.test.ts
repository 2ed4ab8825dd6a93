import { expect, onTestFinished, test } from 'vitest';
import { machineClock } from '../../runtime/clock.ts';
import type { AnyStored } from '../resource.ts';
import { Subscription } from '../subscription.ts';
import { Mirror } from './mirror.ts';
import type { Look } from './mirror.ts';
import { node } from './testing/samples.ts';
import { temporaryDirectory, testTime } from './testing/temporary.ts';

function stored(name: string, resourceVersion: string): AnyStored {
  const draft = node(name);
  return { ...draft, apiVersion: 'rtvm.dev/v1alpha1', metadata: { ...draft.metadata, uid: name, resourceVersion, generation: 1, creationTimestamp: testTime } };
}

test('who comes during a look is shown the next one: what they know already may be newer than what that has read', async () => {
  const directory = await temporaryDirectory();
  const looks: PromiseWithResolvers<Look>[] = [];
  const begun = async (count: number) => { while (looks.length < count) await new Promise(setImmediate); };
  const mirror = new Mirror(directory, [directory], machineClock, () => {
    const look = Promise.withResolvers<Look>();
    looks.push(look);
    return look.promise;
  });
  onTestFinished(() => mirror.close());
  const found = (resourceVersion: string): Look => ({ objects: new Map([['host-a', stored('host-a', resourceVersion)]]), problems: [], unreadable: new Set() });
  const [first, second] = [new Subscription<AnyStored>(), new Subscription<AnyStored>()];
  const told = async (subscription: Subscription<AnyStored>) => {
    for await (const event of subscription.events()) if ('object' in event) return event.object.metadata.resourceVersion;
    return undefined;
  };
  await mirror.add(first);
  await begun(1);
  await mirror.add(second);
  const [toFirst, toSecond] = [told(first), told(second)];
  looks[0]!.resolve(found('1'));
  expect(await toFirst).toBe('1');
  await begun(2);
  looks[1]!.resolve(found('2'));
  expect(await toSecond).toBe('2');
});
