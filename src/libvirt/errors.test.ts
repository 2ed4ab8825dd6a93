import { describe, expect, it } from 'vitest';
import { ifDomainExists, isNoDomain, LibvirtConnectionError, LibvirtError } from './errors.ts';

const noDomain = new LibvirtError('domainLookupByName', { number: 42, domainNumber: 10, level: 2, message: "Domain not found: no domain with matching name 'rt-a'" });

describe('LibvirtError', () => {
  it('carries number, name and origin, and says which call failed', () => {
    expect(noDomain).toMatchObject({
      name: 'LibvirtError',
      code: 'NO_DOMAIN',
      number: 42,
      origin: 'QEMU',
      originNumber: 10,
      level: 2,
      libvirtMessage: "Domain not found: no domain with matching name 'rt-a'",
      procedure: 'domainLookupByName',
      message: "libvirt refused domainLookupByName: Domain not found: no domain with matching name 'rt-a' (NO_DOMAIN)",
    });
  });

  it.each([
    [1, 'INTERNAL_ERROR'],
    [38, 'SYSTEM_ERROR'],
    [55, 'OPERATION_INVALID'],
    [67, 'CONFIG_UNSUPPORTED'],
    [4711, 'UNKNOWN_4711'],
  ])('names the error %i %s', (number, code) => {
    expect(new LibvirtError('x', { number, domainNumber: 4712, level: 2, message: '' })).toMatchObject({ code, origin: 'UNKNOWN_4712' });
  });
});

describe('a domain that is not there', () => {
  const closed = new LibvirtConnectionError('CONNECTION_CLOSED', 'gone');

  it('is told from other failures', () => {
    expect([noDomain, closed, new Error('NO_DOMAIN'), undefined].map(isNoDomain)).toEqual([true, false, false, false]);
  });

  it('becomes undefined, other failures pass', async () => {
    expect(await ifDomainExists(Promise.resolve(1))).toBe(1);
    await expect(ifDomainExists(Promise.reject(noDomain))).resolves.toBeUndefined();
    await expect(ifDomainExists(Promise.reject(closed))).rejects.toBe(closed);
  });
});
