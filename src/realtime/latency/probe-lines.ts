/**
 * The lines that the probe guest writes in a full report (guest/README.md), read strictly: a line that is not
 * exactly what the guest
 * writes, with its checksum, is counted and otherwise as if it had not come. Nothing in it is believed.
 */
import { CpuListError, CpuSet } from '../cpu-set.ts';
import type { VcpuSet } from '../cpu-set.ts';
import type { VcpuId } from '../ids.ts';
import { bucketCount } from './buckets.ts';
import { crc32 } from './crc32.ts';

export type Sampler =
  | { readonly kind: 'spin' }
  | {
      readonly kind: 'timer';
      readonly intervalUs: number;
      readonly idle: 'halt' | 'poll';
      readonly timer: 'tsc-deadline' | 'apic';
    };

export interface HeaderLine {
  readonly kind: 'header';
  readonly vcpus: number;
  readonly tscKhz: number;
  /** Whether the hypervisor states the frequency, or the guest measured it against the ACPI PM timer. */
  readonly tscFrom: 'cpuid' | 'pmtimer';
  readonly windowMs: number;
  readonly measuring: VcpuSet;
  readonly sampler: Sampler;
  /** The guest's TSC when it put the line together. */
  readonly now: bigint;
}

export interface BucketsLine {
  readonly kind: 'buckets';
  readonly window: number;
  readonly vcpu: number;
  readonly part: number;
  /** Rising buckets, none with 0. */
  readonly entries: readonly (readonly [bucket: number, count: number])[];
}

export interface WindowLine {
  readonly kind: 'window';
  readonly window: number;
  readonly vcpu: number;
  readonly maxUs: number;
  readonly samples: number;
  /** Times of the guest's TSC: when the largest sample was over, and the window's own. */
  readonly maxAt: bigint;
  readonly minUs: number;
  readonly from: bigint;
  readonly to: bigint;
  /** How many lines of buckets came before this one. */
  readonly parts: number;
  /** Of this vCPU since the beginning: what a lost line took away shows here. */
  readonly allSamples: number;
  readonly allMaxUs: number;
  readonly allMaxAt: bigint;
  readonly now: bigint;
}

/** The guest's last word; without a checksum, since nothing is measured by it. */
export type EndLine =
  | { readonly kind: 'off'; readonly because: 'power button' | 'limit_s' }
  | { readonly kind: 'error'; readonly message: string };

export type ProbeLine = HeaderLine | BucketsLine | WindowLine | EndLine;

/** @param line without its line end. @returns undefined for what the guest has not written so. */
export function parseProbeLine(line: string): ProbeLine | undefined {
  const end = /^rtvm-probe (?:(power button|limit_s): off|error: ([ -~]{1,1400}))$/.exec(line);
  if (end !== null)
    return end[1] === undefined
      ? { kind: 'error', message: end[2]! }
      : { kind: 'off', because: end[1] as 'power button' | 'limit_s' };
  const checked = /^([ -~]{1,1600}) crc=([0-9a-f]{8})$/.exec(line);
  if (checked === null || crc32(checked[1]!) !== Number.parseInt(checked[2]!, 16)) return undefined;
  return parseHeader(checked[1]!) ?? parseBuckets(checked[1]!) ?? parseWindow(checked[1]!);
}

const number = '(0|[1-9]\\d{0,19})';
const small = '(0|[1-9]\\d{0,9})';
const us = '((?:0|[1-9]\\d{0,16})\\.\\d{3})';

const headerForm = new RegExp(
  `^rtvm-probe 1 vcpus=${small} tsc_khz=${small} tsc_from=(cpuid|pmtimer) window_ms=${small} measuring=([\\d,-]+) ` +
    `sampler=(?:(spin)|timer interval_us=${small} idle=(halt|poll) timer=(tsc-deadline|apic)) now=${number}$`,
);

function parseHeader(text: string): HeaderLine | undefined {
  const match = headerForm.exec(text);
  if (match === null) return undefined;
  const [, vcpus, tscKhz, tscFrom, windowMs, list, spin, intervalUs, idle, timer, now] = match;
  const measuring = vcpuList(list!);
  if (measuring === undefined || measuring.isEmpty || measuring.toArray().some((vcpu) => vcpu >= Number(vcpus)))
    return undefined;
  return {
    kind: 'header',
    vcpus: Number(vcpus),
    tscKhz: Number(tscKhz),
    tscFrom: tscFrom as HeaderLine['tscFrom'],
    windowMs: Number(windowMs),
    measuring,
    now: BigInt(now!),
    sampler:
      spin === undefined
        ? {
            kind: 'timer',
            intervalUs: Number(intervalUs),
            idle: idle as 'halt' | 'poll',
            timer: timer as 'tsc-deadline' | 'apic',
          }
        : { kind: 'spin' },
  };
}

function vcpuList(text: string): VcpuSet | undefined {
  try {
    return CpuSet.parse<VcpuId>(text);
  } catch (error) {
    if (error instanceof CpuListError) return undefined;
    throw error;
  }
}

const bucketsForm = new RegExp(`^buckets window=${small} vcpu=${small} part=${small}((?: ${small}:${number})*)$`);

function parseBuckets(text: string): BucketsLine | undefined {
  const match = bucketsForm.exec(text);
  if (match === null) return undefined;
  const entries = match[4]!
    .split(' ')
    .slice(1)
    .map((entry) => entry.split(':').map(Number) as [number, number]);
  const fine = entries.every(
    ([bucket, count], index) =>
      bucket < bucketCount && count > 0 && Number.isSafeInteger(count) && bucket > (entries[index - 1]?.[0] ?? -1),
  );
  return fine
    ? { kind: 'buckets', window: Number(match[1]), vcpu: Number(match[2]), part: Number(match[3]), entries }
    : undefined;
}

const windowForm = new RegExp(
  `^window=${small} vcpu=${small} max_us=${us} samples=${number} max_at=${number} min_us=${us} from=${number} `
    + `to=${number} ` +
    `parts=${small} all_samples=${number} all_max_us=${us} all_max_at=${number} now=${number}$`,
);

function parseWindow(text: string): WindowLine | undefined {
  const match = windowForm.exec(text);
  if (match === null) return undefined;
  const [window, vcpu, maxUs, samples, , minUs, , , parts, allSamples, allMaxUs] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const [maxAt, from, to, allMaxAt, now] = [5, 7, 8, 12, 13].map((index) => BigInt(match[index]!)) as [
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  const line: WindowLine = {
    kind: 'window',
    window,
    vcpu,
    maxUs,
    samples,
    maxAt,
    minUs,
    from,
    to,
    parts,
    allSamples,
    allMaxUs,
    allMaxAt,
    now,
  };
  return Number.isSafeInteger(samples) && Number.isSafeInteger(allSamples) ? line : undefined;
}
