// What a host's administrator gives to guests is asked by its agent, too: whoever has written the table.
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { RealtimeNode } from '../../../src/crds/realtime-node.ts';
import { modify } from '../../../src/store/modify.ts';
import type { Stored } from '../../../src/store/resource.ts';
import { condition, OneHost, timeout, vmYaml } from './one-host.ts';

let one: OneHost;
beforeEach(async () => { one = await OneHost.make(); });
afterEach(async () => { await one[Symbol.asyncDispose](); });

async function give(spec: Partial<RealtimeNode['spec']>): Promise<void> {
  await modify(one.store, 'RealtimeNode', { name: 'n1' }, (node) => ({ ...node, spec: { ...node.spec, ...spec } }));
}

const running = ({ status }: Stored<'RealtimeVM'>) => status?.conditions?.find(({ type }) => type === 'Running');

/** The one domain ends, and is to be started again at once. */
async function crash(): Promise<void> {
  one.host.end(one.host.running()[0]!.uuid, 'crashed');
  await one.report(({ phase }) => phase !== 'Running');
  one.nowMs += 600_000;
}

it('a domain that has ended is not started again on pCPUs that are given to nobody any more; where it runs, it runs on', { timeout }, async () => {
  await one.apply(vmYaml());
  one.start();
  await one.ready();
  const { spec: { guests: [entry] } } = await one.table();
  const own = entry!.placement.vcpuPins.flatMap(({ cpu }) => cpu ?? []);
  await give({ dedicatedCpus: [2, 3, 6, 7].filter((cpu) => !own.includes(cpu)).join(',') });
  await crash();
  const failed = await one.vm((vm) => running(vm)?.reason === 'NotOffered');
  expect(running(failed)?.message).toMatch(/^its place is not what this host gives to guests: CPU \d is not a dedicated CPU of host n1; give it to guests in the RealtimeNode/);
  expect(one.host.running()).toEqual([]);

  await give({ dedicatedCpus: '2-3,6-7' });
  one.nowMs += 600_000;
  expect(condition(await one.ready(), 'Ready')).toBe('True');
});

it('a slip in the RealtimeNode keeps no guest from coming up again', { timeout }, async () => {
  await one.apply(vmYaml());
  one.start();
  await one.ready();
  await give({ dedicatedCpus: '0-999' });
  await crash();
  await expect.poll(() => one.host.running().length, { timeout }).toBe(1);
});
