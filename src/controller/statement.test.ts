import { describe, expect, it } from 'vitest';
import type { AllocatedGuest, AllocationStatus, ReportedGuest } from '../crds/realtime-allocation.ts';
import { statementOf } from './statement.ts';
import { entryOf, tableOf, unlistedOf, withoutGrant } from './testing/sample-objects.ts';

const entry = entryOf('a');
const { name } = entry.grant;
const said = (what: Partial<ReportedGuest>): ReportedGuest => ({ uid: 'uid-a', phase: 'Running', grant: name, ...what });
const stated = (status: Partial<AllocationStatus>) => statementOf(
  tableOf({ term: 't/1', guests: [entry] }, { guests: [], session: 's', number: 3, term: 't/1', ...status }),
);
const lives = (status: Partial<AllocationStatus>) => stated(status)?.domains.map(({ grant, vm, verdict }) => [grant, vm, verdict]);
const verified = { verdict: 'Verified' as const, findings: [] };

describe('what an agent states', () => {
  it('is nothing before it has stated anything', () => {
    expect(statementOf(tableOf({ guests: [entry] }))).toBeUndefined();
  });

  it('is its session, its number, the seal that it answers, and whether its table has gone back', () => {
    expect(stated({})).toEqual({ session: 's', number: 3, term: 't/1', wentBack: 'No', domains: [] });
    expect(stated({ wentBack: 'BeforeRestore', term: 'of the version before' }))
      .toMatchObject({ wentBack: 'BeforeRestore', term: undefined });
  });

  it.each<[string, Partial<ReportedGuest>, object]>([
    ['lives, and is verified', { lives: true, audit: verified }, [[name, 'ran/a', 'Verified']]],
    ['lives, and its audit is of before', { lives: true, phase: 'Unknown', audit: verified }, [[name, 'ran/a', 'Unknown']]],
    ['lives, and was not audited', { lives: true }, [[name, 'ran/a', 'Unknown']]],
    ['is switching off', { lives: true, phase: 'Stopping' }, [[name, 'ran/a', 'Unknown']]],
    ['runs, by its phase alone', {}, []],
    ['has ended', { phase: 'Stopped', answered: 'Stopped' }, []],
    ['lives by another grant', { lives: true, grant: 'h' }, [['h', 'ran/a', 'Unknown']]],
  ])('names what lives: it %s', (_, what, expected) => {
    expect(lives({ guests: [said(what)] })).toEqual(expected);
  });

  it('names what lives with no entry, once, with all that it says of itself', () => {
    const [domain, other] = [unlistedOf(entry), unlistedOf(entryOf('b', { cpu: 2 }))];
    expect(lives({ guests: [said({ lives: true, audit: verified })], unlisted: [domain, other] })).toEqual([
      [name, 'ran/a', 'Unknown'], [other.grant, 'ran/b', 'Unknown'],
    ]);
    expect(stated({ unlisted: [other] })?.domains[0]?.unlisted).toEqual(other);
  });

  it('names no VM of a domain that only its UID is known of', () => {
    expect(lives({ guests: [{ ...said({ lives: true }), uid: 'gone' }] })).toEqual([[name, undefined, 'Unknown']]);
  });

  it('is read of the version before by the phase, without a session', () => {
    const guests: ReportedGuest[] = [{ uid: 'uid-a', phase: 'Running', audit: verified }, { uid: 'uid-b', phase: 'Stopped' }];
    const old = (one: AllocatedGuest) => statementOf(tableOf({ guests: [one] }, { guests, term: 'of the version before' }));
    expect(old(entry)).toMatchObject({ session: '', number: 0, term: undefined });
    const domain = { uid: 'uid-a', vm: 'ran/a', verdict: 'Verified' };
    expect(old(entry)?.domains).toMatchObject([{ ...domain, grant: name }]);
    expect(old(withoutGrant(entry))?.domains).toMatchObject([{ ...domain, grant: 'before:uid-a' }]);
  });

  it('is read once of each version of the table', () => {
    const table = tableOf({ guests: [entry] }, { guests: [said({ lives: true })], session: 's' });
    expect(statementOf(table)).toBe(statementOf(table));
  });
});
