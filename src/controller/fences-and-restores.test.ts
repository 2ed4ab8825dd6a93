// A controller with a cluster around it: Leases, Nodes, a person's word, backups. Agents are spoken for.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { modify } from '../store/modify.ts';
import { restoreIn, withAcceptance } from './restore-words.ts';
import { otherThan, SmallCluster } from './testing/small-cluster.ts';
import { SpokenAgent } from './testing/spoken-agent.ts';

let cluster: SmallCluster;
let clock: SmallCluster['clock'];
let server: SmallCluster['server'];
let store: SmallCluster['store'];
let log: SmallCluster['log'];
let agents: SmallCluster['agents'];

beforeEach(async () => {
  cluster = new SmallCluster();
  ({ clock, server, store, log, agents } = cluster);
  await cluster.start();
});

afterEach(() => cluster.stop());

const both = ['n1', 'n2'];
const putNode: SmallCluster['putNode'] = (...node) => cluster.putNode(...node);
const renew: SmallCluster['renew'] = (...lease) => cluster.renew(...lease);
const pass: SmallCluster['pass'] = (...time) => cluster.pass(...time);
const table: SmallCluster['table'] = (name) => cluster.table(name);
const vm = () => cluster.vm();
const conditions = () => cluster.conditions();
const started = () => cluster.startVm();
/** Whether it is fenced, whose session is open, and what is asked of each of its guests. */
const asked = async (name: string) => {
  const { spec: { fenced, session, guests } } = await table(name);
  return [fenced, session, ...guests.map(({ desired }) => desired)];
};
const outOfService = 'node.kubernetes.io/out-of-service';

describe('what a Lease says of an agent', () => {
  it('is that what the agent before it has stated is said no more', async () => {
    const node = await started();
    await renew(node, 'of the next process', 1);
    await clock.pass(6000);
    expect(await conditions())
      .toMatchObject({ Running: 'Unknown/NotSeen', RealtimeVerified: 'Unknown/NotSeen', Ready: 'Unknown/NotSeen' });
    await pass(10, ...both);
    expect((await conditions())['Ready']).toBe('True/RunningVerified');
  });

  it('is said on its RealtimeNode, once it was seen to be renewed, and once it was not for too long', async () => {
    const said = async (name: string) => {
      const { status } = (await store.get('RealtimeNode', { name }))!;
      expect(status?.topology).toBeDefined();
      const found = status?.conditions?.find(({ type }) => type === 'AgentAlive');
      return found === undefined ? undefined : `${found.status}/${found.reason} since ${found.lastTransitionTime}`;
    };
    expect(await said('n1')).toBeUndefined();
    await pass(5, 'n1');
    expect([await said('n1'), await said('n2')]).toEqual(['True/LeaseRenewed since 2026-01-31T12:00:01.000Z', undefined]);
    await pass(60, 'n1');
    expect([await said('n1'), await said('n2')]).toEqual([
      'True/LeaseRenewed since 2026-01-31T12:00:01.000Z', 'False/LeaseLapsed since 2026-01-31T12:00:40.000Z',
    ]);
    await pass(5, 'n2');
    expect(await said('n2')).toBe('True/LeaseRenewed since 2026-01-31T12:01:06.000Z');
  });

  it('is not said by a controller that has just begun, which cannot know it yet: what was said before stands', async () => {
    await pass(60, 'n1');
    const before = await store.list('RealtimeNode');
    await cluster.stopLeading();
    cluster.lead();
    await pass(5);
    expect(await store.list('RealtimeNode')).toEqual(before);
  });

  it('is that a statement which was put back is said no more', async () => {
    const node = await started();
    const { status } = await table(node);
    await renew(node, status!.session, status!.number! + 7);
    await clock.pass(6000);
    expect((await conditions())['RealtimeVerified']).toBe('Unknown/NotSeen');
  });

  it('is, once it has lapsed, that nothing is known; and nothing is placed elsewhere', async () => {
    const node = await started();
    await pass(60, otherThan(node));
    expect(await conditions()).toMatchObject({ Placed: 'True/Placed', Running: 'Unknown/NodeLost', RealtimeVerified: 'Unknown/NodeLost', Ready: 'Unknown/NodeLost' });
    expect((await vm()).status?.run).toMatchObject({ node, state: 'Open', count: 1 });
    await pass(10, ...both);
    expect((await conditions())['Ready']).toBe('True/RunningVerified');
  });
});

describe('a person\'s word that a machine is off', () => {
  it.each<[string, readonly string[], boolean, boolean]>([
    ['its agent renews its Lease', both, false, true],
    ['its Node is Ready', [], true, true],
    ['nobody has given it', [], false, false],
  ])('fences nothing where %s', async (_, alive, isReady, word) => {
    const node = await started();
    putNode(node, isReady, word ? [outOfService] : []);
    await pass(60, otherThan(node), ...alive);
    expect((await table(node)).spec.fenced).toBeUndefined();
    expect((await vm()).status?.run).toMatchObject({ node, state: 'Open', count: 1 });
  });

  /** Fenced, and its VM is placed on the other node. */
  async function fenced(): Promise<{ readonly node: string; readonly other: string }> {
    const node = await started();
    const other = otherThan(node);
    putNode(node, false, [outOfService]);
    await agents.get(node)!.stop();
    await pass(60, other);
    return { node, other };
  }

  it('lets its VMs run elsewhere, once three that do not know of each other say so', async () => {
    const { node, other } = await fenced();
    expect(await asked(node)).toEqual([true, undefined, 'Stopped']);
    expect((await vm()).status?.run).toMatchObject({ node: other, state: 'Open', count: 3 });
    expect((await table(other)).spec.guests).toMatchObject([{ desired: 'Running', placement: { nodeName: other } }]);
    expect(log.entries).toContainEqual(expect.objectContaining({ message: 'node is fenced: a person says that its machine is off' }));
  });

  it('stands until it is taken back: then a machine on which nothing of before runs is a node like any', async () => {
    const { node } = await fenced();
    agents.set(node, new SpokenAgent(store, node, 'of the next process'));
    await pass(10, ...both);
    expect(await asked(node)).toEqual([true, undefined]);
    putNode(node);
    await pass(10, ...both);
    expect(await asked(node)).toEqual([undefined, 'of the next process']);
  });

  it('that was not true ends nothing: the VM is said to run twice, and nothing is started there', async () => {
    const { node, other } = await fenced();
    const { metadata: { uid } } = await vm();
    await agents.get(other)!.tell(uid, { phase: 'Running', reason: 'Verified', audit: { verdict: 'Verified', findings: [] } });
    const back = new SpokenAgent(store, node, 'of the next process');
    agents.set(node, back);
    await back.tell(uid, { phase: 'Running' });
    putNode(node);
    await pass(15, ...both);
    expect(await conditions())
      .toMatchObject({ Running: 'Unknown/RunsTwice', Ready: 'False/RunsTwice', Stalled: 'True/RunsTwice' });
    expect(await asked(node)).toEqual([true, undefined, 'Stopped']);
    expect(await asked(other)).toEqual([undefined, `session-of-${other}`, 'Running']);
    expect(log.entries).toContainEqual(expect.objectContaining({
      level: 'error', message: 'a domain runs on a node whose VM was started elsewhere; nothing is ended, and nothing is started there',
    }));
    // A person has ended it by hand.
    await back.tell(uid, { phase: 'Stopped' });
    await pass(10, ...both);
    expect(await asked(node)).toEqual([undefined, 'of the next process']);
    expect((await conditions())['Ready']).toBe('True/RunningVerified');
  });

  it('that was not true of a VM that runs nowhere else ends it only when it is deleted', async () => {
    const node = await started();
    putNode(otherThan(node), true, ['team']);
    putNode(node, false, [outOfService]);
    await agents.get(node)!.stop();
    await pass(60, otherThan(node));
    expect((await vm()).status?.run).toMatchObject({ node, state: 'Closed' });
    const { metadata: { uid } } = await vm();
    const back = new SpokenAgent(store, node, 'of the next process');
    agents.set(node, back);
    await back.tell(uid, { phase: 'Running' });
    putNode(node);
    await pass(15, ...both);
    expect([(await conditions())['Placed'], await asked(node)]).toEqual(['False/OldDomainRuns', [true, undefined, 'Stopped']]);
    await store.delete('RealtimeVM', { namespace: 'ran', name: 'a' });
    await pass(10, ...both);
    expect(await asked(node)).toEqual([true, undefined, 'Removed']);
    const { metadata: { generation }, spec: { guests: [entry] } } = await table(node);
    // It is asked once.
    await pass(30, ...both);
    expect((await table(node)).metadata.generation).toBe(generation);
    await back.tell(uid, { phase: 'Removed', request: entry?.request });
    await pass(10, ...both);
    expect([await store.get('RealtimeVM', { namespace: 'ran', name: 'a' }), await asked(node)])
      .toEqual([undefined, [undefined, 'of the next process']]);
  });

  it('is given on the RealtimeNode where the Node is gone, and a Node that is gone says nothing by itself', async () => {
    const node = await started();
    const gone = server.find('Node', { name: node })!;
    const { resourceVersion } = server.stamp();
    server.put('Node', { ...gone, metadata: { ...gone.metadata, resourceVersion, deletionTimestamp: clock.date().toISOString() } });
    await pass(60, otherThan(node));
    expect([server.find('Node', { name: node }), (await table(node)).spec.fenced]).toEqual([undefined, undefined]);
    await modify(store, 'RealtimeNode', { name: node }, ({ metadata, ...rest }) => (
      { ...rest, metadata: { ...metadata, annotations: { 'rtvm.dev/out-of-service': 'by a person' } } }
    ));
    await pass(10, otherThan(node));
    expect([(await table(node)).spec.fenced, (await vm()).status?.run?.node]).toEqual([true, otherThan(node)]);
  });
});

describe('a store that is put back', () => {
  const leader = { namespace: 'rtvm', name: 'leader' };
  const open = async () => restoreIn((await store.getForeign('Lease', leader))?.metadata.annotations);

  /** Of a person. */
  async function accept(...off: readonly string[]): Promise<void> {
    const lease = (await store.getForeign('Lease', leader))!;
    const annotations = withAcceptance(lease.metadata.annotations, (await open())!.id, off);
    await store.updateForeign('Lease', { ...lease, metadata: { ...lease.metadata, annotations } });
  }

  /** A VM that is asked to run by the backup, and was halted and has ended since. */
  async function putBack(bumped: boolean): Promise<string> {
    const node = await started();
    const backup = server.snapshot();
    await modify(store, 'RealtimeVM', { namespace: 'ran', name: 'a' }, (now) => ({ ...now, spec: { ...now.spec, runStrategy: 'Halted' as const } }));
    await pass(5, ...both);
    const { vm: { uid }, request } = (await table(node)).spec.guests[0]!;
    await agents.get(node)!.tell(uid, { phase: 'Stopped', request });
    await pass(5, ...both);
    expect([await asked(node), (await vm()).status?.run?.state]).toEqual([[undefined, `session-of-${node}`], 'Closed']);
    server.restore(backup, bumped);
    return node;
  }

  it.each([
    ['versions go back', false], ['versions go on from the highest', true],
  ])('is noticed by what is remembered, and nothing that it asks for is started before a person accepts: %s', async (_, bumped) => {
    const node = await putBack(bumped);
    const before = (await vm()).status!.run!;
    expect(before).toMatchObject({ node, state: 'Open', count: 1 });
    await pass(20, ...both);
    expect(await open()).toMatchObject({ kind: 'found' });
    expect([await asked('n1'), await asked('n2')]).toEqual([[undefined, undefined], [undefined, undefined]]);
    expect((await vm()).status?.run).toEqual({ ...before, state: 'Closed', count: 2 });
    expect((await conditions())['Placed']).toBe('False/RestoreOpen');
    await accept();
    await pass(10, ...both);
    expect(await open()).toBeUndefined();
    const { run } = (await vm()).status!;
    expect(run).toMatchObject({ state: 'Open', count: 3 });
    expect(run?.grant).not.toBe(before.grant);
    expect(await asked(run!.node)).toEqual([undefined, `session-of-${run!.node}`, 'Running']);
  });

  it('waits for each node, also where it is accepted, unless the person says that it is off', async () => {
    const node = await putBack(false);
    const silent = otherThan(node);
    await agents.get(silent)!.stop();
    await pass(20, node);
    await accept();
    await pass(20, node);
    expect([(await open())?.accepted, (await asked(node))[1]]).toEqual([{ off: [] }, undefined]);
    await accept(silent);
    await pass(20, node);
    expect([await open(), (await vm()).status?.run]).toMatchObject([undefined, { node, state: 'Open' }]);
  });

  it('lets what lives run on, and takes a VM that was deleted since for one that is there', async () => {
    const node = await started();
    const backup = server.snapshot();
    const [entry] = (await table(node)).spec.guests;
    await store.delete('RealtimeVM', { namespace: 'ran', name: 'a' });
    await pass(5, ...both);
    expect(await asked(node)).toEqual([undefined, `session-of-${node}`, 'Removed']);
    server.restore(backup, false);
    await pass(20, ...both);
    expect([(await open())?.kind, await asked(node)]).toEqual(['found', [undefined, undefined, 'Running']]);
    expect((await table(node)).spec.guests).toEqual([entry]);
    await accept();
    await pass(10, ...both);
    expect([await open(), await asked(node)]).toEqual([undefined, [undefined, `session-of-${node}`, 'Running']]);
    expect((await vm()).status?.run).toMatchObject({ node, grant: entry?.grant?.name, state: 'Open' });
  });

  it('asks a node whose RealtimeNode was deleted too, while its agent is there', async () => {
    const backup = server.snapshot();
    const node = await started();
    const other = otherThan(node);
    await agents.get(node)!.stop();
    await cluster.stopLeading();
    server.restore(backup, false);
    await store.delete('RealtimeNode', { name: node });
    await cluster.makeVm();
    await Promise.all(both.map((name) => renew(name, 'of some process', 7)));
    cluster.lead('longPast');
    await pass(60, ...both);
    expect([(await open())?.kind, (await vm()).status?.run, (await table(other)).spec.guests])
      .toEqual(['suspected', undefined, []]);
    await pass(60, other);
    expect([await open(), (await vm()).status?.run?.node]).toEqual([undefined, other]);
  });

  it('lets a VM that is deleted meanwhile go only once each node was heard', async () => {
    const node = await putBack(false);
    const silent = otherThan(node);
    await agents.get(silent)!.stop();
    await pass(20, node);
    await store.delete('RealtimeVM', { namespace: 'ran', name: 'a' });
    await pass(60, node);
    expect((await vm()).metadata.deletionTimestamp).toBeDefined();
    agents.set(silent, new SpokenAgent(store, silent, 'of the next process'));
    await pass(40, ...both);
    expect([await store.get('RealtimeVM', { namespace: 'ran', name: 'a' }), (await open())?.kind])
      .toEqual([undefined, 'found']);
  });
});
