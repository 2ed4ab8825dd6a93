import { describe, expect, it } from 'vitest';
import type { AllocatedGuest, ReportedGuest } from '../crds/realtime-allocation.ts';
import { machineRandom } from '../runtime/random.ts';
import { asking, isAnswered, isDoubted, isRestartDue } from './wish.ts';

const entry = { vm: { namespace: 'n', name: 'm', uid: 'u' }, generation: 1, desired: 'Running', request: 'first' } as AllocatedGuest;
const report = (what: Omit<ReportedGuest, 'uid'>): ReportedGuest => ({ uid: 'u', ...what });
const [noon, later] = ['2026-01-01T12:00:00Z', '2026-01-01T12:00:00.001Z'];

describe('asking', () => {
  it('names each change of what is asked, and leaves alone what asks for it already', () => {
    expect(asking(entry, 'Running', machineRandom)).toBe(entry);
    const [stopped, again] = [asking(entry, 'Stopped', machineRandom), asking(entry, 'Stopped', machineRandom)];
    expect(stopped).toEqual({ ...entry, desired: 'Stopped', request: stopped.request });
    expect(new Set([entry.request, stopped.request, again.request]).size).toBe(3);
  });
});

describe('isAnswered', () => {
  const stopped: AllocatedGuest = { ...entry, desired: 'Stopped', request: 'second' };
  it.each<[string, AllocatedGuest, ReportedGuest | undefined, boolean]>([
    ['nothing was said', stopped, undefined, false],
    ['it has ended', stopped, report({ phase: 'Stopped', request: 'second' }), true],
    ['it had ended once before', stopped, report({ phase: 'Stopped', request: 'first' }), false],
    ['it has ended by itself, and its domain is there still', stopped, report({ phase: 'Stopped', reason: 'Succeeded' }), false],
    ['it has ended, and was to be removed', { ...stopped, desired: 'Removed' }, report({ phase: 'Stopped', request: 'second' }), false],
    ['nothing is left', { ...stopped, desired: 'Removed' }, report({ phase: 'Removed', request: 'second' }), true],
    ['it is to run', entry, report({ phase: 'Stopped', request: 'first' }), false],
  ])('%s', (_, wish, said, expected) => {
    expect(isAnswered(wish, said)).toBe(expected);
  });
});

describe('isDoubted', () => {
  it.each<[string, AllocatedGuest, ReportedGuest | undefined, boolean]>([
    ['nothing was said', entry, undefined, false],
    ['the table has gone back', entry, report({ phase: 'Placed', reason: 'TableWentBack', request: 'first' }), true],
    ['it was asked for anew since', { ...entry, request: 'second' }, report({ phase: 'Placed', reason: 'TableWentBack', request: 'first' }), false],
    ['it is to end', { ...entry, desired: 'Stopped' }, report({ phase: 'Placed', reason: 'TableWentBack', request: 'first' }), false],
    ['it is placed and no more', entry, report({ phase: 'Placed', request: 'first' }), false],
  ])('%s', (_, wish, said, expected) => {
    expect(isDoubted(wish, said)).toBe(expected);
  });
});

describe('isRestartDue', () => {
  it.each<[string, string | undefined, string | undefined, string | undefined, boolean]>([
    ['nobody asked', undefined, undefined, undefined, false],
    ['somebody did, of a VM that was never restarted', noon, undefined, undefined, true],
    ['it is on its way', noon, noon, undefined, false],
    ['the domain was made with it, though the table has lost it', noon, undefined, noon, false],
    ['it is asked for again', later, noon, noon, true],
    ['an older wish has come back with a backup', noon, later, undefined, false],
  ])('%s', (_, asked, entered, made, expected) => {
    const domain = { name: 'd', uuid: 'u', restarts: 0, ...(made === undefined ? {} : { restartedAt: made }) };
    expect(isRestartDue(asked, { ...entry, ...(entered === undefined ? {} : { restartedAt: entered }) }, report({ phase: 'Running', domain }))).toBe(expected);
  });
});
