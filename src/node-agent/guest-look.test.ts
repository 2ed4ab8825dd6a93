import { describe, expect, it } from 'vitest';
import { grantNameBefore, granted } from '../crds/grant.ts';
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import { nextGuestStep } from '../protocol/guest-table.ts';
import type { GuestSituation } from '../protocol/guest-table.ts';
import { dedicatedTwoCells, plainShared } from '../realtime/domain/fixtures/inputs.ts';
import type { RunStrategy } from '../realtime/spec.ts';
import { formatPayload } from './domain-payload.ts';
import { endOf, isMadeWith, livingName, madeOf, situationOf } from './guest-look.ts';
import type { LookContext } from './guest-look.ts';
import { newGuestState } from './guest-state.ts';
import type { GuestState } from './guest-state.ts';
import type { DomainEnd, HostDomain } from './hypervisor.ts';
import { readEntry } from './allocation-entry.ts';
import { domainOf, entryOf, payloadBefore, withoutGrant } from './testing/entries.ts';

const entry = entryOf(dedicatedTwoCells);
const old = withoutGrant(entry);
const regranted = entryOf(dedicatedTwoCells, {}, 'other');
const theirs: HostDomain = { name: 'theirs', uuid: entry.guest.uuid, run: 'running' };

const elsewhere = { placement: { ...entry.placement, reservedCpus: '' } };
const otherwise = { guest: { ...entry.guest, terminationGracePeriodSeconds: 31 } };
const before = { generation: entry.generation - 1 };
/** As an agent without grants has made it. */
const madeBefore = (one: AllocatedGuest) => domainOf(one, { payload: payloadBefore(one) });
const byOldAgent = madeBefore(entry);

describe('a domain is made with an entry\'s grant', () => {
  it.each<[boolean, string, AllocatedGuest, HostDomain]>([
    [true, 'it says the same grant', entry, domainOf(entry)],
    [true, 'it does, and the spec has changed since', { ...entry, generation: 13 }, domainOf(entry)],
    [false, 'the same was granted once more', regranted, domainOf(entry)],
    [false, 'it was granted with another place', granted({ ...old, ...elsewhere }, 'salt'), domainOf(entry)],
    [true, 'a controller without grants has written the same again', old, domainOf(entry)],
    [false, 'one has given it another place', { ...old, ...elsewhere }, domainOf(entry)],
    [false, 'one has written another guest', { ...old, ...otherwise }, domainOf(entry)],
    [false, 'one has written an older one', { ...old, ...before }, domainOf(entry)],
    [true, 'an agent without grants has made it, and both say the same place', entry, byOldAgent],
    [true, 'neither of them knew grants', old, madeBefore(old)],
    [false, 'such a one was made with another place', entry, madeBefore({ ...entry, ...elsewhere })],
    [false, 'such a one was made of an older guest', entry, madeBefore({ ...entry, ...before })],
    [false, 'it does not say what it was made with', entry, domainOf(entry, { payload: '{}' })],
    [false, 'it is not ours', entry, theirs],
  ])('%s: %s', (expected, _, one, domain) => {
    expect(isMadeWith(one, domain)).toBe(expected);
  });
});

describe('what lives is stated by', () => {
  it.each<[string, AllocatedGuest | undefined, HostDomain, string]>([
    ['the grant that it and its entry have', entry, domainOf(entry), entry.grant.name],
    ['its own, where the entry has another', regranted, domainOf(entry), entry.grant.name],
    ['its own, where the entry has none', old, domainOf(entry), entry.grant.name],
    ['its own, where there is no entry', undefined, domainOf(entry), entry.grant.name],
    ['its entry\'s, where it is the same and does not know its own', entry, byOldAgent, entry.grant.name],
    ['the name of before, where nobody has another', old, byOldAgent, grantNameBefore(entry.vm.uid)],
    ['the name of before, where it says nothing', entry, domainOf(entry, { payload: '{}' }),
      grantNameBefore(entry.vm.uid)],
  ])('%s', (_, one, domain, name) => {
    expect(livingName(one, domain)).toBe(name);
  });
});

describe('what a domain was made of', () => {
  it('is what its grant says', () => {
    expect(madeOf(domainOf(entry))).toEqual(readEntry(entry));
  });

  it.each<[string, HostDomain]>([
    ['is not ours', theirs],
    ['was made by an agent without grants', byOldAgent],
    ['has a payload that nobody can read', domainOf(entry, { payload: '{' })],
    ['has a guest that contradicts itself', domainOf(entry, {
      payload: formatPayload({ ...entry, placement: { ...entry.placement, vcpuPins: [{ vcpu: 0 }] } }),
    })],
  ])('is not known of one that %s', (_, domain) => {
    expect(madeOf(domain)).toBeUndefined();
  });
});

const context: LookContext = { isOpen: true, isLeft: false, nowMs: 1000 };

/** Of a guest that asks for this run strategy; `hasRun` by this grant, as far as the agent remembers. */
function situation(
  runStrategy: RunStrategy, domain: HostDomain | undefined,
  { hasRun, ...remembered }: Partial<GuestState> & { readonly hasRun?: boolean } = {},
): GuestSituation {
  const one = entryOf(plainShared, { guest: { ...entryOf(plainShared).guest, runStrategy } });
  const { vm, grant: { name: grant } } = one;
  const state: GuestState = {
    ...newGuestState(grant, undefined, undefined, 0), ...(hasRun === true ? { startedAtMs: 1 } : {}), ...remembered,
  };
  const asked = readEntry(one);
  return situationOf({ vm, entry: one, asked, domain, isEntrys: true, made: asked, grant, state }, context);
}

const off = (end: DomainEnd) => domainOf(entryOf(plainShared), { run: 'off', end });

describe('whether a guest is over', () => {
  it.each<[GuestSituation['isOver'], string, RunStrategy, HostDomain | undefined, Parameters<typeof situation>[2]]>([
    ['No', 'one that is new', 'Once', undefined, {}],
    ['No', 'a defined one that has never run', 'Once', off('unknown'), {}],
    ['No', 'one that could not be started', 'Once', off('failed'), {}],
    ['No', 'Always, after a shutdown', 'Always', off('shutdown'), { hasRun: true }],
    ['No', 'Always, after a crash', 'Always', off('crashed'), { hasRun: true }],
    ['Succeeded', 'RerunOnFailure, after a shutdown', 'RerunOnFailure', off('shutdown'), { hasRun: true }],
    ['No', 'RerunOnFailure, after a crash', 'RerunOnFailure', off('crashed'), { hasRun: true }],
    ['No', 'RerunOnFailure, when somebody destroyed it', 'RerunOnFailure', off('destroyed'), { hasRun: true }],
    ['No', 'RerunOnFailure, when nobody knows how it ended', 'RerunOnFailure', off('unknown'), { hasRun: true }],
    ['Ended', 'Once, after a crash', 'Once', off('crashed'), { hasRun: true }],
    ['Ended', 'Once, when nobody knows how it ended', 'Once', off('unknown'), { hasRun: true }],
    ['Succeeded', 'Once, after a shutdown', 'Once', off('shutdown'), { hasRun: true }],
    ['Succeeded', 'Halted, after a shutdown', 'Halted', off('shutdown'), { hasRun: true }],
    ['Succeeded', 'one whose start this agent has not seen', 'Once', off('shutdown'), {}],
    ['Ended', 'one whose domain is undefined since', 'Once', undefined, { end: 'crashed' }],
    ['Succeeded', 'one whose end libvirt has forgotten', 'RerunOnFailure', off('unknown'),
      { hasRun: true, end: 'shutdown' }],
    ['Ended', 'one whose domain is gone', 'Once', undefined, { hasRun: true }],
  ])('is %s of %s', (expected, _, runStrategy, domain, state) => {
    expect(situation(runStrategy, domain, state).isOver).toBe(expected);
  });

  it.each<[DomainEnd | undefined, HostDomain | undefined]>([
    [undefined, undefined], [undefined, domainOf(entry)], [undefined, off('unknown')], [undefined, off('failed')],
    ['shutdown', off('shutdown')], ['destroyed', off('destroyed')], ['crashed', off('crashed')],
  ])('takes %s for its end', (end, domain) => {
    expect(endOf(domain)).toBe(end);
  });

  it('reads what an agent before this one has told, where libvirt has forgotten it', () => {
    const told = { uid: 'u', grant: 'g', phase: 'Stopped', reason: 'Succeeded' } as const;
    const state = newGuestState('g', undefined, told, 0);
    expect(situation('RerunOnFailure', off('unknown'), state).isOver).toBe('Succeeded');
  });
});

describe('what is decided of a look', () => {
  it('knows its pauses and its graces by what is left of them', () => {
    expect(situation('Always', undefined)).toMatchObject({ graceMs: undefined, backoffMs: 0 });
    expect(situation('Always', undefined, { graceEndsMs: 1200, retryAtMs: 1500 }))
      .toMatchObject({ graceMs: 200, backoffMs: 500 });
    expect(situation('Always', undefined, { graceEndsMs: 1000, retryAtMs: 900 }))
      .toMatchObject({ graceMs: 0, backoffMs: 0 });
  });

  it('knows an entry that was edited from one that was not; one without a grant says nothing of it', () => {
    const isIntact = (one: AllocatedGuest) => situationOf({
      vm: one.vm, entry: one, asked: undefined, domain: undefined, isEntrys: false, made: undefined, grant: '',
      state: newGuestState('', undefined, undefined, 0),
    }, context).entry?.isIntact;
    const entries = [entry, { ...entry, ...elsewhere }, { ...entry, ...otherwise }, { ...old, ...elsewhere }];
    expect(entries.map(isIntact)).toEqual([true, false, false, true]);
    // What is asked of it is not part of it.
    expect(isIntact({ ...entry, desired: 'Stopped', request: 'r', generation: 99 })).toBe(true);
  });

  it('ends or removes nothing that is meant to run', () => {
    const allowed = ['start', 'audit', 'wait', 'report'];
    for (const run of ['absent', 'off', 'running', 'paused', 'changing'] as const) {
      for (const runStrategy of ['Always', 'RerunOnFailure', 'Once', 'Halted'] as const) {
        for (const graceEndsMs of [undefined, 0, 5000]) {
          for (const end of ['shutdown', 'destroyed', 'crashed', 'failed', 'unknown'] as const) {
            const domain = run === 'absent' ? undefined : { ...off(end), run };
            const { step } = nextGuestStep(situation(runStrategy, domain, { hasRun: true, graceEndsMs }));
            expect(allowed).toContain(step.do);
          }
        }
      }
    }
  });
});
