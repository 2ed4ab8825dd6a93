import { describe, expect, it } from 'vitest';
import { FirstLooks } from './first-looks.ts';

describe('the first looks of an agent', () => {
  it('are done once all domains were read, and each guest of the table was looked at', () => {
    const looks = new FirstLooks();
    looks.begin(['a', 'b']);
    expect(looks.areDone).toBe(false);
    looks.listed(false);
    expect(looks.areDone).toBe(false);
    expect(looks.looked('a')).toBe(false);
    expect(looks.areDone).toBe(false);
    expect(looks.looked('b')).toBe(true);
    expect(looks.areDone).toBe(true);
  });

  it('are not done by looks at guests alone', () => {
    const looks = new FirstLooks();
    looks.begin(['a']);
    expect(looks.looked('a')).toBe(true);
    expect(looks.areDone).toBe(false);
  });

  it('wait for no guest that came later, and say once that they are over', () => {
    const looks = new FirstLooks();
    looks.begin([]);
    looks.listed(false);
    expect(looks.areDone).toBe(true);
    expect(looks.looked('later')).toBe(false);
    expect(looks.waitNoLonger()).toBe(false);
  });

  it('wait for a guest no longer than they are told to, but for the domains all the same', () => {
    const looks = new FirstLooks();
    looks.begin(['a']);
    expect(looks.waitNoLonger()).toBe(true);
    expect(looks.areDone).toBe(false);
    looks.listed(false);
    expect(looks.areDone).toBe(true);
    expect(looks.looked('a')).toBe(false);
  });

  it('are not done while a domain is left that another process has defined', () => {
    const looks = new FirstLooks();
    looks.begin([]);
    looks.listed(true);
    expect(looks.waitNoLonger()).toBe(false);
    expect(looks.areDone).toBe(false);
    looks.listed(false);
    expect(looks.areDone).toBe(true);
    // It may find one again, since libvirt was lost while something was being started.
    looks.listed(true);
    expect(looks.areDone).toBe(false);
  });
});
