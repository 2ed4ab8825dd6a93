// Writes past every decision: straight into the table of a node with CPUs 0-7 and ten pages of 2 MiB.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { guestToWire } from '../crds/guest-wire.ts';
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import type { RealtimeNode } from '../crds/realtime-node.ts';
import { AssertionFailedError } from '../realtime/assert.ts';
import { sampleGuest } from '../realtime/place/sample-hosts.ts';
import { machineClock } from '../runtime/clock.ts';
import { DirectoryStore } from '../store/directory/directory-store.ts';
import { StoreError } from '../store/errors.ts';
import { modify } from '../store/modify.ts';
import type { Stored } from '../store/resource.ts';
import type { AllocationEdit } from './allocation-edit.ts';
import { AllocationWriter } from './allocation-writer.ts';
import { ClusterView } from './cluster-view.ts';
import { DoubleBookedError } from './double-booked-error.ts';

type Spec = Stored<'RealtimeAllocation'>['spec'];

const { signal } = new AbortController();

let directory: string;
let store: DirectoryStore;
let view: ClusterView;
let writer: AllocationWriter;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rtvm-writer-'));
  store = await DirectoryStore.open({ directory });
  view = new ClusterView();
  writer = new AllocationWriter(store, view, machineClock);
  const topology: NonNullable<RealtimeNode['status']>['topology'] = {
    numaNodes: [{ id: 0, cpus: '0-7', memoryMiB: 1024, hugepages: [{ size: '2Mi', total: 12, free: 12 }] }],
    caches: [], pciDevices: [],
  };
  const spec = { dedicatedCpus: '1-7', sharedCpus: '0', reservedHugepages: [{ numaNode: 0, size: '2Mi', count: 2 }] };
  await store.applyManifests([{
    file: 'node.yaml',
    text: JSON.stringify({ apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeNode', metadata: { name: 'n1' }, spec }),
  }]);
  await modify(
    store, 'RealtimeNode', { name: 'n1' }, (node) => ({ ...node, status: { topology, orphans: [] } }),
    { write: 'updateStatus' },
  );
  view.nodeChanged((await store.get('RealtimeNode', { name: 'n1' }))!, undefined);
  await writer.makeTable('n1', { guests: [], term: 't/1', session: 's' }, signal);
});

afterEach(async () => {
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

interface Has {
  readonly cpus?: readonly number[];
  readonly floats?: string;
  readonly pages?: number;
  readonly device?: string;
}

function entry(name: string, { cpus = [], floats, pages = 0, device }: Has): AllocatedGuest {
  return {
    vm: { namespace: 'ran', name, uid: `uid-${name}` },
    generation: 1,
    desired: 'Running',
    guest: guestToWire(sampleGuest({ vcpus: 2 })),
    placement: {
      nodeName: 'n1', realtimeVcpus: '', emulatorCpus: '', reservedCpus: '', extraMemoryMiB: 0,
      cells: pages === 0 ? [] : [{ cell: 0, numaNode: 0, vcpus: '0', memoryMiB: 2 * pages, pageSize: '2Mi' }],
      vcpuPins: [
        ...cpus.map((cpu, vcpu) => ({ vcpu, cpu })), ...(floats === undefined ? [] : [{ vcpu: 9, cpus: floats }]),
      ],
      devices: device === undefined ? [] : [{ name: 'nic', address: device }],
    },
  };
}

const put = (name: string, has: Has): AllocationEdit => ({ kind: 'put', entry: entry(name, has) });
const change = (name: string, edit: AllocationEdit) => writer.change('n1', `uid-${name}`, edit, signal);
const written = async () => (await store.get('RealtimeAllocation', { name: 'n1' }))?.spec.guests ?? [];
const names = async () => (await written()).map(({ vm }) => vm.name);

/** As somebody else would, past every check. */
async function writeTable(...guests: readonly AllocatedGuest[]): Promise<void> {
  view.tableKnown(await modify(
    store, 'RealtimeAllocation', { name: 'n1' }, (table) => ({ ...table, spec: { ...table.spec, guests } }),
  ));
}

/** Behind the view, which does not learn of it. */
const editBehind = (spec: Partial<Spec>) => modify(
  store, 'RealtimeAllocation', { name: 'n1' }, (table) => ({ ...table, spec: { ...table.spec, ...spec } }),
);

describe('a write that gives something twice', () => {
  it.each<[string, Has, Has, RegExp]>([
    ['a CPU', { cpus: [1, 2] }, { cpus: [2, 3] }, /CPU 2 is given to ran\/a and ran\/b/],
    ['a CPU that another floats over', { floats: '0-1' }, { cpus: [1] }, /CPU 1 is given to ran\/a and ran\/b/],
    [
      'pages', { pages: 6 }, { pages: 5 },
      /more 2Mi pages of NUMA node 0 than there are for guests are given to ran\/a and ran\/b/,
    ],
    [
      'a device', { device: '0000:3b:00.0' }, { device: '0000:3b:00.0' },
      /device 0000:3b:00.0 is given to ran\/a and ran\/b/,
    ],
  ])('is refused: %s', async (_, first, second, why) => {
    await change('a', put('a', first));
    const before = await store.get('RealtimeAllocation', { name: 'n1' });
    const refused = await change('b', put('b', second)).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(DoubleBookedError);
    expect(refused).toMatchObject({ code: 'DOUBLE_BOOKED', message: expect.stringMatching(why) as unknown });
    expect(await store.get('RealtimeAllocation', { name: 'n1' })).toEqual(before);
    // Nothing of it is left in the view either.
    expect(view.find('uid-b')).toBeUndefined();
    await change('c', put('c', { cpus: [3] }));
    expect(await names()).toEqual(['a', 'c']);
  });

  it('keeps nothing else from being written with it', async () => {
    await change('a', put('a', { cpus: [1] }));
    const batch = [
      change('b', put('b', { cpus: [2] })), change('c', put('c', { cpus: [1, 3] })),
      change('d', put('d', { cpus: [3] })),
      change('a', { kind: 'put', entry: { ...entry('a', { cpus: [1] }), desired: 'Stopped' } }),
    ];
    const ends = await Promise.allSettled(batch);
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(await names()).toEqual(['a', 'b', 'd']);
    expect((await written())[0]?.desired).toBe('Stopped');
  });

  it('is refused too where the table has been lost, and was made again as it was', async () => {
    await change('a', put('a', { cpus: [1] }));
    const { spec } = view.tableOf('n1')!;
    await store.delete('RealtimeAllocation', { name: 'n1' });
    view.tableGone('n1');
    await writer.makeTable('n1', spec, signal);
    await expect(change('b', put('b', { cpus: [1] }))).rejects.toMatchObject({ code: 'DOUBLE_BOOKED' });
    await change('c', put('c', { cpus: [2] }));
    expect(await names()).toEqual(['a', 'c']);
  });
});

describe('where a table gives something twice already', () => {
  const [a, b] = [entry('a', { cpus: [1, 2], pages: 6 }), entry('b', { cpus: [2, 3], pages: 6 })];

  it('one of the two can be freed, and the other stays', async () => {
    await writeTable(a, b);
    await change('a', { kind: 'remove' });
    expect(await written()).toEqual([b]);
  });

  it.each<[string, AllocatedGuest]>([
    ['be asked to end', { ...a, desired: 'Removed', request: 'r1' }],
    ['be asked to restart', { ...a, restartedAt: '2026-01-31T12:00:00Z' }],
    ['give something back', entry('a', { cpus: [2], pages: 3 })],
    ['go elsewhere', entry('a', { cpus: [4, 5], pages: 4 })],
  ])('one of them can %s', async (_, changed) => {
    await writeTable(a, b);
    await change('a', { kind: 'put', entry: changed });
    expect(await written()).toEqual([changed, b]);
  });

  it('neither gets more of it, nor does a third', async () => {
    await writeTable(a, b);
    await expect(change('a', put('a', { cpus: [1, 2], pages: 7 }))).rejects.toMatchObject({ code: 'DOUBLE_BOOKED' });
    await expect(change('c', put('c', { cpus: [2] }))).rejects.toMatchObject({ code: 'DOUBLE_BOOKED' });
    expect(await written()).toEqual([a, b]);
  });

  it('both are written again where the table was lost, and with each seal', async () => {
    await writeTable(a, b);
    const { spec } = view.tableOf('n1')!;
    await store.delete('RealtimeAllocation', { name: 'n1' });
    view.tableGone('n1');
    await writer.makeTable('n1', spec, signal);
    await change('a', { kind: 'put', entry: { ...a, desired: 'Stopped' } });
    expect(await written()).toEqual([{ ...a, desired: 'Stopped' }, b]);
    await writer.changeTable('n1', (now) => ({ ...now, term: 't/2' }), signal);
    expect((await store.get(
      'RealtimeAllocation', { name: 'n1' },
    ))?.spec).toMatchObject({ term: 't/2', guests: [{ vm: a.vm }, { vm: b.vm }] });
  });

  it('each of two entries of one VM can be asked to end, and both go together', async () => {
    const [one, other] = [entry('a', { cpus: [1] }), entry('a', { cpus: [2] })];
    await writeTable(one, other);
    await change('a', { kind: 'put', entry: { ...one, desired: 'Removed' } });
    expect((await written()).map(({ desired }) => desired)).toEqual(['Removed', 'Removed']);
    await change('a', { kind: 'remove' });
    expect(await written()).toEqual([]);
  });
});

it('what a domain has that runs is written, though its administrator has set more pages aside since', async () => {
  await change('a', put('a', { cpus: [1], pages: 6 }));
  await change('b', { kind: 'put', entry: entry('b', { cpus: [2], pages: 6 }), runs: true });
  expect(await names()).toEqual(['a', 'b']);
});

it('a change of another VM than it says is a fault', async () => {
  await expect(writer.change('n1', 'uid-b', put('a', {}), signal)).rejects.toBeInstanceOf(AssertionFailedError);
});

describe('a table that is not there', () => {
  it('is not made by a change: it has to be sealed first', async () => {
    await store.delete('RealtimeAllocation', { name: 'n1' });
    view.tableGone('n1');
    await expect(change('a', put('a', { cpus: [1] }))).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(writer.changeTable('n1', (spec) => spec, signal)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await store.get('RealtimeAllocation', { name: 'n1' })).toBeUndefined();
    expect(view.find('uid-a')).toBeUndefined();
  });

  it('is not put over one that somebody else has made, which is known then', async () => {
    await editBehind({ guests: [entry('theirs', { cpus: [1] })] });
    await expect(writer.makeTable('n1', { guests: [], term: 't/2' }, signal)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(view.find('uid-theirs')?.nodeName).toBe('n1');
  });

  it('is known to be gone once a write has not found it', async () => {
    await store.delete('RealtimeAllocation', { name: 'n1' });
    await expect(change('a', put('a', { cpus: [1] }))).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(view.isGone('n1')).toBe(true);
  });
});

describe('what was decided', () => {
  it.each<[string, Partial<Spec>]>([
    ['another seal', { term: 'another/1' }],
    ['no session any more', { session: undefined }],
    ['another session', { session: 'of the next process' }],
    ['a restore', { restore: 'r' }],
    ['been fenced', { fenced: true }],
    ['another entry', { guests: [entry('theirs', { cpus: [5] })] }],
  ])('is not written over a table that has %s since', async (_, edit) => {
    const theirs = (edit.guests ?? []).map(({ vm }) => vm.name);
    await editBehind(edit);
    await expect(change('a', put('a', { cpus: [1] }))).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await names()).toEqual(theirs);
    // Decided anew, on what is known then, it is.
    await change('a', put('a', { cpus: [1] }));
    const { guests, ...now } = (await store.get('RealtimeAllocation', { name: 'n1' }))!.spec;
    expect(now).toEqual({ term: 't/1', session: 's', ...edit, guests: undefined });
    expect(guests.map(({ vm }) => vm.name)).toEqual([...theirs, 'a']);
  });

  it('is written over a table of which only reports have changed', async () => {
    const status = { guests: [], session: 's', term: 't/1', number: 1 };
    view.tableKnown(await modify(
      store, 'RealtimeAllocation', { name: 'n1' }, (table) => ({ ...table, status }), { write: 'updateStatus' },
    ));
    await modify(
      store, 'RealtimeAllocation', { name: 'n1' },
      (table) => ({ ...table, status: { ...status, number: 2, guests: [{ uid: 'u', phase: 'Running' as const }] } }),
      { write: 'updateStatus' },
    );
    await change('a', put('a', { cpus: [1] }));
    expect(await names()).toEqual(['a']);
  });

  it('of the table as such is not written over another seal either', async () => {
    await editBehind({ term: 'another/1' });
    const sealing = writer.changeTable('n1', (spec) => ({ ...spec, term: 't/2' }), signal);
    await expect(sealing).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(view.tableOf('n1')?.spec.term).toBe('another/1');
    await writer.changeTable('n1', (spec) => ({ ...spec, term: 't/2' }), signal);
    expect((await store.get('RealtimeAllocation', { name: 'n1' }))?.spec.term).toBe('t/2');
  });

  it('before a seal of the same turn is decided anew after it', async () => {
    const both = await Promise.allSettled([
      writer.changeTable('n1', (spec) => ({ ...spec, term: 't/2', session: undefined }), signal),
      change('a', put('a', { cpus: [1] })),
    ]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(await names()).toEqual([]);
  });
});

describe('a write that was not answered', () => {
  /** What is sent is lost, or lands later. */
  let silent = false;
  let told: string[];
  let slow: AllocationWriter;
  beforeEach(() => {
    [silent, told] = [true, []];
    const update: DirectoryStore['update'] = async (object) => {
      if (silent) throw new StoreError('UNAVAILABLE', 'no answer');
      return store.update(object);
    };
    const part = { update, get: store.get.bind(store) } as unknown as DirectoryStore;
    slow = new AllocationWriter(part, view, machineClock, (node) => told.push(node));
  });
  const put = async (name: string, cpu: number) => slow.change('n1', `uid-${name}`, { kind: 'put', entry: entry(name, { cpus: [cpu] }) }, signal);

  it('may land for as long as the table is what it was sent over, and its node is told of', async () => {
    expect(slow.isUnanswered('n1')).toBe(false);
    await expect(put('a', 1)).rejects.toThrow('no answer');
    expect([slow.isUnanswered('n1'), told]).toEqual([true, ['n1']]);
    silent = false;
    await slow.changeTable('n1', (spec) => ({ ...spec, term: 't/2' }), signal);
    expect(slow.isUnanswered('n1')).toBe(false);
  });

  it('has landed, or never will, once anybody has changed the table', async () => {
    await expect(put('a', 1)).rejects.toThrow('no answer');
    await modify(store, 'RealtimeAllocation', { name: 'n1' }, (table) => ({ ...table, spec: { ...table.spec, term: 't/9' } }));
    view.tableSeen((await store.get('RealtimeAllocation', { name: 'n1' }))!);
    expect(slow.isUnanswered('n1')).toBe(false);
  });

  it('is none where the store has refused it', async () => {
    silent = false;
    view.tableKnown({ ...view.tableOf('n1')!, metadata: { ...view.tableOf('n1')!.metadata, resourceVersion: '0' } });
    await put('a', 1).catch(() => undefined);
    expect([slow.isUnanswered('n1'), told]).toEqual([false, []]);
  });
});
