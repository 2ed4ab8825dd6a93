// A domain that the agent before has left, and that libvirt does not let go.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LibvirtError } from '../../../src/libvirt/errors.ts';
import { OneHost, timeout, vmYaml } from './one-host.ts';

let one: OneHost;
beforeEach(async () => { one = await OneHost.make(); });
afterEach(async () => { await one[Symbol.asyncDispose](); });

it('silences no agent: it counts as living, with what it holds, until it is gone', { timeout }, async () => {
  await one.apply(vmYaml());
  one.start();
  await one.ready();
  const [domain] = one.host.running();
  await one.stop();
  one.host.end(domain!.uuid, 'crashed');
  one.host.keepsDefinitions = new LibvirtError('domainUndefineFlags', {
    number: 55, domainNumber: 10, level: 2, message: 'Requested operation is not valid: it is kept',
  });

  await one.withAgentAlone(async (agent) => {
    await expect.poll(() => agent.isAtWork, { timeout }).toBe(true);
    const [report] = (await one.stated())!.guests;
    expect(report).toMatchObject({ phase: 'Unknown', reason: 'LibvirtRefused', lives: true });
    expect(report?.message).toMatch(/^domain rtvm-default-a-\S+ is off and cannot be undefined: .*it is kept/);
    expect(one.host.domains.map(({ run }) => run)).toEqual(['off']);
  });

  one.host.keepsDefinitions = undefined;
  one.start();
  await one.ready();
});
