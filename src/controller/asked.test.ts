import { describe, expect, it } from 'vitest';
import type { AllocatedGuest, ReportedGuest } from '../crds/realtime-allocation.ts';
import { machineRandom } from '../runtime/random.ts';
import { asking, entryName, isAnswered, isRestartDue, reportOn } from './asked.ts';

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

/** With a grant of its own. */
const grantedEntry: AllocatedGuest = { ...entry, grant: { name: 'g', salt: 's' } };

describe('isAnswered, of an agent that names grants', () => {
  const stopped: AllocatedGuest = { ...grantedEntry, desired: 'Stopped', request: 'second' };
  it.each<[string, AllocatedGuest, ReportedGuest, boolean]>([
    ['it is asked for and done', stopped, report({ phase: 'Stopped', grant: 'g', answered: 'Stopped' }), true],
    ['it is done, whatever the request is called', stopped, report({ phase: 'Stopped', grant: 'g', answered: 'Stopped', request: 'first' }), true],
    ['it has ended, and says no more than that', stopped, report({ phase: 'Stopped', grant: 'g', request: 'second' }), false],
    ['another grant was stopped', stopped, report({ phase: 'Stopped', grant: 'h', answered: 'Stopped', request: 'second' }), false],
    ['it was stopped, and is to be removed', { ...stopped, desired: 'Removed' }, report({ phase: 'Stopped', grant: 'g', answered: 'Stopped' }), false],
    ['nothing is left', { ...stopped, desired: 'Removed' }, report({ phase: 'Removed', grant: 'g', answered: 'Removed' }), true],
    ['it is to run', grantedEntry, report({ phase: 'Stopped', grant: 'g', answered: 'Stopped' }), false],
    ['an entry of the version before was stopped', { ...entry, desired: 'Stopped' }, report({ phase: 'Stopped', grant: 'before:u', answered: 'Stopped' }), true],
  ])('%s', (_, wish, said, expected) => {
    expect(isAnswered(wish, said)).toBe(expected);
  });
});

describe('entryName', () => {
  it.each<[string, AllocatedGuest, ReportedGuest | undefined, string]>([
    ['is what the entry says', grantedEntry, report({ phase: 'Running', grant: 'h', lives: true }), 'g'],
    ['of one that says nothing is made of the VM', entry, undefined, 'before:u'],
    ['of one that says nothing is that by which its domain lives', entry, report({ phase: 'Running', grant: 'h', lives: true }), 'h'],
    ['is not that of a domain that has ended', entry, report({ phase: 'Stopped', grant: 'h' }), 'before:u'],
    ['is not that of a domain of which the agent says that it is of another', entry, report({ phase: 'Unknown', reason: 'OtherGrant', grant: 'h', lives: true }), 'before:u'],
  ])('%s', (_, wish, said, expected) => {
    expect(entryName(wish, said)).toBe(expected);
  });
});

describe('reportOn', () => {
  it.each<[string, AllocatedGuest, Omit<ReportedGuest, 'uid'>, boolean]>([
    ['this grant', grantedEntry, { phase: 'Stopped', grant: 'g' }, true],
    ['another, which does not live', grantedEntry, { phase: 'Failed', grant: 'h' }, false],
    ['another, which lives', grantedEntry, { phase: 'Unknown', grant: 'h', lives: true }, true],
    ['this request, by an agent that knows no grants', grantedEntry, { phase: 'Running', request: 'first' }, true],
    ['an earlier request, by such an agent', { ...grantedEntry, request: 'second' }, { phase: 'Stopped', request: 'first' }, false],
    ['no request, by such an agent', grantedEntry, { phase: 'Running' }, true],
  ])('is about %s', (_, wish, said, expected) => {
    const whole = report(said);
    expect(reportOn(wish, whole)).toBe(expected ? whole : undefined);
  });

  it('is nothing where nothing was said', () => {
    expect(reportOn(entry, undefined)).toBeUndefined();
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
