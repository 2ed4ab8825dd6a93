// Words that programs decide on are wire format (docs/decisions/0011-upgrade-contract.md): a table of them, frozen,
// and what each decides. The reports and statuses are written as the base release writes them. They stay readable when
// later releases say the same in typed fields, for two releases after the first one that does.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { causesOf } from '../../../src/cli/live/why/causes.ts';
import { outcomeOf } from '../../../src/cli/run/outcome.ts';
import { nodeView } from '../../../src/cli/ui/views/node-view.ts';
import { entryName } from '../../../src/controller/asked.ts';
import { vmReport } from '../../../src/controller/vm-report.ts';
import type { AllocatedGuest, ReportedGuest } from '../../../src/crds/realtime-allocation.ts';
import type { Stored } from '../../../src/store/resource.ts';
import { decidedIn, decidedStrings } from './decided-strings.ts';

const repository = join(import.meta.dirname, '../../..');

/**
 * Who decides on words of whom. Nothing is added here: a new decision goes by a field with a type of its own. The exceptions:
 * - two words that were added while the base release still calls a state directory damaged that has a field which it does
 *   not know;
 * - `AuditLate`, `NotLookedAt` and `OtherGrant`, of agents that name grants. What lives is decided by the types of `lives` and
 *   `grant`. The first two only tell people that something is under way; the third, that it takes a person, and that the
 *   grant which it names is not that of an entry without one. The base release writes none of them;
 * - the words of the controller to itself, of which no other version reads any.
 *
 * `TableWentBack` is decided on no more: the agent was asked anew then, and now nothing is asked of an agent of the base
 * release before it has been upgraded, since it states no session.
 */
const wire = [
  {
    reads: 'controller', from: 'the agent: RealtimeAllocation status.guests[].reason',
    words: [
      'AllocationInvalid', 'AssertionFailed', 'AuditLate', 'Drift', 'DriftPersists', 'Ended', 'HeldElsewise', 'NotLookedAt',
      'OtherGrant', 'Paused', 'Succeeded', 'Violated',
    ],
  },
  {
    reads: 'controller', from: 'itself: the conditions of a RealtimeVM, when it tells their changes as events',
    words: ['AgentTooOld', 'Drained', 'Halted', 'Invalid', 'NodeLost', 'NodeNotHeard', 'NotSeen', 'RestoreOpen'],
  },
  { reads: 'node-agent', from: 'the agent before it, the same', words: ['Succeeded'] },
  {
    reads: 'cli', from: 'the controller: the conditions of a RealtimeVM',
    // `Emulated` is only shown: by the page beside its own controller, and by "rtvm run" of a controller in its own process.
    // So are the waits of "rtvm run".
    words: [
      'ClaimsHeld', 'DriftPersists', 'Emulated', 'Halted', 'HostNotReady', 'NodeNotHeard', 'Paused', 'RestoreOpen',
      'Unplaced', 'Violated',
    ],
  },
  { reads: 'cli', from: 'the agent: the subject of a finding', words: [String.raw`/^CPU (\d+)\//`] },
] as const;

/** Words of others, which they do not change under us, and words with a type. */
const foreign = [
  { reads: 'node-agent', from: 'itself: the reason of a StartError, which has a type', words: ['CpusTaken'] },
  { reads: 'cli', from: 'libvirt, which refuses a second console', words: ['/session/i'] },
  {
    reads: 'node-agent', from: "libvirt's client, which makes them of numbers",
    words: ['crashed', 'destroyed', 'failed', 'shutdown', 'shutting-down', 'starting-up'],
  },
  { reads: 'store', from: 'Kubernetes: the reason of a Status', words: ['AlreadyExists', 'Expired', 'Gone'] },
] as const;

describe('the sources', () => {
  it('decide on no other words, and on all of these', () => {
    const known = [...wire, ...foreign].flatMap(({ reads, words }) => words.map((word) => `${reads}: ${word}`));
    expect(decidedStrings(join(repository, 'src'))).toEqual([...new Set(known)].toSorted());
  });

  it.each([
    ["report.reason === 'Word'", ['Word']],
    ["'Word' !== report?.reason", ['Word']],
    ["const words = new Set(['One', 'Other']); words.has(reason)", ['One', 'Other']],
    ["const word = 'Word'; if (reason === word) f()", ['Word']],
    ["['One', 'Other'].includes(condition.reason)", ['One', 'Other']],
    ["condition.message.startsWith('no room')", ['no room']],
    ["/^CPU/.test(finding.subject)", ['/^CPU/']],
    ["switch (found.reason) { case 'One': case 'Other': f(); }", ['One', 'Other']],
    ["was.reason !== is.reason || report.phase === 'Running' || message === ''", []],
  ])('are searched for decisions such as %s', (source, words) => {
    expect(decidedIn(source)).toEqual(words);
  });
});

describe('health checks of GitOps tools', () => {
  it.each([
    { tool: 'Argo CD', folder: 'deploy/argocd', ending: '.lua', words: ['Ended', 'Succeeded'] },
    { tool: 'Flux', folder: 'deploy/flux', ending: '.yaml', words: ['Succeeded'] },
  ])('of $tool decide on no other reasons: nobody upgrades them in clusters', ({ folder, ending, words }) => {
    const all = readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' });
    const files = all.filter((file) => file.endsWith(ending));
    const texts = files.map((file) => readFileSync(join(repository, folder, file), 'utf8'));
    const compared = /\b(?:reason|message)\s*[=~]=\s*["']([^"']+)["']/g;
    const found = texts.flatMap((text) => [...text.matchAll(compared)].map((match) => match[1]!));
    expect([...new Set(found)].toSorted()).toEqual(words);
  });
});

const entryOf = (desired: AllocatedGuest['desired']) => ({
  desired, request: 'r1', placement: { nodeName: 'n1' }, guest: { cpu: { realtime: { vcpus: '1', priority: 1 } } },
}) as unknown as AllocatedGuest;

const finding = {
  code: 'ThreadPolicy', severity: 'error', subject: 'CPU 3/KVM', expected: 'FIFO 1', observed: 'OTHER', message: 'm',
} as const;
const violated = { verdict: 'Violated', findings: [finding] } as const;

describe('the controller, of what the agent reports,', () => {
  /** `Stalled`: a person has to act; `Reconciling`: it is being seen to. */
  const decided = (desired: AllocatedGuest['desired'], report: Omit<ReportedGuest, 'uid'>) => {
    const placed = { kind: 'placed', entry: entryOf(desired), restartRequired: undefined, unknown: undefined } as const;
    const { conditions } = vmReport({ ...placed, report: { uid: 'u', ...report } });
    const telling = conditions.filter(({ type, status }) => /^(Stalled|Reconciling)$/.test(type) && status === 'True');
    return telling.map(({ type, reason }) => `${type} ${reason}`);
  };

  it.each<[string, Omit<ReportedGuest, 'uid'>, readonly string[]]>([
    ['Drift: it is being corrected', { phase: 'Running', reason: 'Drift', audit: violated }, ['Reconciling Drift']],
    ['HeldElsewise: the same', { phase: 'Unknown', reason: 'HeldElsewise' }, ['Reconciling HeldElsewise']],
    ['AuditLate: the same', { phase: 'Unknown', reason: 'AuditLate' }, ['Reconciling AuditLate']],
    ['NotLookedAt: the same', { phase: 'Unknown', reason: 'NotLookedAt' }, ['Reconciling NotLookedAt']],
    ['OtherGrant: it takes a person', { phase: 'Unknown', reason: 'OtherGrant' }, ['Stalled OtherGrant']],
    ['Violated: it takes a person', { phase: 'Running', reason: 'Violated', audit: violated }, ['Stalled Violated']],
    ['DriftPersists: too', { phase: 'Running', reason: 'DriftPersists', audit: violated }, ['Stalled DriftPersists']],
    ['Paused: too', { phase: 'Unknown', reason: 'Paused' }, ['Stalled Paused']],
    ['Ended: too', { phase: 'Stopped', reason: 'Ended' }, ['Stalled Ended']],
    ['Succeeded: all is well', { phase: 'Stopped', reason: 'Succeeded' }, []],
  ])('decides on %s', (_, report, expected) => {
    expect(decided('Running', report)).toEqual(expected);
  });

  it.each(['Succeeded', 'Ended'])('decides on %s: it had ended by itself before it was halted', (reason) => {
    expect(decided('Stopped', { phase: 'Stopped', reason })).toEqual([]);
    expect(decided('Stopped', { phase: 'Stopped', reason: 'Halted' })).toEqual(['Stalled AgentTooOld']);
  });

  it('decides on OtherGrant: an entry without a grant is not of the one that lives', () => {
    const report = { uid: 'u', phase: 'Unknown', lives: true, grant: 'g' } as const;
    const entry = { ...entryOf('Running'), vm: { namespace: 'a', name: 'b', uid: 'u' } };
    expect(entryName(entry, { ...report, reason: 'OtherGrant' })).toBe('before:u');
    expect(entryName(entry, { ...report, reason: 'NotLookedAt' })).toBe('g');
  });
});

type Vm = Stored<'RealtimeVM'>;
type Condition = NonNullable<NonNullable<Vm['status']>['conditions']>[number];

describe('the command line, of what the controller says,', () => {
  const vmWith = (phase: string, type: string, status: Condition['status'], reason: string): Vm => {
    const condition = { type, status, reason, message: 'm', lastTransitionTime: '2026-01-01T00:00:00Z' };
    return {
      metadata: { namespace: 'a', name: 'b', generation: 1 }, spec: {},
      status: { phase, observedGeneration: 1, conditions: [condition] },
    } as unknown as Vm;
  };

  it.each([
    ['Violated: it has failed', vmWith('Running', 'Running', 'True', 'Violated'), 'failed'],
    ['DriftPersists: it has failed', vmWith('Running', 'Running', 'True', 'DriftPersists'), 'failed'],
    ['Paused: it does not go on', vmWith('Unknown', 'Running', 'False', 'Paused'), 'paused'],
    ['HostNotReady: it waits', vmWith('Pending', 'Placed', 'False', 'HostNotReady'), 'pending'],
  ])('rtvm run decides on %s', (_, vm, kind) => {
    expect(outcomeOf(vm, 0).kind).toBe(kind);
  });

  it('kubectl rtvm why decides on Halted: nothing is wrong', () => {
    expect(causesOf(vmWith('Stopping', 'Placed', 'False', 'Halted'))).toEqual([]);
    expect(causesOf(vmWith('Pending', 'Placed', 'False', 'NoNodes')).map(({ reason }) => reason)).toEqual(['NoNodes']);
  });

  it('the page decides on the subject of a finding: which vCPU it marks', () => {
    const table = {
      spec: { guests: [{ ...entryOf('Running'), vm: { namespace: 'a', name: 'b', uid: 'u' } }] },
      status: { guests: [{ uid: 'u', phase: 'Running', audit: violated }] },
    } as unknown as Stored<'RealtimeAllocation'>;
    const { view } = nodeView('n1', { node: undefined, table, facts: undefined }, new Map());
    expect(view.vms.map(({ flagged }) => flagged)).toEqual([[3]]);
  });
});
