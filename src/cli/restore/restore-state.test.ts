import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { acceptedAnnotation, restoreAnnotation, withAcceptance } from '../../controller/restore-words.ts';
import { Io } from '../io.ts';
import { acceptanceOf } from './acceptance.ts';
import { restoreState, silentNodes } from './restore-state.ts';
import type { RestoreSubject } from './restore-state.ts';
import { clusterWords, hostWords, restoreReport, restoreText } from './restore-text.ts';

type Table = RestoreSubject['tables'][number];
type Vm = RestoreSubject['vms'][number];
type Node = RestoreSubject['nodes'][number];

const found = { [restoreAnnotation]: JSON.stringify({ id: 'r1', kind: 'found' }) };
const suspected = { [restoreAnnotation]: JSON.stringify({ id: 'r1', kind: 'suspected' }) };

function node(name: string): Node {
  return { metadata: { name }, spec: {} } as Node;
}

/** One whose agent has answered, but for what is given. */
function table(name: string, { spec = {}, status = {} }: { readonly spec?: object; readonly status?: object } = {}): Table {
  return {
    metadata: { name }, spec: { term: 't/1', restore: 'r1', guests: [], ...spec },
    status: { term: 't/1', session: 's', number: 1, guests: [], ...status },
  } as unknown as Table;
}

function vm(name: string, run?: object, metadata: object = {}): Vm {
  return { metadata: { namespace: 'ran', name, uid: name, ...metadata }, spec: {}, ...(run === undefined ? {} : { status: { run } }) } as unknown as Vm;
}

const open = (on: string, grant: string) => ({ count: 1, grant, node: on, state: 'Open' });
const entry = (name: string, grant: string, desired = 'Running') => ({ vm: { namespace: 'ran', name, uid: name }, desired, grant: { name: grant, salt: 's' } });
const lives = (name: string, grant: string) => ({ uid: name, phase: 'Running', grant, lives: true });
const unlisted = (name: string, grant: string) => ({ grant, domain: `rtvm-${name}`, vm: { namespace: 'ran', name, uid: name } });

function state(subject: Partial<RestoreSubject>) {
  return restoreState({ annotations: found, nodes: [], tables: [], vms: [], ...subject })!;
}

describe('what is known of a restore', () => {
  it('is nothing where none is open, or where what is written cannot be read', () => {
    const rest = { nodes: [node('a')], tables: [], vms: [] };
    expect(restoreState({ annotations: undefined, ...rest })).toBeUndefined();
    expect(restoreState({ annotations: { [restoreAnnotation]: '{"id":' }, ...rest })).toBeUndefined();
    expect(restoreState({ annotations: { [acceptedAnnotation]: '{"id":"r1"}' }, ...rest })).toBeUndefined();
  });

  it.each<[string, Table | undefined]>([
    ['has no table', undefined],
    ['is sealed for another restore', table('a', { spec: { restore: 'r0' } })],
    ['is not sealed for one', table('a', { spec: { restore: undefined } })],
    ['has answered an earlier seal', table('a', { spec: { term: 't/2' } })],
    ['has a seal of the version before', table('a', { spec: { term: 't' }, status: { term: 't' } })],
    ['has stated nothing', { ...table('a'), status: undefined }],
  ])('a node that %s is silent', (_, its) => {
    expect(silentNodes(state({ nodes: [node('a')], tables: its === undefined ? [] : [its] }))).toEqual(['a']);
  });

  it('names each node that runs something, by its RealtimeNode or its table, and those that are said to be off', () => {
    const tables = [table('b', { spec: { kept: ['g'] } }), table('c'), table('d', { spec: { guests: [entry('v', 'g')] } })];
    expect(state({ annotations: withAcceptance(found, 'r1', ['a']), nodes: [node('a')], tables }).nodes).toEqual([
      { node: 'a', answered: false, saidOff: true }, { node: 'b', answered: true, saidOff: false }, { node: 'd', answered: true, saidOff: false },
    ]);
    expect(state({ annotations: withAcceptance(found, 'r0', ['a']), nodes: [node('a')] }).nodes[0]).toMatchObject({ saidOff: false });
  });

  const home = table('a', { spec: { guests: [entry('v', 'g')] }, status: { guests: [lives('v', 'g')] } });

  it.each<[string, Vm, readonly Table[], string | undefined]>([
    ['a run that lives, in an entry', vm('v', open('a', 'g')), [home], undefined],
    ['a closed run of which nothing lives', vm('v', { ...open('a', 'g'), state: 'Closed' }), [table('a')], undefined],
    ['a VM without a run', vm('v'), [table('a')], undefined],
    ['a run of which nothing lives', vm('v', open('a', 'g')), [table('a')], 'it was to run on a, and does not'],
    ['a run whose entry is gone', vm('v', open('a', 'g')), [table('a', { status: { unlisted: [unlisted('v', 'g')] } })], 'whose RealtimeAllocation does not say so yet'],
    ['a domain elsewhere', vm('v', { ...open('a', 'g'), state: 'Closed' }), [table('a'), table('b', { status: { unlisted: [unlisted('v', 'h')] } })], 'it runs on b, which its status.run does not say'],
    ['two domains', vm('v', open('a', 'g')), [home, table('b', { status: { unlisted: [unlisted('v', 'h')] } })], 'it runs more than once: on a, b'],
    ['a run on a node that is silent', vm('v', open('a', 'g')), [table('a', { spec: { restore: 'r0' } })], 'which has not answered'],
    ['a deletion that is asked for', vm('v', open('a', 'g'), { deletionTimestamp: 'now' }), [table('a', { spec: { guests: [entry('v', 'g', 'Removed')] } })], undefined],
    ['a deletion that is not asked for', vm('v', open('a', 'g'), { deletionTimestamp: 'now' }), [home], 'is not asked yet to remove it'],
  ])('%s', (_, its, tables, says) => {
    const { unsettled } = state({ nodes: [node('a'), node('b')], tables, vms: [its] });
    if (says === undefined) expect(unsettled).toEqual([]);
    else expect(unsettled).toEqual([{ namespace: 'ran', name: 'v', message: expect.stringContaining(says) as string }]);
  });

  it('tells which domains are kept, and of whom', () => {
    const tables = [table('a', { spec: { kept: ['g', 'h'] }, status: { unlisted: [unlisted('v', 'g')] } })];
    expect(state({ tables }).kept).toEqual([
      { node: 'a', grant: 'g', domain: 'rtvm-v', vm: 'ran/v' }, { node: 'a', grant: 'h', domain: undefined, vm: undefined },
    ]);
  });
});

describe('a restore is accepted', () => {
  const away = () => false;
  const [answered, silent] = [table('a'), table('b', { spec: { restore: undefined } })];
  const both = { nodes: [node('a'), node('b'), node('b2')], tables: [answered, silent, table('b2')] };

  it('where all have answered, or are said to be off', () => {
    expect(acceptanceOf(state({ nodes: [node('a')], tables: [answered] }), [], away)).toEqual({ kind: 'accepted', id: 'r1', off: [] });
    expect(acceptanceOf(state(both), ['b', 'b'], away)).toEqual({ kind: 'accepted', id: 'r1', off: ['b'] });
  });

  it('once, and for one node more that has fallen silent since', () => {
    const annotations = withAcceptance(found, 'r1', ['b']);
    expect(acceptanceOf(state({ ...both, annotations }), [], away)).toEqual({ kind: 'nothing', message: 'it is accepted already' });
    const tables = [table('a', { spec: { term: 't/9' } }), silent, table('b2')];
    expect(acceptanceOf(state({ ...both, tables, annotations }), ['a'], away)).toEqual({ kind: 'accepted', id: 'r1', off: ['a', 'b'] });
  });

  it.each<[string, ReturnType<typeof restoreState>, readonly string[], (name: string) => boolean, string]>([
    ['where none is open', undefined, [], away, 'no restore of the store is open'],
    ['where a node is silent', state(both), [], away, 'not answered yet by b, which may run what the store has forgotten; accepted: once the agent there has answered, or, where the machine is off, --off b'],
    ['where a name is unknown', state(both), ['bb'], away, '--off: there is no node bb; did you mean b?; accepted: of the nodes that have not answered: b'],
    ['of a node that has answered', state(both), ['a'], away, '--off: a has answered, so it is not off; accepted: of the nodes that have not answered: b'],
    ['of a node whose agent is at work', state(both), ['b'], (name) => name === 'b', '--off: the agent of b renews its Lease, so it is not off'],
  ])('not %s', (_, its, off, isAtWork, says) => {
    const acceptance = acceptanceOf(its, off, isAtWork);
    expect(acceptance).toMatchObject({ kind: 'refused', message: expect.stringContaining(says) as string });
  });
});

describe('what is shown', () => {
  const io = new Io({ stdin: Readable.from([]), stdout: new PassThrough(), stderr: new PassThrough(), env: {} });
  const text = (its: ReturnType<typeof restoreState>, words = clusterWords) => restoreText(its, words, io).replace(/\s+/g, ' ');

  it('is that none is open', () => {
    expect(text(undefined)).toBe('no restore of the store is open');
    expect(restoreReport(undefined, clusterWords)).toEqual({ open: false, id: null, kind: null, accepted: null, nodes: [], unsettled: [], kept: [], advice: [] });
  });

  it('is what to do: have silent nodes answer, put the store right, accept', () => {
    const shown = text(state({ nodes: [node('a')], tables: [table('b', { spec: { kept: ['g'] } })] }));
    expect(shown).toContain('the store was put back to an older state; nothing is started or stopped before that is accepted');
    expect(shown).toContain('1 of 2 have answered - a: not answered');
    expect(shown).toContain('b: the domain of grant g');
    expect(shown).toMatch(/accept --off a .*then: kubectl rtvm restore accept - what is kept/);
    expect(text(state({ nodes: [node('a')] }), hostWords)).toContain('have it answer: rtvm run');
  });

  it('is that a suspicion ends by itself, and that one that was accepted waits for controllers', () => {
    expect(text(state({ annotations: suspected, nodes: [node('a')], tables: [table('a')] }))).toContain('it ends by itself once all have answered');
    expect(text(state({ annotations: withAcceptance(found, 'r1', ['a']), nodes: [node('a')] }))).toMatch(/a: said to be off.*it is accepted, and ends by itself/);
  });
});
