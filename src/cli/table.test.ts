import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { colourStyle } from './style.ts';
import { formatTable, textWidth, wrap } from './table.ts';

const threads = [{ title: 'TID', align: 'right' }, { title: 'THREAD' }, { title: 'VERDICT' }] as const;

describe('formatTable', () => {
  it('aligns columns under their titles', () => {
    expect(formatTable(threads, [['4711', 'CPU 0/KVM', 'as placed'], ['12', 'worker', 'on CPU 3, which is realtime']], { width: 80 })).toBe([
      ' TID  THREAD     VERDICT',
      '4711  CPU 0/KVM  as placed',
      '  12  worker     on CPU 3, which is realtime',
    ].join('\n'));
  });

  it('wraps the last column within the width, under itself', () => {
    expect(formatTable(threads, [['12', 'worker', 'runs on CPU 3, which belongs to a realtime vCPU']], { width: 40 })).toBe([
      'TID  THREAD  VERDICT',
      ' 12  worker  runs on CPU 3, which',
      '             belongs to a realtime vCPU',
    ].join('\n'));
  });

  it('gives escapes no room, and formats the titles', () => {
    const text = formatTable([{ title: 'A' }, { title: 'B' }], [[colourStyle('red', 'one'), 'x'], ['three', 'y']], { width: 80, formatTitles: (line) => colourStyle('bold', line) });
    expect(text).toBe(['\u001b[1mA      B\u001b[22m', '\u001b[31mone\u001b[39m    x', 'three  y'].join('\n'));
  });

  it('prints titles alone where there are no rows', () => {
    expect(formatTable(threads, [], { width: 80 })).toBe('TID  THREAD  VERDICT');
  });
});

describe('wrap', () => {
  it('keeps every word, in order, and no line too wide unless it is one word', () => {
    fc.assert(fc.property(fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1 }), fc.integer({ min: 1, max: 30 }), (words, width) => {
      const lines = wrap(words.join(' '), width);
      expect(lines.join(' ')).toBe(words.join(' '));
      for (const line of lines) expect(textWidth(line) <= width || !line.includes(' ')).toBe(true);
    }));
  });
});
