/** What a probe guest has reported so far: its lines put together into windows, whatever pieces they come in. */
import { bucketOf } from './buckets.ts';
import { samplesOf } from './histogram.ts';
import type { Histogram } from './histogram.ts';
import { parseProbeLine } from './probe-lines.ts';
import type { BucketsLine, EndLine, HeaderLine, WindowLine } from './probe-lines.ts';

/** One window of one vCPU, whole: every sample of it is in the histogram. */
export interface ProbeWindow {
  readonly window: number;
  readonly vcpu: number;
  readonly histogram: Histogram;
  /** When the largest sample was over, and the window's own times, by the guest's TSC. */
  readonly maxAt: bigint;
  readonly from: bigint;
  readonly to: bigint;
}

export type ProbeEvent =
  | HeaderLine
  | EndLine
  | { readonly kind: 'window'; readonly window: ProbeWindow; readonly now: bigint }
  /** The guest began from its beginning: what it measured before and after does not belong together. */
  | { readonly kind: 'restarted' };

/** What lines that were garbled or cut have cost. */
export interface ProbeLosses {
  readonly garbledLines: number;
  /** Windows whose histogram is not known. */
  readonly windows: number;
  readonly samples: number;
}

/** The largest sample of a vCPU since the beginning, from the guest's own sum: a lost window does not lose it. */
export interface Worst {
  readonly us: number;
  readonly at: bigint;
}

/** The longest line that a guest writes, and then some: more without a line end is no line of ours. */
const longestLine = 4096;

export class ProbeReport {
  #rest = '';
  #header: HeaderLine | undefined;
  #garbled = 0;
  readonly #pending = new Map<number, BucketsLine[]>();
  readonly #whole = new Map<number, { windows: number; samples: number }>();
  readonly #last = new Map<number, WindowLine>();

  /** @param text as it came, in any pieces; characters are bytes. */
  push(text: string): readonly ProbeEvent[] {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    if (this.#rest.length > longestLine) {
      this.#rest = '';
      this.#garbled += 1;
    }
    return lines.flatMap((line) => this.#take(line.replace(/\r$/, '')) ?? []);
  }

  get losses(): ProbeLosses {
    let [windows, samples] = [0, 0];
    for (const [vcpu, last] of this.#last) {
      const whole = this.#whole.get(vcpu) ?? { windows: 0, samples: 0 };
      windows += last.window - whole.windows;
      samples += last.allSamples - whole.samples;
    }
    return { garbledLines: this.#garbled, windows, samples };
  }

  /** By vCPU; of one that has reported nothing there is none. */
  get worst(): ReadonlyMap<number, Worst> {
    return new Map([...this.#last].map(([vcpu, { allMaxUs, allMaxAt }]) => [vcpu, { us: allMaxUs, at: allMaxAt }]));
  }

  #take(text: string): ProbeEvent | undefined {
    if (text === '') return undefined; // ends a line that was cut off
    const line = parseProbeLine(text);
    switch (line?.kind) {
      case undefined:
        this.#garbled += 1;
        return undefined;
      case 'header':
        if (this.#header !== undefined) return { kind: 'restarted' };
        this.#header = line;
        return line;
      case 'buckets': {
        const before = line.part === 0 ? [] : (this.#pending.get(line.vcpu) ?? []);
        this.#pending.set(line.vcpu, [...before, line]);
        return undefined;
      }
      case 'window':
        return this.#window(line);
      case 'off':
      case 'error':
        return line;
    }
  }

  #window(line: WindowLine): ProbeEvent | undefined {
    const last = this.#last.get(line.vcpu);
    const parts = this.#pending.get(line.vcpu) ?? [];
    this.#pending.delete(line.vcpu);
    if (this.#header?.measuring.has(line.vcpu) !== true || !followsUpon(line, last)) {
      this.#garbled += 1;
      return undefined;
    }
    this.#last.set(line.vcpu, line);
    const counts = countsOf(line, parts);
    if (counts === undefined) return undefined;
    const histogram: Histogram = { counts, minUs: line.minUs, maxUs: line.maxUs };
    const whole = this.#whole.get(line.vcpu) ?? { windows: 0, samples: 0 };
    this.#whole.set(line.vcpu, { windows: whole.windows + 1, samples: whole.samples + line.samples });
    const { window, vcpu, maxAt, from, to, now } = line;
    return { kind: 'window', window: { window, vcpu, histogram, maxAt, from, to }, now };
  }
}

/**
 * A line with a good checksum that contradicts the ones before it, or itself, is believed no more than one without.
 */
function followsUpon(line: WindowLine, last: WindowLine | undefined): boolean {
  if (line.window <= (last?.window ?? 0) || line.samples === 0 || line.from > line.to || line.to > line.now)
    return false;
  if (line.minUs > line.maxUs || line.maxUs > line.allMaxUs || line.allMaxUs < (last?.allMaxUs ?? 0)) return false;
  const [samples, from] = [last?.allSamples ?? 0, last?.to ?? 0n];
  return (
    line.from >= from &&
    (line.window === (last?.window ?? 0) + 1
      ? line.allSamples === samples + line.samples
      : line.allSamples >= samples + line.samples)
  );
}

/**
 * Undefined where a part is missing or is another window's, or they do not add up to what the window says of itself.
 */
function countsOf(
  { window, parts, samples, minUs, maxUs }: WindowLine,
  lines: readonly BucketsLine[],
): ReadonlyMap<number, number> | undefined {
  if (lines.length !== parts || lines.some((line, index) => line.window !== window || line.part !== index))
    return undefined;
  const entries = lines.flatMap((line) => line.entries);
  const rising = entries.every(([bucket], index) => bucket > (entries[index - 1]?.[0] ?? -1));
  const [first, last] = [entries[0]?.[0], entries.at(-1)?.[0]];
  const counts = new Map(entries);
  return rising &&
    first === bucketOf(minUs) &&
    last === bucketOf(maxUs) &&
    samplesOf({ counts, minUs, maxUs }) === samples
    ? counts
    : undefined;
}
