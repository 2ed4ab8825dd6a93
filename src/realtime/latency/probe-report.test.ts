/** The guest's lines, whole, in pieces, garbled, and made up. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketCount, bucketFromUs, bucketOf, bucketToUs, overflowBucket } from './buckets.ts';
import { crc32 } from './crc32.ts';
import { parseProbeLine } from './probe-lines.ts';
import { ProbeReport } from './probe-report.ts';
import type { ProbeEvent } from './probe-report.ts';

const checked = (text: string) => `${text} crc=${crc32(text).toString(16).padStart(8, '0')}\r\n`;
const header = checked(
  'rtvm-probe 1 vcpus=2 tsc_khz=2596124 tsc_from=cpuid window_ms=500 measuring=1 sampler=spin now=1000',
);

interface Reported {
  readonly counts: readonly (readonly [number, number])[];
  readonly maxUs: string;
  readonly minUs: string;
}

/** Windows as a guest would report them, a second of ticks each; `lines` of buckets with two entries at most. */
function reported(windows: readonly Reported[]): readonly string[] {
  let [allSamples, allMax] = [0, '0.000'];
  return windows.flatMap(({ counts, maxUs, minUs }, index) => {
    const number = index + 1;
    const samples = counts.reduce((sum, [, count]) => sum + count, 0);
    allSamples += samples;
    if (Number(maxUs) > Number(allMax)) allMax = maxUs;
    const parts = Array.from({ length: Math.ceil(counts.length / 2) }, (_, part) =>
      counts.slice(2 * part, 2 * part + 2),
    );
    return [
      ...parts.map((entries, part) =>
        checked(
          `buckets window=${number} vcpu=1 `
            + `part=${part}${entries.map(([bucket, count]) => ` ${bucket}:${count}`).join('')}`,
        ),
      ),
      checked(
        `window=${number} vcpu=1 max_us=${maxUs} samples=${samples} max_at=${number}500 min_us=${minUs} `
          + `from=${number}000 to=${number + 1}000 parts=${parts.length} all_samples=${allSamples} `
          + `all_max_us=${allMax} all_max_at=1500 now=${number + 1}001`,
      ),
    ];
  });
}

const first: Reported = {
  counts: [
    [0, 41_000_000],
    [1, 20],
    [12, 3],
  ],
  maxUs: '12.345',
  minUs: '0.023',
};
const second: Reported = {
  counts: [
    [0, 40_000_000],
    [3, 1],
  ],
  maxUs: '3.999',
  minUs: '0.024',
};
const third: Reported = { counts: [[2, 1]], maxUs: '2.500', minUs: '2.500' };
const windowsOf = (events: readonly ProbeEvent[]) =>
  events.flatMap((event) => (event.kind === 'window' ? [event.window] : []));

describe('what a probe guest reports', () => {
  it('is put together into windows, whatever pieces it comes in', () => {
    const text = [header, ...reported([first, second, third])].join('');
    const whole = new ProbeReport().push(text);
    expect(windowsOf(whole)).toEqual([
      {
        window: 1,
        vcpu: 1,
        histogram: { counts: new Map(first.counts), minUs: 0.023, maxUs: 12.345 },
        maxAt: 1500n,
        from: 1000n,
        to: 2000n,
      },
      {
        window: 2,
        vcpu: 1,
        histogram: { counts: new Map(second.counts), minUs: 0.024, maxUs: 3.999 },
        maxAt: 2500n,
        from: 2000n,
        to: 3000n,
      },
      {
        window: 3,
        vcpu: 1,
        histogram: { counts: new Map(third.counts), minUs: 2.5, maxUs: 2.5 },
        maxAt: 3500n,
        from: 3000n,
        to: 4000n,
      },
    ]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }), (lengths) => {
        const report = new ProbeReport();
        const events: ProbeEvent[] = [];
        for (let at = 0, index = 0; at < text.length; at += lengths[index % lengths.length]!, index += 1)
          events.push(...report.push(text.slice(at, at + lengths[index % lengths.length]!)));
        expect(events).toEqual(whole);
        expect(report.losses).toEqual({ garbledLines: 0, windows: 0, samples: 0 });
      }),
    );
  });

  it('with any line garbled: that is counted, nothing else is believed, and the maximum is not lost', () => {
    const lines = [...reported([first, second, third])];
    const sound = windowsOf(new ProbeReport().push([header, ...lines].join('')));
    fc.assert(
      fc.property(
        fc.nat(lines.length - 1),
        fc.nat(),
        fc.integer({ min: 0x20, max: 0x7e }),
        (line, position, character) => {
          const text = lines[line]!;
          const at = position % (text.length - 2);
          const garbled = text.slice(0, at) + String.fromCharCode(character) + text.slice(at + 1);
          const report = new ProbeReport();
          const events = report.push([header, ...lines.with(line, garbled)].join(''));
          if (garbled === text) return;
          expect(report.losses.garbledLines).toBe(1);
          for (const window of windowsOf(events)) expect(sound).toContainEqual(window);
          expect(windowsOf(events)).toHaveLength(2);
          // What went with the last line of all has nothing after it that could say so.
          if (line < lines.length - 1) {
            expect(report.losses).toMatchObject({ windows: 1 });
            expect(report.worst.get(1)).toEqual({ us: 12.345, at: 1500n });
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is believed in nothing where it is noise', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (noise) => {
        const report = new ProbeReport();
        expect(report.push(`${noise}\n`).filter(({ kind }) => kind !== 'off' && kind !== 'error')).toEqual([]);
      }),
    );
    expect(new ProbeReport().push('x'.repeat(1_000_000))).toEqual([]);
  });

  it.each([
    [
      'more samples than the buckets hold',
      {
        ...first,
        counts: [
          [0, 41_000_000],
          [1, 20],
        ],
      },
    ],
    ['a maximum that no bucket has', { ...first, maxUs: '99.000' }],
    ['a minimum that no bucket has', { ...first, minUs: '1.000' }],
  ] satisfies [string, Reported][])('is a lost window with %s', (_, broken) => {
    const report = new ProbeReport();
    expect(windowsOf(report.push([header, ...reported([broken])].join('')))).toEqual([]);
    expect(report.losses.windows).toBe(1);
  });

  it('is no window of a vCPU that does not measure, of a number that was there, or before the header', () => {
    const [buckets, window] = reported([third]) as [string, string];
    expect(windowsOf(new ProbeReport().push(buckets + window))).toEqual([]);
    expect(windowsOf(new ProbeReport().push(header + buckets + window + buckets + window))).toHaveLength(1);
    const other = new ProbeReport();
    expect(
      windowsOf(
        other.push(
          header +
            checked(buckets.slice(0, -15).replace('vcpu=1', 'vcpu=0')) +
            checked(window.slice(0, -15).replace('vcpu=1', 'vcpu=0')),
        ),
      ),
    ).toEqual([]);
    expect(other.losses.garbledLines).toBe(1);
  });

  it('tells a guest that began again, that ended, and that refused', () => {
    const report = new ProbeReport();
    expect(
      report
        .push(`${header}${header}rtvm-probe power button: off\r\nrtvm-probe error: vCPUs started: 1 of 2\r\n`)
        .map(({ kind }) => kind),
    ).toEqual(['header', 'restarted', 'off', 'error']);
  });
});

describe('a line', () => {
  it.each([
    checked('rtvm-probe 2 vcpus=2 tsc_khz=1 tsc_from=cpuid window_ms=500 measuring=1 sampler=spin now=1'),
    checked('rtvm-probe 1 vcpus=2 tsc_khz=1 tsc_from=cpuid window_ms=500 measuring=2 sampler=spin now=1'),
    checked('rtvm-probe 1 vcpus=2 tsc_khz=1 tsc_from=cpuid window_ms=500 measuring=1-0 sampler=spin now=1'),
    checked('buckets window=1 vcpu=1 part=0 3:1 2:1'),
    checked('buckets window=1 vcpu=1 part=0 3:0'),
    checked(`buckets window=1 vcpu=1 part=0 ${bucketCount}:1`),
    checked('buckets window=1 vcpu=1 part=0 03:1'),
    'window=1 vcpu=1 max_us=12.345 samples=41919627\r\n',
  ])('that the guest does not write is none: %s', (line) => {
    expect(parseProbeLine(line.trimEnd())).toBeUndefined();
  });

  it('has the checksum of zip', () => {
    expect(crc32('123456789')).toBe(0xcbf43926);
  });
});

describe('buckets', () => {
  it('adjoin, and hold what they say', () => {
    for (let bucket = 0; bucket < overflowBucket; bucket += 1) {
      expect(bucketOf(bucketFromUs(bucket))).toBe(bucket);
      expect(bucketOf(bucketToUs(bucket) - 0.001)).toBe(bucket);
    }
    expect([bucketFromUs(overflowBucket), bucketToUs(overflowBucket), bucketOf(1e9)]).toEqual([
      2 ** 24,
      Infinity,
      overflowBucket,
    ]);
  });

  it('tell a value to 1 µs below 1 ms, and to 3.2 % above', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1.6e7, noNaN: true }), (us) => {
        const width = bucketToUs(bucketOf(us)) - bucketFromUs(bucketOf(us));
        expect(width).toBeLessThanOrEqual(Math.max(1, us / 31));
      }),
    );
  });
});
