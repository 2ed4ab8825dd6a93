import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { vmUid } from '../ids.ts';
import { domainName } from './domain-name.ts';

const uid = vmUid('6f1c2d3e-4b5a-4978-8695-a4b3c2d1e0f1');

describe('domainName', () => {
  it.each([
    ['plant', 'probe', 'rtvm-plant-probe-'],
    ['plant', 'probe.v2', 'rtvm-plant-probe.v2-'],
    ['a', '../../etc/passwd', 'rtvm-a-..-..-etc-passwd-'],
    ['a', "x'; rm -rf / #\n<&,", 'rtvm-a-x---rm--rf---------'],
  ])('of %j %j is readable', (namespace, name, readable) => {
    const text = domainName({ namespace, name, uid });
    expect(text.slice(0, -8)).toBe(readable);
    expect(text.slice(-8)).toMatch(/^[0-9a-f]{8}$/);
  });

  it('is a safe file name of at most 200 bytes, whatever the names are', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 400 }), fc.string({ unit: 'binary', maxLength: 400 }), (namespace, name) => {
      expect(domainName({ namespace, name, uid })).toMatch(/^rtvm-[a-z0-9.-]{10,195}$/);
    }));
  });

  it.each([
    ['where namespace and name meet', { namespace: 'a-b', name: 'c', uid }, { namespace: 'a', name: 'b-c', uid }],
    ['by the UID', { namespace: 'a', name: 'b', uid }, { namespace: 'a', name: 'b', uid: vmUid('0d4fa2be-6a7e-4a3f-9a3c-0a7c8d1e2f03') }],
    ['behind the cut', { namespace: 'a', name: `${'x'.repeat(252)}1`, uid }, { namespace: 'a', name: `${'x'.repeat(252)}2`, uid }],
  ])('tells VMs apart %s', (_, one, other) => {
    expect(domainName(one)).not.toBe(domainName(other));
  });
});
