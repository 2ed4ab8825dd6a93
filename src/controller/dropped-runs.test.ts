// A controller of the version before has written a VM's status, which drops its run, and the node's table was lost.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { otherThan, SmallCluster } from './testing/small-cluster.ts';
import { SpokenAgent } from './testing/spoken-agent.ts';

let cluster: SmallCluster;

beforeEach(async () => {
  cluster = new SmallCluster();
  await cluster.start();
});

afterEach(() => cluster.stop());

/** Then nothing but the placement in the VM's status names the node; its agent is silent, and what runs runs on. */
async function lost() {
  const { store, agents } = cluster;
  const node = await cluster.startVm();
  const other = otherThan(node);
  await agents.get(node)!.stop();
  const [entry] = (await cluster.table(node)).spec.guests;
  await cluster.stopLeading();
  const { status: { run, ...status } = {}, ...vm } = await cluster.vm();
  expect(run).toMatchObject({ node, state: 'Open' });
  await store.updateStatus({ ...vm, status: { ...status, phase: 'Running' } });
  await store.delete('RealtimeAllocation', { name: node });
  cluster.lead();
  await cluster.pass(60, other);
  return { node, other, entry: entry! };
}

const granted = async (name: string) => (await cluster.table(name)).spec.guests;

describe('a VM whose run was dropped, and whose table was lost', () => {
  it('is placed nowhere before the node that its status names has told what runs there', async () => {
    const { node, other } = await lost();
    const { status } = await cluster.vm();
    expect([status?.run, status?.placement?.nodeName, await granted(other), await granted(node)])
      .toEqual([undefined, node, [], []]);
    expect((await cluster.conditions())['Placed']).toBe('False/NodeNotHeard');
  });

  it('goes on where it runs, by its own grant, once that is told', async () => {
    const { node, other, entry: { vm, guest, placement, grant, generation } } = await lost();
    const back = new SpokenAgent(cluster.store, node, 'of the next process');
    cluster.agents.set(node, back);
    await back.tellUnlisted([{
      grant: grant!.name, salt: grant!.salt, domain: 'ran.a', uuid: '00000000-0000-4000-8000-000000000001',
      vm, guest, placement, generation,
    }]);
    await cluster.pass(15, node, other);
    expect((await cluster.vm()).status?.run).toMatchObject({ node, grant: grant!.name, state: 'Open' });
    expect(await granted(node)).toMatchObject([{ grant, placement, desired: 'Running' }]);
    expect([await granted(other), (await cluster.table(node)).spec.session]).toEqual([[], 'of the next process']);
  });

  it('is opened anew once its agent has told that it does not run', async () => {
    const { node, other } = await lost();
    cluster.agents.set(node, new SpokenAgent(cluster.store, node, 'of the next process'));
    await cluster.pass(15, node, other);
    const { status } = await cluster.vm();
    expect(status?.run).toMatchObject({ count: 1, state: 'Open' });
    expect((await granted(status!.run!.node)).map(({ grant }) => grant?.name)).toEqual([status?.run?.grant]);
  });

  it('is opened elsewhere once a person has said that the machine is off', async () => {
    const { node, other } = await lost();
    cluster.putNode(node, false, ['node.kubernetes.io/out-of-service']);
    await cluster.pass(60, other);
    expect([(await cluster.table(node)).spec.fenced, (await cluster.vm()).status?.run?.node]).toEqual([true, other]);
  });
});
