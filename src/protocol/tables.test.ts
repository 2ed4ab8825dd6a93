import { describe, expect, it } from 'vitest';
import { firstOverlap } from './facts.ts';
import { guardTable, nextGuardStep } from './guard-table.ts';
import type { GuardSituation } from './guard-table.ts';
import { guestTable, mayState, nextGuestStep } from './guest-table.ts';
import type { GuestSituation } from './guest-table.ts';
import { nextNodeStep, nodeTable } from './node-table.ts';
import type { NodeSituation } from './node-table.ts';
import { nextReadingStep, readingTable } from './reading-table.ts';
import type { ReadingSituation } from './reading-table.ts';
import { nextRestoreStep, restoreTable } from './restore-table.ts';
import type { RestoreSituation } from './restore-table.ts';
import type { Decision } from './row.ts';
import { contradictsStore, isBelieved, isHeard, takesGuests } from './vm-situation.ts';
import type { Home, VmSituation } from './vm-situation.ts';
import { nextVmStep, vmTable } from './vm-table.ts';
import { whyNotVerified } from './verified.ts';
import type { VerifiedSituation } from './verified.ts';

/** A row, the situation that it is for (beside a usual one), and its step. */
type Case<Situation> = readonly [string, Partial<Situation>, object];

function tested<Situation, Step>(
  name: string, rows: readonly { readonly name: string }[], next: (situation: Situation) => Decision<Step>,
  usual: Situation, cases: readonly Case<Situation>[],
): void {
  describe(name, () => {
    it.each(cases)('%s', (row, change, step) => expect(next({ ...usual, ...change })).toEqual({ row, step }));
    it('has a case for each row', () =>
      expect(new Set(cases.map(([row]) => row))).toEqual(new Set(rows.map((row) => row.name))));
  });
}

const home: Home = {
  table: 'Mine', heard: true, acceptedOff: false, takesGuests: true, fenced: false, hasRoom: true,
  entry: { isRuns: true, desired: 'Running', answered: false }, lives: true,
};
const at = (change: Partial<Home>): Home => ({ ...home, ...change });
const without: Partial<Home> = { entry: undefined, lives: false };
const runs: VmSituation = {
  restore: undefined, allHeard: true, deleted: false, finalizer: true, wish: 'Run', renew: false, hasOldEntry: false,
  pastIsUnheard: false, isBound: false,
  run: { state: 'Open' }, home, copies: [], made: 'No', candidate: undefined,
};
const closed: Partial<VmSituation> = { run: { state: 'Closed' }, home: at(without) };
const found = { kind: 'found' } as const;
const copy = { node: 'b', sameVm: true };
const entry = (desired: 'Running' | 'Stopped' | 'Removed', answered = false) => ({ isRuns: true, desired, answered });

tested<VmSituation, object>('a VM\'s next step', vmTable, nextVmStep, runs, [
  ['take-table-first', { home: at({ table: 'Foreign' }) }, { do: 'wait', why: 'TableNotTaken' }],
  ['take-table-first', { home: at({ table: 'Absent' }) }, { do: 'wait', why: 'TableNotTaken' }],
  ['add-finalizer', { finalizer: false }, { do: 'addFinalizer' }],
  ['adopt-old-entry', { run: undefined, home: undefined, hasOldEntry: true }, { do: 'adoptRun' }],
  ['adopt-old-entry', { run: undefined, home: undefined, hasOldEntry: true, pastIsUnheard: true }, { do: 'adoptRun' }],
  ['ask-past-node', { run: undefined, home: undefined, pastIsUnheard: true, candidate: { node: 'b', isHome: false } },
    { do: 'wait', why: 'NodeNotHeard' }],
  ['ask-past-node', { run: undefined, home: undefined, pastIsUnheard: true, deleted: true },
    { do: 'wait', why: 'NodeNotHeard' }],
  ['adopt-past', { run: undefined, home: undefined, copies: [copy], wish: 'Halt' }, { do: 'adoptRun' }],
  ['runs-twice', { copies: [copy] }, { do: 'wait', why: 'RunsTwice' }],
  ['runs-twice', { home: at({ lives: false }), copies: [copy, { ...copy, node: 'c' }] },
    { do: 'wait', why: 'RunsTwice' }],
  // A person's word was not true, and nothing was started elsewhere meanwhile.
  ['old-domain-runs', { run: { state: 'Closed' }, home: at({ fenced: true, entry: entry('Stopped') }), copies: [copy] },
    { do: 'wait', why: 'OldDomainRuns' }],
  ['remove-copy', { ...closed, deleted: true, home: at({ fenced: true, entry: entry('Stopped') }), copies: [copy] },
    { do: 'removeCopy' }],
  ['remove-copy', { deleted: true, restore: found, home: at({ lives: false }), copies: [copy] }, { do: 'removeCopy' }],
  ['remove-adopted', { deleted: true, home: at({ entry: undefined }) }, { do: 'adoptEntry', desired: 'Removed' }],
  ['ask-remove', { deleted: true }, { do: 'ask', desired: 'Removed' }],
  ['ask-remove', { deleted: true, restore: found }, { do: 'ask', desired: 'Removed' }],
  ['removing', { deleted: true, home: at({ entry: entry('Removed') }) }, { do: 'wait', why: 'Removing' }],
  ['close-removed', { deleted: true, home: at({ entry: entry('Removed', true), lives: false }) },
    { do: 'close', because: 'Ended' }],
  ['close-removed', { deleted: true, home: at({ entry: entry('Removed'), fenced: true, lives: false }) },
    { do: 'close', because: 'Fenced' }],
  ['drop-removed', {
    deleted: true, run: { state: 'Closed' }, home: at({ entry: entry('Removed', true), lives: false }),
  }, { do: 'dropEntry' }],
  ['gone-unheard', { ...closed, deleted: true, restore: found, allHeard: false }, { do: 'wait', why: 'RestoreOpen' }],
  ['gone', { ...closed, deleted: true }, { do: 'removeFinalizer' }],
  ['gone', { deleted: true, finalizer: false, run: undefined, home: undefined }, { do: 'done', as: 'Gone' }],
  ['gone', {
    deleted: true, run: { state: 'Closed' }, home: at({ entry: entry('Removed'), fenced: true, lives: false }),
  }, { do: 'removeFinalizer' }],
  ['close-fenced', { home: at({ fenced: true, lives: false }) }, { do: 'close', because: 'Fenced' }],
  ['touch', { home: at(without), made: 'MayBeUnderWay' }, { do: 'touch' }],
  ['grant', { home: at(without), made: 'Kept' }, { do: 'grant' }],
  ['grant', { home: at({ entry: { ...entry('Stopped', true), isRuns: false }, lives: false }), made: 'Kept' },
    { do: 'grant' }],
  ['take-back', { home: at({ ...without, takesGuests: false }), made: 'Kept' },
    { do: 'close', because: 'NeverGranted' }],
  ['take-back', { home: at({ ...without, hasRoom: false }), made: 'Kept' }, { do: 'close', because: 'NeverGranted' }],
  ['not-heard', { home: at({ ...without, heard: false }) }, { do: 'wait', why: 'NodeNotHeard' }],
  ['adopt-waits', { home: at({ entry: undefined, hasRoom: false }) }, { do: 'wait', why: 'ClaimsHeld' }],
  ['adopt-entry', { home: at({ entry: undefined }) }, { do: 'adoptEntry', desired: 'Running' }],
  ['adopt-run-unheard', { restore: found, home: at({ heard: false, lives: false }), copies: [copy] },
    { do: 'wait', why: 'RestoreOpen' }],
  ['adopt-run', { restore: found, home: at({ lives: false }), copies: [copy] }, { do: 'adoptRun' }],
  ['adopt-run', { restore: found, home: at({ heard: false, acceptedOff: true, lives: false }), copies: [copy] },
    { do: 'adoptRun' }],
  ['close-not-restored', { restore: found, home: at({ lives: false }) }, { do: 'close', because: 'NotRestored' }],
  ['close-lost', { home: at(without) }, { do: 'close', because: 'NeverGranted' }],
  ['restore-open', { restore: found }, { do: 'wait', why: 'RestoreOpen' }],
  ['restore-open', { restore: { kind: 'suspected' }, home: at({ lives: false }) }, { do: 'wait', why: 'RestoreOpen' }],
  ['stop', { wish: 'Halt' }, { do: 'ask', desired: 'Stopped' }],
  ['stop', { renew: true }, { do: 'ask', desired: 'Stopped' }],
  ['close', { home: at({ entry: entry('Stopped', true), lives: false }) }, { do: 'close', because: 'Ended' }],
  ['ending', { home: at({ entry: entry('Stopped') }) }, { do: 'wait', why: 'Ending' }],
  ['runs', {}, { do: 'done', as: 'Runs' }],
  ['old-domain-runs', { ...closed, copies: [{ node: 'b', sameVm: false }] }, { do: 'wait', why: 'OldDomainRuns' }],
  ['drop-ended', { run: { state: 'Closed' }, home: at({ entry: entry('Stopped', true), lives: false }) },
    { do: 'dropEntry' }],
  ['halted', { ...closed, wish: 'Halt' }, { do: 'done', as: 'Halted' }],
  ['halted', { ...closed, wish: 'Halt', copies: [{ node: 'b', sameVm: false }] }, { do: 'done', as: 'Halted' }],
  ['halted', {
    run: { state: 'Closed' }, home: at({ entry: entry('Stopped', true), lives: false }), isBound: true, wish: 'Halt',
  }, { do: 'done', as: 'Halted' }],
  ['open', { ...closed, candidate: { node: 'b', isHome: false } }, { do: 'open' }],
  ['open', {
    run: { state: 'Closed' }, home: at({ entry: entry('Stopped', true), lives: false }),
    candidate: { node: 'a', isHome: true },
  }, { do: 'open' }],
  ['open', { run: undefined, home: undefined, candidate: { node: 'b', isHome: false } }, { do: 'open' }],
  ['unplaced', {
    run: { state: 'Closed' }, home: at({ entry: entry('Stopped', true), lives: false }), isBound: true,
  }, { do: 'wait', why: 'Unplaced' }],
  ['unplaced', closed, { do: 'wait', why: 'Unplaced' }],
]);

const node: NodeSituation = {
  table: 'Mine', restoreIsOpen: false, sealedForRestore: false, word: false, lapsed: false,
  nodeReady: true, fenced: false, unanswered: false,
  heard: true, isOpen: true, contradicts: false, agreedBefore: true, homeless: 'AsKept', strays: 'None',
};

tested<NodeSituation, object>('a node\'s next step', nodeTable, nextNodeStep, node, [
  ['make-table', { table: 'Absent' }, { do: 'makeTable' }],
  ['take-over', { table: 'Foreign' }, { do: 'seal' }],
  ['seal-for-restore', { restoreIsOpen: true }, { do: 'seal' }],
  ['fence', { word: true, lapsed: true, nodeReady: false, heard: false }, { do: 'fence' }],
  ['overtake', { unanswered: true }, { do: 'touch' }],
  ['overtake', { unanswered: true, heard: false }, { do: 'touch' }],
  ['not-heard', { heard: false }, { do: 'wait', why: 'NodeNotHeard' }],
  ['not-heard', { heard: false, lapsed: true, nodeReady: false }, { do: 'wait', why: 'NodeNotHeard' }],
  ['open-restore', { contradicts: true, agreedBefore: false }, { do: 'openRestore' }],
  ['not-believed', { contradicts: true }, { do: 'wait', why: 'NotBelieved' }],
  ['keep', { homeless: 'Otherwise', restoreIsOpen: true, sealedForRestore: true }, { do: 'keep' }],
  ['drop-strays', { strays: 'Over', isOpen: false }, { do: 'dropStrays' }],
  ['restore-open', { restoreIsOpen: true, sealedForRestore: true }, { do: 'wait', why: 'RestoreOpen' }],
  ['word-stands', { word: true, isOpen: false }, { do: 'wait', why: 'WordStands' }],
  ['word-stands', { word: true, lapsed: true, nodeReady: true }, { do: 'wait', why: 'WordStands' }],
  ['runs-twice', { strays: 'Live', isOpen: false }, { do: 'wait', why: 'RunsTwice' }],
  ['removing', { strays: 'Removing', isOpen: false }, { do: 'wait', why: 'Removing' }],
  ['open-session', { isOpen: false }, { do: 'openSession' }],
  ['open-session', { fenced: true }, { do: 'openSession' }],
  ['settled', {}, { do: 'done' }],
]);

const open: RestoreSituation = {
  restore: { kind: 'found', accepted: true }, remembersMore: false, leaseLongPast: false,
  allSealed: true, allHeard: true, anyContradicts: false, allSettled: true,
};

tested<RestoreSituation, object>('the next step about restores', restoreTable, nextRestoreStep, open, [
  ['remembers-more', { restore: undefined, remembersMore: true }, { do: 'openRestore', kind: 'found' }],
  ['remembers-more', { remembersMore: true }, { do: 'openRestore', kind: 'found' }],
  ['remembers-more', { restore: { kind: 'suspected', accepted: false }, remembersMore: true, anyContradicts: true },
    { do: 'openRestore', kind: 'found' }],
  ['long-away', { restore: undefined, leaseLongPast: true }, { do: 'openRestore', kind: 'suspected' }],
  ['none', { restore: undefined }, { do: 'done' }],
  ['confirm', { restore: { kind: 'suspected', accepted: false }, anyContradicts: true }, { do: 'confirm' }],
  ['clear', { restore: { kind: 'suspected', accepted: false } }, { do: 'closeRestore' }],
  ['not-heard', { allHeard: false }, { do: 'wait', why: 'NodesNotHeard' }],
  ['not-accepted', { restore: { kind: 'found', accepted: false } }, { do: 'wait', why: 'NotAccepted' }],
  ['not-settled', { allSettled: false }, { do: 'wait', why: 'NotSettled' }],
  ['close', {}, { do: 'closeRestore' }],
]);

const guest: GuestSituation = {
  entry: { desired: 'Running', isIntact: true }, isOpen: true, domain: 'running', isEntrys: true, isLeft: false,
  hostIsFree: true, isOver: 'No',
  graceMs: undefined, backoffMs: 0,
};
const asked = (desired: 'Stopped' | 'Removed') => ({ entry: { desired, isIntact: true } });

tested<GuestSituation, object>('a guest\'s next step', guestTable, nextGuestStep, guest, [
  ['undefine-left', { domain: 'off', isLeft: true }, { do: 'undefineLeft' }],
  ['remove', { ...asked('Removed'), isOpen: false, isEntrys: false }, { do: 'requestShutdown' }],
  ['remove', { ...asked('Removed'), graceMs: 500 }, { do: 'wait', why: 'Grace', forMs: 500 }],
  ['remove', { ...asked('Removed'), graceMs: 0 }, { do: 'destroy' }],
  ['removed', { ...asked('Removed'), domain: 'absent', isOpen: false }, { do: 'cleanUp', answer: 'Removed' }],
  ['changing', { domain: 'changing' }, { do: 'wait', why: 'Changing' }],
  ['no-entry', { entry: undefined }, { do: 'audit', as: 'NoEntry' }],
  ['other-grant', { isEntrys: false }, { do: 'audit', as: 'OtherGrant' }],
  ['other-grant', { ...asked('Stopped'), isEntrys: false }, { do: 'audit', as: 'OtherGrant' }],
  ['stop', asked('Stopped'), { do: 'requestShutdown' }],
  ['stop-not-open', { ...asked('Stopped'), isOpen: false }, { do: 'audit', as: 'Entry' }],
  ['stopped', { ...asked('Stopped'), domain: 'off', isOpen: false }, { do: 'cleanUp', answer: 'Stopped' }],
  ['paused', { domain: 'paused' }, { do: 'report', what: 'Paused' }],
  ['runs', { isOpen: false }, { do: 'audit', as: 'Entry' }],
  ['nothing', { entry: undefined, domain: 'absent' }, { do: 'none' }],
  ['not-open', { domain: 'absent', isOpen: false }, { do: 'wait', why: 'NotOpen' }],
  ['grant-edited', { domain: 'absent', entry: { desired: 'Running', isIntact: false } },
    { do: 'report', what: 'GrantEdited' }],
  ['over', { domain: 'off', isOver: 'Succeeded' }, { do: 'report', what: 'Succeeded' }],
  ['over', { domain: 'off', isOver: 'Ended' }, { do: 'report', what: 'Ended' }],
  ['backoff', { domain: 'off', backoffMs: 70 }, { do: 'wait', why: 'Backoff', forMs: 70 }],
  ['host-taken', { domain: 'absent', hostIsFree: false }, { do: 'report', what: 'HostTaken' }],
  ['start', { domain: 'absent' }, { do: 'start' }],
]);

const reading: ReadingSituation = { table: 'Sealed', isNoted: true, isOlder: false, isOtherRestore: false };

tested<ReadingSituation, object>('reading a table', readingTable, nextReadingStep, reading, [
  ['absent', { table: 'Absent' }, { session: 'New', note: 'Keep' }],
  ['no-seal', { table: 'NoSeal' }, { session: 'New', note: 'Keep' }],
  ['another', { isNoted: false }, { session: 'New', note: 'Take' }],
  ['restore', { isOtherRestore: true, isOlder: true }, { session: 'New', note: 'Restart' }],
  ['went-back', { isOlder: true }, { session: 'New', note: 'Flag' }],
  ['of-now', {}, { session: 'Keep', note: 'Take' }],
  ['of-now', { isNoted: undefined }, { session: 'Keep', note: 'Take' }],
]);

const guard: GuardSituation = {
  pod: 'Stands', holds: true, known: true, fenced: false, cordoned: false, asksOtherwise: false, restMs: 0,
};

tested<GuardSituation, object>('a guard\'s next step', guardTable, nextGuardStep, guard, [
  ['fenced', { fenced: true, known: false }, { do: 'letGo' }],
  ['not-known', { pod: 'Ending', holds: false, known: false }, { do: 'none' }],
  ['create', { pod: 'None' }, { do: 'create' }],
  ['none', { pod: 'None', holds: false }, { do: 'none' }],
  ['drained', { pod: 'Ending', holds: false }, { do: 'letGo' }],
  ['draining', { pod: 'Ending', cordoned: true }, { do: 'none' }],
  ['deleted', { pod: 'Ending' }, { do: 'letGo' }],
  ['empty', { holds: false }, { do: 'delete' }],
  ['cordoned', { cordoned: true, asksOtherwise: true }, { do: 'none' }],
  ['right', {}, { do: 'none' }],
  ['young', { asksOtherwise: true, restMs: 9 }, { do: 'wait', forMs: 9 }],
  ['make-again', { pod: 'Ended' }, { do: 'delete' }],
]);

const seal = { term: 't', round: 1 };
const verified: VerifiedSituation = {
  run: { count: 1, grant: 'g', node: 'a', state: 'Open' }, entry: 'g', fenced: false,
  lease: { session: 's', statement: 4, alive: true },
  statement: {
    session: 's', number: 4, wentBack: 'No', domains: [{ grant: 'g', verdict: 'Verified' }],
  },
};
const domains = (verdict: 'Verified' | 'Violated' | 'Unknown', grant = 'g') => ({
  ...verified.statement!, domains: [{ grant, verdict }],
});

describe('verified', () => {
  it.each([
    [undefined, {}],
    ['NotOpen', { run: { ...verified.run!, state: 'Closed' } }],
    ['NotOpen', { run: undefined }],
    ['OtherEntry', { entry: 'h' }],
    ['OtherEntry', { fenced: true }],
    ['NodeSilent', { lease: { ...verified.lease!, alive: false } }],
    ['NodeSilent', { lease: undefined }],
    ['NotSeen', { lease: { ...verified.lease!, session: 'of the next process' } }],
    ['NotSeen', { statement: { ...verified.statement!, wentBack: 'Yes' } }],
    ['NotSeen', { statement: undefined }],
    ['NotSeen', { statement: { ...verified.statement!, number: 3 } }],
    ['NotRunning', { statement: domains('Verified', 'h') }],
    ['Violated', { statement: domains('Violated') }],
    ['NotAudited', { statement: domains('Unknown') }],
  ] as const)('%s', (why, change) => expect(whyNotVerified({ ...verified, ...change })).toBe(why));
});

describe('who is heard and believed', () => {
  it('hears what answers the seal of this term, and of the restore that is open', () => {
    expect(isHeard({ seal }, { seal }, { term: 't' })).toBe(true);
    expect(isHeard({ seal, restore: 'r' }, { seal }, { term: 't', restore: 'r' })).toBe(true);
    expect(isHeard({ seal }, { seal }, { term: 't', restore: 'r' })).toBe(false);
    expect(isHeard({ seal }, { seal }, { term: 'u' })).toBe(false);
    expect(isHeard({ seal }, { seal: { ...seal, round: 0 } }, { term: 't' })).toBe(false);
    expect(isHeard({ seal }, undefined, { term: 't' })).toBe(false);
  });

  it('takes guests only where all is well', () => {
    const well = { table: 'Mine', heard: true, isOpen: true, fenced: false, word: false, alive: true } as const;
    expect(takesGuests(well)).toBe(true);
    const ill = [
      { table: 'Foreign' }, { heard: false }, { isOpen: false }, { fenced: true }, { word: true }, { alive: false },
    ] as const;
    expect(ill.map((change) => takesGuests({ ...well, ...change }))).toEqual(ill.map(() => false));
  });

  it('believes a node about other nodes\' VMs only in a restore', () => {
    const claim = { restoreIsOpen: false, nodeIsRuns: false, isInTable: false };
    expect(isBelieved(claim)).toBe(false);
    const enough = [{ restoreIsOpen: true }, { nodeIsRuns: true }, { isInTable: true }];
    expect(enough.map((change) => isBelieved({ ...claim, ...change }))).toEqual([true, true, true]);
  });

  it('sees who is later than the store', () => {
    const agrees = { wentBack: 'No', livesUnnamed: false, restoreIsOpen: false } as const;
    expect(contradictsStore(agrees)).toBe(false);
    expect(contradictsStore({ ...agrees, livesUnnamed: true })).toBe(true);
    expect(contradictsStore({ ...agrees, wentBack: 'Yes' })).toBe(true);
    expect(contradictsStore({ ...agrees, wentBack: 'BeforeRestore' })).toBe(false);
    expect(contradictsStore({ ...agrees, wentBack: 'BeforeRestore', restoreIsOpen: true })).toBe(true);
  });

  it('lets an agent state nothing while something is left of the process before', () => {
    expect(mayState([{ domain: 'running', isLeft: true }, { domain: 'off', isLeft: false }])).toBe(true);
    expect(mayState([{ domain: 'off', isLeft: true }])).toBe(false);
  });
});

describe('claims', () => {
  it('finds who has what is claimed', () => {
    const held = [{ claims: [1], of: 'a' }, { claims: [2, 3], of: 'b' }];
    const overlaps = (one: number[], other: number[]) => one.some((cpu) => other.includes(cpu));
    expect(firstOverlap([3, 4], held, overlaps)).toBe(held[1]);
    expect(firstOverlap([4], held, overlaps)).toBeUndefined();
  });
});
