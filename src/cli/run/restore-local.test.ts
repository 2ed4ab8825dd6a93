import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { restoreIn, withRestore } from '../../controller/restore-words.ts';
import { DirectoryStore } from '../../store/directory/directory-store.ts';
import { capturedRun } from '../captured-run.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rtvm-restore-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const restore = (...args: readonly string[]) => capturedRun(['restore', ...args, '--state-dir', directory]);

/** This host, with a restore open; `answered`: its agent has said what runs. */
async function withOpenRestore(answered: boolean): Promise<void> {
  const store = await DirectoryStore.open({ directory });
  const node = await store.create({ kind: 'RealtimeNode', metadata: { name: 'here' }, spec: { dedicatedCpus: '1', sharedCpus: '0' } as never });
  await store.update({ ...node, metadata: { ...node.metadata, annotations: { ...withRestore({}, { id: 'r1', kind: 'found' }) } } });
  const table = await store.create({ kind: 'RealtimeAllocation', metadata: { name: 'here' }, spec: { guests: [], term: 't/1', restore: 'r1' } });
  if (answered) await store.updateStatus({ ...table, status: { guests: [], term: 't/1', session: 's', number: 1 } });
  await store.close();
}

async function acceptedOn(name: string) {
  const store = await DirectoryStore.open({ directory });
  const node = await store.get('RealtimeNode', { name });
  await store.close();
  return restoreIn(node?.metadata.annotations)?.accepted;
}

it('shows that none is open, and accepts none', async () => {
  expect(await restore()).toEqual({ exitCode: 0, stdout: 'no restore of the store is open\n', stderr: '' });
  expect(await restore('accept', '--yes')).toMatchObject({ exitCode: 1, stderr: 'rtvm: no restore of the state directory is open, so there is nothing to accept\n' });
  expect((await restore('--yes')).exitCode).toBe(2);
});

it('shows one that is open, and waits for rtvm to be at work', async () => {
  await withOpenRestore(false);
  expect(await restore()).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(/put back to an older state[^]*here: not answered[^]*rtvm run/) as string });
  expect(await restore('accept', '--yes')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('accepted: once "rtvm run" is at work here') as string });
  expect(await acceptedOn('here')).toBeUndefined();
});

it('accepts it once, where that is meant', async () => {
  await withOpenRestore(true);
  expect(JSON.parse((await restore('-o', 'json')).stdout)).toMatchObject({ open: true, id: 'r1', kind: 'found', accepted: null, nodes: [{ node: 'here', answered: true, saidOff: false }] });
  expect(await restore('accept')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('accepted: --yes') as string });
  expect(await acceptedOn('here')).toBeUndefined();
  expect(await restore('accept', '--yes')).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('restore r1: accepted') as string });
  expect(await acceptedOn('here')).toEqual({ off: [] });
  expect(await restore('accept', '--yes')).toMatchObject({ exitCode: 0, stderr: 'restore r1: it is accepted already\n' });
});
