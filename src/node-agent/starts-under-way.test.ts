import { describe, expect, it } from 'vitest';
import { LibvirtConnectionError } from '../libvirt/errors.ts';
import { dedicatedTwoCells, mixedRealtimeRom } from '../realtime/domain/fixtures/inputs.ts';
import type { HostDomain } from './hypervisor.ts';
import { StartError } from './start-failure.ts';
import { StartsUnderWay } from './starts-under-way.ts';
import type { Start } from './starts-under-way.ts';
import { domainOf, entryOf } from './testing/entries.ts';

const entry = entryOf(dedicatedTwoCells);
const startOf = ({ vm: { uid, name }, guest: { uuid }, placement }: typeof entry): Start => (
  { uid, uuid, name, placement }
);
const start = startOf(entry);
/** With the same place. */
const rival: Start = { ...start, uid: 'u', uuid: '11111111-1111-4111-8111-111111111111', name: 'rival' };
const apart = startOf(entryOf(mixedRealtimeRom));

/** Begins a start. @returns what ends it. */
function begin(starts: StartsUnderWay, what: Start, domains: readonly HostDomain[] = []) {
  const made = Promise.withResolvers<undefined>();
  const ended = starts.during(what, domains, async () => { await made.promise; });
  return {
    ended,
    end: async () => {
      made.resolve(undefined);
      await ended;
    },
  };
}

describe('starts under way', () => {
  it('are there from the moment that they were let in until they have ended', async () => {
    const starts = new StartsUnderWay();
    const begun = begin(starts, start);
    expect([starts.has(start.uid), starts.has('u')]).toEqual([true, false]);
    await begun.end();
    expect(starts.has(start.uid)).toBe(false);
  });

  it('have ended too where they have failed', async () => {
    const starts = new StartsUnderWay();
    await expect(starts.during(start, [], () => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    expect(starts.has(start.uid)).toBe(false);
  });

  it('let in nobody who claims the same, until they have ended', async () => {
    const starts = new StartsUnderWay();
    const begun = begin(starts, start);
    await expect(begin(starts, rival).ended).rejects.toThrow(StartError);
    expect([starts.has(rival.uid), starts.isOwn(rival.uuid)]).toEqual([false, false]);
    const other = begin(starts, apart);
    expect(starts.has(apart.uid)).toBe(true);
    await begun.end();
    const late = begin(starts, rival);
    expect(starts.has(rival.uid)).toBe(true);
    await Promise.all([other.end(), late.end()]);
  });

  it('let in nobody who claims what lives', async () => {
    const starts = new StartsUnderWay();
    await expect(begin(starts, rival, [domainOf(entry)]).ended)
      .rejects.toThrow('pCPUs 2-5,10-15 are those of domain rtvm-ran-du-7');
    expect([starts.has(rival.uid), starts.isOwn(rival.uuid)]).toEqual([false, false]);
  });
});

describe('a domain of this process', () => {
  it('is one that it has begun to start, and stays it', async () => {
    const starts = new StartsUnderWay();
    expect(starts.isOwn(start.uuid)).toBe(false);
    await begin(starts, start).end();
    expect([starts.isOwn(start.uuid), starts.isOwn(rival.uuid)]).toEqual([true, false]);
  });

  it('is none any more once libvirt was lost while something was being started', async () => {
    const starts = new StartsUnderWay();
    await begin(starts, start).end();
    expect(starts.isUnknown(new Error('refused'))).toBe(false);
    expect(starts.isOwn(start.uuid)).toBe(true);
    expect(starts.isUnknown(new LibvirtConnectionError('CONNECTION_CLOSED', 'gone'))).toBe(true);
    expect(starts.isOwn(start.uuid)).toBe(false);
  });
});
