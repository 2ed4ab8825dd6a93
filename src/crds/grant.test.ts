import { describe, expect, it } from 'vitest';
import { sampleGuest } from '../realtime/place/sample-hosts.ts';
import { grantName, granted, isIntact } from './grant.ts';
import { guestToWire } from './guest-wire.ts';

/** The same value, with the fields of each of its objects in the opposite order. */
function turned<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((part: unknown) => turned(part)) as Value;
  return Object.fromEntries(Object.entries(value).reverse().map(([key, part]) => [key, turned(part)])) as Value;
}

const bare = {
  vm: { namespace: 'ran', name: 'a', uid: 'uid-a' }, generation: 1, desired: 'Running' as const, request: 'r1',
  guest: guestToWire(sampleGuest({ vcpus: 1 })),
  placement: {
    nodeName: 'n1', cells: [], vcpuPins: [{ vcpu: 0, cpu: 1 }], realtimeVcpus: '', emulatorCpus: '', reservedCpus: '',
    devices: [], extraMemoryMiB: 0,
  },
};
const entry = granted(bare, 'salt');
const { name } = entry.grant;

describe('the name of a grant', () => {
  it('is the same whatever the order of fields', () => {
    expect(JSON.stringify(turned(entry))).not.toBe(JSON.stringify(entry));
    expect(grantName({ ...turned(entry), salt: 'salt' })).toBe(name);
  });

  it('is 128 bits in hexadecimal digits, and no more than its bytes say', () => {
    expect(name).toMatch(/^[0-9a-f]{32}$/);
    expect(granted(bare, 'salt').grant.name).toBe(name);
  });

  it.each([
    ['salt', { salt: 'another' }],
    ['VM', { vm: { ...entry.vm, uid: 'another' } }],
    ['guest', { guest: { ...entry.guest, ioThreads: 3 } }],
    ['placement', { placement: { ...entry.placement, vcpuPins: [{ vcpu: 0, cpu: 7 }] } }],
    ['order of what has one', { placement: { ...entry.placement, devices: [{ name: 'b', address: 'x' }, { name: 'a', address: 'y' }] } }],
  ])('is another for another %s', (_, change) => {
    expect(grantName({ ...entry, salt: 'salt', ...change })).not.toBe(name);
  });

  it('does not say what is asked of it, which changes', () => {
    const asked = { ...entry, desired: 'Stopped' as const, request: 'r2', restartedAt: '2026-01-31T12:00:00Z', className: 'c', generation: 9 };
    expect(isIntact(asked)).toBe(true);
  });
});

describe('isIntact', () => {
  it.each([
    ['as it was made', entry, true],
    ['read with its fields in another order', turned(entry), true],
    ['without a grant, by a version that knew none', bare, true],
    ['edited by hand', { ...entry, placement: { ...entry.placement, extraMemoryMiB: 64 } }, false],
    ['with the name of another', { ...entry, grant: { ...entry.grant, name: granted({ ...bare, vm: { ...bare.vm, uid: 'uid-b' } }, 'salt').grant.name } }, false],
    ['with another salt', { ...entry, grant: { ...entry.grant, salt: 'another' } }, false],
  ])('%s', (_, given, expected) => {
    expect(isIntact(given)).toBe(expected);
  });
});
