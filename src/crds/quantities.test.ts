import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatKiB, formatMiB, parseKiB, parseMiB } from './quantities.ts';

test.each<[string, number | undefined]>([
  ['1Mi', 1], ['1024Ki', 1], ['512Mi', 512], ['4Gi', 4096], ['1Ti', 1048576], ['64Ti', 67108864],
  ['1023Ki', undefined], ['0Mi', undefined], ['0Gi', undefined], ['65Ti', undefined], ['9999999999999Ti', undefined], ['1G', undefined], ['1.5Gi', undefined], ['-1Mi', undefined], [' 1Mi', undefined], ['', undefined],
])('%j is %s MiB', (text, mib) => {
  const read = parseMiB(text, 'spec.memory.size');
  expect(read.ok ? read.value : undefined).toBe(mib);
});

test.each([[4, '4Ki'], [2048, '2Mi'], [1048576, '1Gi'], [1073741824, '1Ti'], [1536 * 1024, '1536Mi'], [0, '0Ki']])('%i KiB is written %s', (kib, text) => expect(formatKiB(kib)).toBe(text));

test('what is written reads back', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 64 * 1024 ** 2 }), (mib) => {
    expect(parseMiB(formatMiB(mib), 'p')).toEqual({ ok: true, value: mib, warnings: [] });
    expect(parseKiB(formatKiB(mib))).toBe(mib);
  }));
});
