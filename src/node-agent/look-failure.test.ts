import { describe, expect, it } from 'vitest';
import type { AllocatedGuest, ReportedGuest } from '../crds/realtime-allocation.ts';
import { InvalidObjectError } from '../crds/require-valid.ts';
import { AssertionFailedError } from '../realtime/assert.ts';
import { lookFailure } from './look-failure.ts';

const entry = { vm: { namespace: 'ran', name: 'a', uid: 'u' }, request: 'r2' } as AllocatedGuest;
const fault = new AssertionFailedError('all is well', {});
const domain = { name: 'd', uuid: '00000000-0000-4000-8000-000000000000', restarts: 2 };

describe('what is reported of a look that failed', () => {
  it.each<[string, Error, string | undefined]>([
    ['a fault', fault, 'AssertionFailed'],
    ['an entry that cannot be read', new InvalidObjectError('no'), 'AllocationInvalid'],
    ['nothing of what the next try may change', new Error('libvirt is away'), undefined],
  ])('%s', (_, error, reason) => {
    expect(lookFailure(entry, error, undefined)?.reason).toBe(reason);
  });

  it('keeps what is known of the domain, for the next start to be counted', () => {
    expect(lookFailure(entry, fault, { uid: 'u', phase: 'Running', reason: 'Verified', domain })).toEqual({
      uid: 'u', phase: 'Unknown', reason: 'AssertionFailed', grant: 'before:u', domain,
      message: 'rtvm has a fault: it was expected that all is well',
    });
  });

  it.each<[string, Omit<ReportedGuest, 'uid'>, boolean]>([
    ['the answer to what is asked', { phase: 'Removed', request: 'r2' }, true],
    ['that it has ended by itself', { phase: 'Stopped', reason: 'Succeeded' }, true],
    ['the answer to an earlier request', { phase: 'Stopped', request: 'r1' }, false],
    ['that it runs', { phase: 'Running' }, false],
  ])('takes back %s only where that may not be so any more', (_, last, stays) => {
    expect(lookFailure(entry, fault, { uid: 'u', ...last }) === undefined).toBe(stays);
  });

  it('is one line, and no longer than a report can carry', () => {
    expect(lookFailure(
      entry, new InvalidObjectError(`a\n  ${'b'.repeat(5000)}`), undefined,
    )?.message).toMatch(/^a b{1022}$/);
  });
});
