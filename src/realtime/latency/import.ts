/**
 * Reads what other programs have measured: cyclictest's `--json` (rt-tests 2), and what `rtla timerlat hist` or
 * `rtla osnoise hist` prints, which has no JSON. Strictly: what contradicts itself is refused, since it would be quoted.
 */
import { borneLevels } from './histogram.ts';
import type { Percentile } from './histogram.ts';
import type { ImportedResult } from './report.ts';

/** What is wrong with the text, and what would be accepted. */
export class ImportProblem extends Error {
  override readonly name = 'ImportProblem';
}

export type ImportedFigures = Pick<ImportedResult, 'tool' | 'title' | 'threads'>;
type ThreadFigures = ImportedResult['threads'][number];

const longest = 64 * 2 ** 20;

/** @throws ImportProblem */
export function parseImported(text: string): ImportedFigures {
  if (text.length > longest)
    throw new ImportProblem(`it is ${text.length} bytes long; a result of cyclictest or rtla has at most ${longest}`);
  const rtla = /^# RTLA (timerlat|osnoise) histogram/m.exec(text);
  if (rtla !== null) return parseRtla(text.slice(rtla.index), rtla[1] as 'timerlat' | 'osnoise');
  if (text.trimStart().startsWith('{')) return parseCyclictest(text);
  throw new ImportProblem(
    'it is neither the JSON of "cyclictest --json=FILE" nor what "rtla timerlat hist" or "rtla osnoise hist" '
      + 'prints, with its header',
  );
}

function parseCyclictest(text: string): ImportedFigures {
  const result = objectOf(jsonOf(text), 'it');
  const threads = objectOf(result['thread'], 'thread');
  if (result['return_code'] !== undefined && result['return_code'] !== 0)
    throw new ImportProblem(
      `return_code is ${JSON.stringify(result['return_code'])}: cyclictest failed, or was broken off`,
    );
  // 1 where cyclictest ran with --nsecs.
  const perUs = { 0: 1, 1: 1000 }[numberOf(result['resolution_in_ns'] ?? 0, 'resolution_in_ns')];
  if (perUs === undefined)
    throw new ImportProblem(
      `resolution_in_ns is ${JSON.stringify(result['resolution_in_ns'])}; 0 (microseconds) and 1 (nanoseconds) `
        + `are known`,
    );
  const figures = Object.entries(threads).map(([name, value]): ThreadFigures => {
    const path = `thread.${name}`;
    const thread = objectOf(value, path);
    const [cycles, min, max, avg] = ['cycles', 'min', 'max', 'avg'].map((key) =>
      numberOf(thread[key], `${path}.${key}`),
    ) as [number, number, number, number];
    const buckets = Object.entries(objectOf(thread['histogram'] ?? {}, `${path}.histogram`)).map(
      ([bucket, count]) =>
        [
          numberOf(Number(bucket), `${path}.histogram`) / perUs,
          numberOf(count, `${path}.histogram.${bucket}`),
        ] as const,
    );
    const cpu = thread['cpu'] === undefined ? '' : `, CPU ${numberOf(thread['cpu'], `${path}.cpu`)}`;
    return figuresOf(`thread ${name}${cpu}`, {
      samples: cycles,
      minUs: min / perUs,
      maxUs: max / perUs,
      avgUs: avg / perUs,
      buckets,
      widthUs: 1 / perUs,
      path,
    });
  });
  if (figures.length === 0) throw new ImportProblem('thread is empty: nothing was measured');
  const command = result['cmdline:'] ?? result['cmdline'];
  return {
    tool: 'cyclictest',
    title: typeof command === 'string' ? command.slice(0, 300) : 'cyclictest',
    threads: figures,
  };
}

/**
 * Columns `IRQ-000`, `Thr-000`, `Usr-000` (timerlat) or `CPU-000` (osnoise), rows by bucket, then `over:`, `count:`,
 * `min:`, `avg:`, `max:`;
 * a later `ALL:` sums columns up and is left out.
 */
function parseRtla(text: string, tracer: 'timerlat' | 'osnoise'): ImportedFigures {
  const lines = text.split('\n').map((line) => line.trim());
  const unit = lines
    .map((line) => /^# Time unit is (?:microseconds|nanoseconds) \((us|ns)\)$/.exec(line)?.[1])
    .find((found) => found !== undefined);
  if (unit === undefined) throw new ImportProblem('it has no line "# Time unit is …": run rtla without --no-header');
  const perUs = unit === 'us' ? 1 : 1000;
  const header = lines.findIndex((line) => line.startsWith('Index'));
  if (header === -1)
    throw new ImportProblem(
      'it has no line "Index …" that names its columns: run rtla without --no-header and --no-index',
    );
  const columns = lines[header]!.split(/\s+/).slice(1);
  if (columns.length === 0) throw new ImportProblem('it has no column: nothing was measured');
  const rows = new Map<string, readonly string[]>();
  const buckets: (readonly [number, readonly number[]])[] = [];
  for (const line of lines.slice(header + 1)) {
    const [name, ...cells] = line.split(/\s+/);
    if (name === undefined || name === '' || name === 'ALL:') break;
    if (cells.length !== columns.length)
      throw new ImportProblem(
        `the line ${JSON.stringify(line.slice(0, 80))} has ${cells.length} columns, the header ${columns.length}`,
      );
    if (/^\d+$/.test(name)) buckets.push([Number(name), cells.map((cell) => numberOf(Number(cell), name))]);
    else rows.set(name, cells);
  }
  const cell = (row: string, column: number) => {
    const value = rows.get(row)?.[column];
    if (value === undefined) throw new ImportProblem(`it has no line "${row}": run rtla without --no-summary`);
    return numberOf(value === '-' ? 0 : Number(value), row);
  };
  const widthUs = Math.min(1, ...buckets.slice(1).map(([bucket], index) => bucket - buckets[index]![0])) / perUs;
  return {
    tool: `rtla ${tracer}`,
    title:
      lines
        .find((line) => line.startsWith('# Duration:'))
        ?.slice(2)
        .replace(/\s+/g, ' ') ?? 'histogram',
    threads: columns.flatMap((thread, column) => {
      const samples = cell('count:', column);
      if (samples === 0) return [];
      return [
        figuresOf(thread, {
          samples,
          minUs: cell('min:', column) / perUs,
          maxUs: cell('max:', column) / perUs,
          avgUs: cell('avg:', column) / perUs,
          buckets: buckets.map(([bucket, counts]) => [bucket / perUs, counts[column]!] as const),
          widthUs,
          path: thread,
        }),
      ];
    }),
  };
}

interface Raw {
  readonly samples: number;
  readonly minUs: number;
  readonly maxUs: number;
  readonly avgUs: number;
  readonly buckets: readonly (readonly [fromUs: number, count: number])[];
  readonly widthUs: number;
  readonly path: string;
}

function figuresOf(thread: string, { samples, minUs, maxUs, avgUs, buckets, widthUs, path }: Raw): ThreadFigures {
  const counted = buckets.reduce((sum, [, count]) => sum + count, 0);
  if (counted > samples)
    throw new ImportProblem(`${path}: its histogram has ${counted} samples, and it says that there were ${samples}`);
  if (minUs > maxUs) throw new ImportProblem(`${path}: its minimum, ${minUs} µs, is above its maximum, ${maxUs} µs`);
  return {
    thread,
    samples,
    minUs,
    avgUs,
    maxUs,
    percentiles: counted === 0 ? [] : percentilesOf(buckets, samples, maxUs, widthUs),
  };
}

/** Those that are within the histogram: what was beyond its last bucket is only known to be longer. */
function percentilesOf(
  buckets: Raw['buckets'],
  samples: number,
  maxUs: number,
  widthUs: number,
): readonly Percentile[] {
  const sorted = buckets.toSorted(([one], [other]) => one - other);
  return borneLevels(samples).flatMap((percent): Percentile[] => {
    let seen = 0;
    for (const [from, count] of sorted) {
      seen += count;
      if (seen * 100 >= samples * percent) return [{ percent, us: Math.min(maxUs, from + widthUs) }];
    }
    return [];
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ImportProblem(`it is no JSON: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function objectOf(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  throw new ImportProblem(`${path} is ${shown(value)}; an object was expected, as cyclictest writes it`);
}

function numberOf(value: unknown, path: string): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw new ImportProblem(`${path} is ${shown(value)}; a number that is not negative was expected`);
}

function shown(value: unknown): string {
  return value === undefined ? 'missing' : JSON.stringify(value).slice(0, 60);
}
