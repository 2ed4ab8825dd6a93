import { beforeEach, describe, expect, it } from 'vitest';
import type { AllocationStatus, ReportedGuest } from '../crds/realtime-allocation.ts';
import type { Restore } from '../protocol/facts.ts';
import { fixedRandom } from '../runtime/testing/fixed-random.ts';
import type { ResourceStore } from '../store/resource-store.ts';
import type { Stored } from '../store/resource.ts';
import { ClusterView } from './cluster-view.ts';
import { Mirror } from './mirror.ts';
import type { NodeFacts } from './node-facts.ts';
import { NodeJudge } from './node-judge.ts';
import { Seals } from './seals.ts';
import { entryOf, runOf, tableOf, unlistedOf, vmOf, withoutGrant } from './testing/sample-objects.ts';

type Spec = Stored<'RealtimeAllocation'>['spec'];

let view: ClusterView;
let vms: Mirror<'RealtimeVM'>;
let seals: Seals;
let seal: string;
let restore: Restore | undefined;
let facts: NodeFacts | undefined;
let judge: NodeJudge;
let version: number;

beforeEach(() => {
  view = new ClusterView();
  const mirrored = { store: {} as ResourceStore, changed: () => undefined };
  vms = new Mirror({ ...mirrored, kind: 'RealtimeVM' });
  seals = new Seals(fixedRandom(0));
  seal = seals.next();
  [restore, facts, version] = [undefined, undefined, 0];
  judge = new NodeJudge({
    view, vms, nodes: new Mirror({ ...mirrored, kind: 'RealtimeNode' }), seals, restore: () => restore, remedy: 'ask', factsOf: () => facts,
    isUnanswered: () => false,
  });
});

/** The node's table, taken over and answered by its agent, which its session is open to: but for what is given. */
function known(spec: Partial<Spec> = {}, status: Partial<AllocationStatus> | undefined = {}): void {
  version += 1;
  const stated = { guests: [], session: 's', number: version, term: spec.term ?? seal, ...status };
  view.tableKnown(tableOf({ term: seal, session: 's', ...spec }, stated, { resourceVersion: String(version) }));
}

const [a, b] = [entryOf('a'), entryOf('b', { cpu: 2 })];
const lives = ({ vm: { uid }, grant }: typeof a, more: Partial<ReportedGuest> = {}): ReportedGuest => (
  { uid, phase: 'Running', grant: grant.name, lives: true, ...more }
);
const answered = ({ vm: { uid }, grant }: typeof a, what: 'Stopped' | 'Removed'): ReportedGuest => (
  { uid, phase: what, grant: grant.name, answered: what }
);
const node = (taints: readonly string[] = [], ready = true): NonNullable<NodeFacts['node']> => ({
  metadata: { name: 'n1', uid: 'n', resourceVersion: '1', creationTimestamp: '2026-01-31T12:00:00Z' },
  spec: { taints: taints.map((key) => ({ key, effect: 'NoExecute' })) },
  status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'Unknown' }] },
});

describe('how a node\'s table stands', () => {
  it('is absent, of another term, or this controller\'s', () => {
    expect([judge.standing('n1'), judge.isKnown('n1')]).toEqual(['Absent', false]);
    known({ term: 'another/1' });
    expect([judge.standing('n1'), judge.isKnown('n1')]).toEqual(['Foreign', true]);
    known({ term: 'of the version before' });
    expect(judge.standing('n1')).toBe('Foreign');
    known();
    expect(judge.standing('n1')).toBe('Mine');
    view.tableGone('n1');
    expect([judge.standing('n1'), judge.isHeard('n1'), judge.isOpen('n1')]).toEqual(['Absent', false, false]);
  });
});

describe('whether an agent is heard', () => {
  it('goes by the seal that it answers', () => {
    known();
    expect(judge.isHeard('n1')).toBe(true);
    known({}, { term: undefined });
    expect(judge.isHeard('n1')).toBe(false);
    known({ term: seals.next() }, { term: seal });
    expect(judge.isHeard('n1')).toBe(false);
    known({ term: 'another/1' });
    expect(judge.isHeard('n1')).toBe(false);
  });

  it('needs, in a restore, the seal of that very restore', () => {
    restore = { id: 'r', kind: 'found' };
    known();
    expect(judge.isHeard('n1')).toBe(false);
    known({ restore: 'q' });
    expect(judge.isHeard('n1')).toBe(false);
    known({ restore: 'r' });
    expect(judge.isHeard('n1')).toBe(true);
  });

  it('is not, whatever it has said, where a person has accepted that it is off', () => {
    restore = { id: 'r', kind: 'found', accepted: { off: ['n1'] } };
    known({ restore: 'r', guests: [a] }, { guests: [lives(a)] });
    expect([judge.isHeard('n1'), judge.isAcceptedOff('n1'), judge.lives('n1', a.grant.name)])
      .toEqual([false, true, false]);
  });

  it('says what lives: of one that is not heard nothing counts', () => {
    known({ guests: [a] }, { guests: [lives(a)] });
    expect([judge.lives('n1', a.grant.name), judge.lives('n1', b.grant.name)]).toEqual([true, false]);
    known({ guests: [a], term: seals.next() }, { guests: [lives(a)], term: seal });
    expect([judge.domains('n1'), judge.statement('n1')?.domains.length]).toEqual([[], 1]);
  });
});

describe('whether a session is open', () => {
  it.each<[string, Partial<Spec>, Partial<AllocationStatus>, boolean]>([
    ['the table names the agent\'s', {}, {}, true],
    ['the table names none', { session: undefined }, {}, false],
    ['the agent has begun anew since', {}, { session: 'of the next process' }, false],
    ['an agent of the version before names none', {}, { session: undefined }, false],
  ])('%s', (_, spec, status, expected) => {
    known(spec, status);
    expect([judge.isOpen('n1'), judge.takesGuests('n1')]).toEqual([expected, expected]);
  });
});

/** A controller of the version before has dropped its run. */
const placedOn = (nodeName: string) => {
  const vm = vmOf('a');
  return { ...vm, status: { ...vm.status, phase: 'Running' as const, conditions: [], placement: { ...a.placement, nodeName } } };
};

describe('whether an agent contradicts the store', () => {
  beforeEach(() => vms.put(vmOf('a', runOf(a))));

  it('does not where all that lives is its VM\'s run or an entry', () => {
    known({ guests: [b] }, { guests: [lives(b)], unlisted: [unlistedOf(a)] });
    expect(judge.contradicts('n1')).toBe(false);
  });

  it.each<[string, () => void, boolean]>([
    ['a domain lives of a VM whose run is closed', () => vms.put(vmOf('a', runOf(a, { state: 'Closed' }))), true],
    ['a domain lives of a VM whose run is elsewhere', () => vms.put(vmOf('a', runOf(a, { node: 'n2' }))), true],
    ['a domain lives of a VM whose run is another', () => vms.put(vmOf('a', runOf(a, { grant: 'another' }))), true],
    ['a domain lives of a VM that has no run', () => vms.put(vmOf('a')), true],
    ['a domain lives of a VM that has no run, and was placed here', () => vms.put(placedOn('n1')), false],
    ['a domain lives of a VM that has no run, and was placed elsewhere', () => vms.put(placedOn('n2')), true],
    ['a domain lives of a VM that is gone', () => vms.remove({ namespace: 'ran', name: 'a' }), false],
    ['a domain lives of an earlier VM of its name', () => vms.put(vmOf('a', undefined, { uid: 'a later one' })), false],
  ])('%s', (_, given, expected) => {
    given();
    known({}, { unlisted: [unlistedOf(a)] });
    expect(judge.contradicts('n1')).toBe(expected);
    // One that has not answered the seal may have stated it before the store was put right.
    known({ term: seals.next() }, { unlisted: [unlistedOf(a)], term: seal });
    expect(judge.contradicts('n1')).toBe(false);
  });

  it('does where its table has gone back, in a restore also where it had before', () => {
    known({}, { wentBack: 'Yes' });
    expect([judge.contradicts('n1'), judge.takesGuests('n1')]).toEqual([true, false]);
    known({}, { wentBack: 'BeforeRestore' });
    expect(judge.contradicts('n1')).toBe(false);
    restore = { id: 'r', kind: 'suspected' };
    known({ restore: 'r' }, { wentBack: 'BeforeRestore' });
    expect(judge.contradicts('n1')).toBe(true);
  });

  it('is remembered of one that has agreed before', () => {
    known({}, { wentBack: 'Yes' });
    expect(judge.situation('n1')).toMatchObject({ contradicts: true, agreedBefore: false });
    judge.hasAgreed('n1');
    expect(judge.situation('n1')).toMatchObject({ contradicts: true, agreedBefore: true });
  });
});

describe('entries that are not their VM\'s run', () => {
  const closed = { session: undefined };
  const strays = () => judge.situation('n1').strays;
  const halted = entryOf('a', { desired: 'Stopped', nodeLocal: true });

  it('are none where each entry is its VM\'s open run', () => {
    vms.put(vmOf('a', runOf(a)));
    known({ ...closed, guests: [a] });
    expect([strays(), judge.staysIn('n1', a)]).toEqual(['None', true]);
  });

  it.each<[string, Parameters<typeof runOf>[1] | undefined]>([
    ['closed', { state: 'Closed' }], ['of another grant', { grant: 'another' }], ['on another node', { node: 'n2' }], ['not there', undefined],
  ])('are over where nothing of them lives and the run is %s', (_, run) => {
    vms.put(vmOf('a', run === undefined ? undefined : runOf(a, run)));
    known({ ...closed, guests: [a] });
    expect([strays(), judge.staysIn('n1', a)]).toEqual(['Over', false]);
  });

  it('live where the agent says so and their VM is there', () => {
    vms.put(vmOf('a', runOf(a, { node: 'n2' })));
    known({ ...closed, guests: [a, b] }, { guests: [lives(a)] });
    expect([strays(), judge.staysIn('n1', a), judge.staysIn('n1', b)]).toEqual(['Live', true, false]);
  });

  it('of a VM that is gone stay while they live, and while their removal is not answered they are waited for', () => {
    known({ ...closed, guests: [a] }, { guests: [lives(a)] });
    expect([strays(), judge.staysIn('n1', a)]).toEqual(['None', true]);
    const removed = { ...a, desired: 'Removed' as const };
    known({ ...closed, guests: [removed] });
    expect(strays()).toBe('Removing');
    known({ ...closed, guests: [removed] }, { guests: [answered(a, 'Removed')] });
    expect([strays(), judge.staysIn('n1', removed)]).toEqual(['Over', false]);
  });

  it('of a halted VM with NodeLocal disks stay: its disks are removed by them', () => {
    vms.put(vmOf('a', runOf(halted, { state: 'Closed', count: 2 })));
    known({ ...closed, guests: [halted] }, { guests: [answered(halted, 'Stopped')] });
    expect([strays(), judge.staysIn('n1', halted)]).toEqual(['None', true]);
    known({ guests: [halted] }, { guests: [answered(halted, 'Stopped')] });
    expect([strays(), judge.staysIn('n1', halted)]).toEqual(['None', true]);
  });

  it('with NodeLocal disks stay while the next grant of their VM is not in the table yet', () => {
    vms.put(vmOf('a', runOf(halted, { grant: 'the next', count: 3 })));
    known({ ...closed, guests: [halted] }, { guests: [answered(halted, 'Stopped')] });
    expect([strays(), judge.staysIn('n1', halted)]).toEqual(['None', true]);
  });

  it.each<[string, () => void]>([
    ['runs elsewhere', () => vms.put(vmOf('a', runOf(halted, { node: 'n2', count: 3 })))],
    ['is gone', () => undefined],
    ['is a later one of its name', () => vms.put(vmOf('a', undefined, { uid: 'a later one' }))],
  ])('with NodeLocal disks do not stay where their VM %s', (_, given) => {
    given();
    known({ ...closed, guests: [halted] }, { guests: [answered(halted, 'Stopped')] });
    expect([strays(), judge.staysIn('n1', halted)]).toEqual(['Over', false]);
  });

  it('with NodeLocal disks that are asked to run do not stay: with a session the agent would start them', () => {
    const running = entryOf('a', { nodeLocal: true });
    vms.put(vmOf('a', runOf(running, { state: 'Closed', count: 2 })));
    known({ ...closed, guests: [running] });
    expect(strays()).toBe('Over');
  });

  it('are their VM\'s to drop while the session is open, but for those that are answered and whose VM is gone, or has its run elsewhere', () => {
    const [stopped, removed] = [{ ...a, desired: 'Stopped' as const }, { ...a, desired: 'Removed' as const }];
    vms.put(vmOf('a', runOf(a, { state: 'Closed' })));
    known({ guests: [stopped] }, { guests: [answered(a, 'Stopped')] });
    expect([strays(), judge.staysIn('n1', stopped)]).toEqual(['None', true]);
    vms.put(vmOf('a', runOf(a, { node: 'n2' }), { resourceVersion: '2' }));
    expect([strays(), judge.staysIn('n1', stopped)]).toEqual(['Over', false]);
    known({ guests: [stopped] });
    expect([strays(), judge.staysIn('n1', stopped)]).toEqual(['None', true]);
    vms.remove({ namespace: 'ran', name: 'a' });
    known({ guests: [removed] }, { guests: [answered(a, 'Removed')] });
    expect([strays(), judge.staysIn('n1', removed)]).toEqual(['Over', false]);
  });

  it('of the version before go by the name that is made of their VM', () => {
    const old = withoutGrant(a);
    vms.put(vmOf('a', { count: 1, grant: 'before:uid-a', node: 'n1', state: 'Open' }));
    known({ ...closed, guests: [old] });
    expect([strays(), judge.names('n1', 'before:uid-a')]).toEqual(['None', true]);
  });
});

describe('domains whose VMs are gone', () => {
  it('are kept in a restore, and after it only those that were', () => {
    restore = { id: 'r', kind: 'found' };
    known({ restore: 'r', session: undefined }, { unlisted: [unlistedOf(b), unlistedOf(a)] });
    const both = [a.grant.name, b.grant.name].sort();
    expect([judge.homelessOn('n1'), judge.situation('n1').homeless]).toEqual([both, 'Otherwise']);
    known({ restore: 'r', session: undefined, kept: both.toReversed() }, { unlisted: [unlistedOf(b), unlistedOf(a)] });
    expect([judge.situation('n1').homeless, judge.names('n1', a.grant.name)]).toEqual(['AsKept', true]);
    restore = undefined;
    known({ kept: [a.grant.name] }, { unlisted: [unlistedOf(a), unlistedOf(b)] });
    expect(judge.homelessOn('n1')).toEqual([a.grant.name]);
    known({ kept: [a.grant.name] }, {});
    expect([judge.homelessOn('n1'), judge.situation('n1').homeless]).toEqual([[], 'Otherwise']);
  });

  it('stay kept while their node is not heard, and are none where an entry has them or their VM is there', () => {
    known({ kept: ['g'], term: seals.next() }, { term: seal });
    expect(judge.homelessOn('n1')).toEqual(['g']);
    restore = { id: 'r', kind: 'found' };
    vms.put(vmOf('b', runOf(b)));
    known({ restore: 'r', guests: [a] }, { guests: [lives(a)], unlisted: [unlistedOf(b)] });
    expect(judge.homelessOn('n1')).toEqual([]);
  });
});

describe('why a node takes no guests', () => {
  const why = () => judge.whyClosed('n1');

  it('is told in the order of what is to be done', () => {
    expect(why()).toMatch(/has not taken over/);
    known({ term: seals.next(), fenced: true, session: undefined }, { term: seal });
    facts = { node: node(['node.kubernetes.io/out-of-service']), alive: true };
    restore = { id: 'r', kind: 'found' };
    expect(why()).toMatch(/was restored/);
    restore = undefined;
    expect(why()).toMatch(/a person has said that its machine is off/);
    known({ term: seals.next(), session: undefined }, { term: seal });
    expect(why()).toMatch(/carries a person's word/);
    facts = { node: node(), alive: true };
    expect(why()).toMatch(/has not told yet what runs there/);
    known({ session: undefined }, { wentBack: 'Yes' });
    expect(why()).toMatch(/that no controller has written/);
    known({ session: undefined });
    expect(why()).toMatch(/has just begun/);
    known();
    expect([why(), judge.takesGuests('n1')]).toEqual([undefined, true]);
  });

  it.each<[string, () => void]>([
    ['its agent has not renewed its Lease', () => { facts = { node: node(), alive: false }; }],
    ['a person\'s word stands', () => { facts = { node: node(['node.kubernetes.io/out-of-service']), alive: true }; }],
    ['it is fenced', () => known({ fenced: true })],
  ])('it takes none where %s', (_, given) => {
    known();
    given();
    expect(judge.takesGuests('n1')).toBe(false);
  });
});

it('a node\'s situation says of word, Lease and Node what the cluster says', () => {
  known();
  expect(judge.situation('n1')).toMatchObject({ word: false, lapsed: false, nodeReady: false });
  facts = { node: node(['node.kubernetes.io/out-of-service'], false), alive: false };
  expect(judge.situation('n1')).toMatchObject({ word: true, lapsed: true, nodeReady: false });
  facts = { node: node(), alive: true };
  expect(judge.situation('n1')).toMatchObject({ word: false, lapsed: false, nodeReady: true });
});
