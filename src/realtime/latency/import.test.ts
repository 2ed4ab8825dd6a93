import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ImportProblem, parseImported } from './import.ts';

const cyclictest = (changes: object = {}, thread: object = {}) =>
  JSON.stringify({
    'file_version': 1,
    'cmdline:': 'cyclictest --json=x -a 1 -t 1 -p 95 -m -D 1h',
    'rt_test_version:': '2.80',
    'return_code': 0,
    'sysinfo': { sysname: 'Linux', realtime: 1 },
    'num_threads': 1,
    'resolution_in_ns': 0,
    'thread': {
      0: { histogram: { 2: 900, 3: 90, 7: 8 }, cycles: 1000, min: 2, max: 450, avg: 2.4, cpu: 1, node: 0, ...thread },
    },
    ...changes,
  });

const timerlat = `some shell prompt
# RTLA timerlat histogram
# Time unit is microseconds (us)
# Duration:   0 00:01:00
Index   IRQ-000   Thr-000   IRQ-001   Thr-001
0         58572         0     59373         0
1          1422     57021       628     57241
2             7      2980         0      2760
over:         0         0         0         0
count:    60001     60001     60001     60001
min:          0         1         0         1
avg:          0         1         0         1
max:          3         5         1         6
ALL:        IRQ       Thr
count:   120002    120002
`;

describe('figures of others', () => {
  it("are cyclictest's, with what the histogram bears", () => {
    expect(parseImported(cyclictest())).toEqual({
      tool: 'cyclictest',
      title: 'cyclictest --json=x -a 1 -t 1 -p 95 -m -D 1h',
      threads: [
        {
          thread: 'thread 0, CPU 1',
          samples: 1000,
          minUs: 2,
          avgUs: 2.4,
          maxUs: 450,
          percentiles: [
            { percent: 50, us: 3 },
            { percent: 90, us: 3 },
            { percent: 99, us: 4 },
          ],
        },
      ],
    });
    expect(
      parseImported(cyclictest({ resolution_in_ns: 1 }, { min: 2000, max: 450_000, avg: 2400, histogram: {} }))
        .threads[0],
    ).toMatchObject({ minUs: 2, maxUs: 450, avgUs: 2.4, percentiles: [] });
  });

  it("are rtla's, column by column", () => {
    const { tool, title, threads } = parseImported(timerlat);
    expect([tool, title]).toEqual(['rtla timerlat', 'Duration: 0 00:01:00']);
    expect(threads.map(({ thread, samples, minUs, maxUs }) => [thread, samples, minUs, maxUs])).toEqual([
      ['IRQ-000', 60001, 0, 3],
      ['Thr-000', 60001, 1, 5],
      ['IRQ-001', 60001, 0, 1],
      ['Thr-001', 60001, 1, 6],
    ]);
    expect(threads[1]!.percentiles.slice(0, 2)).toEqual([
      { percent: 50, us: 2 },
      { percent: 90, us: 2 },
    ]);
  });

  it.each([
    ['noise', 'hello', 'it is neither the JSON of'],
    ['broken JSON', '{"thread":', 'it is no JSON'],
    ['no threads', cyclictest({ thread: {} }), 'thread is empty'],
    ['a failed run', cyclictest({ return_code: 1 }), 'return_code is 1'],
    [
      'a histogram with more than there was',
      cyclictest({}, { cycles: 5 }),
      'its histogram has 998 samples, and it says that there were 5',
    ],
    [
      'a minimum above the maximum',
      cyclictest({}, { min: 500 }),
      'its minimum, 500 µs, is above its maximum, 450 µs',
    ],
    ['a negative number', cyclictest({}, { max: -1 }), 'thread.0.max is -1'],
    ['an unknown unit', cyclictest({ resolution_in_ns: 5 }), 'resolution_in_ns is 5'],
    ['rtla without its unit', timerlat.replace('# Time unit', '# Unit'), 'run rtla without --no-header'],
    ['rtla without its summary', timerlat.slice(0, timerlat.indexOf('over:')), 'run rtla without --no-summary'],
    ['rtla with a column too few', timerlat.replace('     57021', ''), 'has 3 columns, the header 4'],
    [
      'rtla that measured nothing',
      '# RTLA osnoise histogram\n# Time unit is microseconds (us)\nIndex\nover: 0\n',
      'nothing was measured',
    ],
  ])('are refused: %s', (_, text, problem) => {
    expect(() => parseImported(text)).toThrow(problem);
  });

  it('are taken over or refused, whatever the file holds', () => {
    const broken = fc
      .tuple(fc.constantFrom(cyclictest(), timerlat), fc.nat(), fc.string({ maxLength: 5 }))
      .map(([text, at, change]) => text.slice(0, at % text.length) + change + text.slice((at % text.length) + 1));
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), broken), (text) => {
        try {
          for (const { samples, minUs, maxUs } of parseImported(text).threads) {
            expect(samples).toBeGreaterThanOrEqual(0);
            expect(minUs).toBeLessThanOrEqual(maxUs);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(ImportProblem);
        }
      }),
      { numRuns: 500 },
    );
  });
});
