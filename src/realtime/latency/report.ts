/**
 * What a measurement gave, with all conditions under which it was taken: what `-o json` prints and the report shows.
 */
import type { HostCheck } from '../checks/host-check.ts';
import { bucketFromUs, bucketToUs } from './buckets.ts';
import { compareTurns, median } from './compare.ts';
import type { Ratio, TurnFigures } from './compare.ts';
import { merge, percentiles, samplesOf } from './histogram.ts';
import type { Histogram, Percentile } from './histogram.ts';
import type { LateSample } from './late.ts';
import type { Setting } from './setting.ts';

export const reportFormat = 'rtvm.dev/latency/v1';

export interface ReportHost {
  readonly name: string;
  readonly kernel: string;
  readonly preemptRt: boolean;
  readonly cpuModel: string;
  readonly cpus: number;
  /** It is itself a virtual machine. */
  readonly isGuest: boolean;
  /** Those of the kernel's command line that matter to latency. */
  readonly kernelParameters: readonly string[];
  readonly libvirt?: string | undefined;
  readonly qemu?: string | undefined;
}

export interface ReportGuest {
  /** `RealtimeVM default/press`, `RealtimeVMClass press`. */
  readonly source: string;
  readonly vcpus: number;
  readonly measuredVcpus: string;
  readonly memoryMiB: number;
  readonly pageSizesKiB: readonly number[];
  readonly vcpuPins: readonly { readonly vcpu: number; readonly cpus: string }[];
  readonly emulatorCpus: string;
  readonly fifoPriority?: number | undefined;
}

export interface ReportMethod {
  readonly sampler: 'spin' | 'timer';
  readonly intervalUs?: number | undefined;
  readonly idle?: 'halt' | 'poll' | undefined;
  /** `tsc-deadline`, `apic`. */
  readonly timer?: string | undefined;
  readonly windowMs: number;
  readonly secondsPerTurn: number;
  readonly turns: number;
  readonly load: string;
  readonly emulated: boolean;
  readonly tscKhz: number;
  readonly tscFrom: 'cpuid' | 'pmtimer';
}

/** Figures of some samples: of a vCPU, or of all. */
export interface Figures {
  readonly samples: number;
  readonly minUs: number;
  readonly maxUs: number;
  /** When the largest sample was over, and how much earlier that may have been than is said. */
  readonly maxAt?: { readonly time: string; readonly errorMs: number } | undefined;
  /** The median of the windows' largest samples. */
  readonly windowMaxUs: number;
  readonly percentiles: readonly Percentile[];
  /** `[from, to, samples]` in microseconds; `to` is null where there is no end. */
  readonly buckets: readonly (readonly [number, number | null, number])[];
}

export interface SettingReport {
  readonly setting: Setting;
  readonly all: Figures;
  readonly vcpus: readonly (Figures & { readonly vcpu: number })[];
  /** Each turn by itself, in the order in which they were taken: raw data. */
  readonly turns: readonly TurnReport[];
  /** Threads and memory were read from the live process before the guest ran, and were as asked for. */
  readonly verified: boolean;
  readonly lost: { readonly windows: number; readonly samples: number; readonly garbledLines: number };
}

export interface TurnReport {
  readonly turn: number;
  readonly startedAt: string;
  readonly figures: Figures;
  readonly windowMaxUs: readonly number[];
}

export interface Comparison {
  readonly base: Setting;
  readonly other: Setting;
  readonly ratios: readonly Ratio[];
}

/** A figure that another program has taken, in the guest or on the host. */
export interface ImportedResult {
  readonly tool: string;
  /** `guest`: inside a VM; `host`: on a host without one. */
  readonly where: 'guest' | 'host';
  readonly title: string;
  readonly threads: readonly {
    readonly thread: string;
    readonly samples: number;
    readonly minUs: number;
    readonly avgUs?: number | undefined;
    readonly maxUs: number;
    readonly percentiles: readonly Percentile[];
  }[];
}

export interface LatencyReport {
  readonly format: typeof reportFormat;
  readonly rtvm: string;
  readonly createdAt: string;
  readonly host: ReportHost;
  readonly checks: readonly HostCheck[];
  readonly guest: ReportGuest;
  readonly method: ReportMethod;
  readonly limitUs?: number | undefined;
  readonly verdict?: 'pass' | 'fail' | undefined;
  readonly settings: readonly SettingReport[];
  readonly comparisons: readonly Comparison[];
  readonly late: readonly LateSample[];
  readonly lateThresholdUs?: number | undefined;
  readonly imported: readonly ImportedResult[];
  /** What a reader has to know before he quotes a figure. */
  readonly notes: readonly string[];
}

/** A turn as the report's figures are made of it. */
export interface MeasuredTurn {
  readonly setting: Setting;
  readonly startedAt: string;
  readonly windows: readonly { readonly vcpu: number; readonly histogram: Histogram; readonly maxTime: string }[];
  /** The guest's own sum, by vCPU: of windows that were lost, too. */
  readonly worst: ReadonlyMap<number, { readonly us: number; readonly time: string }>;
  readonly errorMs: number;
  readonly lost: SettingReport['lost'];
  readonly verified: boolean;
}

/** @param turns in the order in which they were taken; of any settings. */
export function settingReports(turns: readonly MeasuredTurn[]): readonly SettingReport[] {
  return [...Map.groupBy(turns, ({ setting }) => setting)].map(([setting, own]) => {
    const vcpus = [...new Set(own.flatMap(({ worst }) => [...worst.keys()]))].sort((one, other) => one - other);
    return {
      setting,
      all: figuresOf(own),
      vcpus: vcpus.map((vcpu) => ({ vcpu, ...figuresOf(own.map((turn) => ofVcpu(turn, vcpu))) })),
      turns: own.map((turn, index) => ({
        turn: index + 1,
        startedAt: turn.startedAt,
        figures: figuresOf([turn]),
        windowMaxUs: turn.windows.map(({ histogram }) => histogram.maxUs),
      })),
      verified: own.every(({ verified }) => verified),
      lost: {
        windows: sum(own.map(({ lost }) => lost.windows)),
        samples: sum(own.map(({ lost }) => lost.samples)),
        garbledLines: sum(own.map(({ lost }) => lost.garbledLines)),
      },
    };
  });
}

/** The first setting against each other one. */
export function comparisonsOf(turns: readonly MeasuredTurn[]): readonly Comparison[] {
  const [base, ...others] = [...Map.groupBy(turns, ({ setting }) => setting)];
  if (base === undefined) return [];
  return others.map(([other, own]) => ({
    base: base[0],
    other,
    ratios: compareTurns(base[1].map(turnFigures), own.map(turnFigures)),
  }));
}

function turnFigures({ windows, worst }: MeasuredTurn): TurnFigures {
  const histogram = merge(windows.map((window) => window.histogram));
  return {
    histogram: { ...histogram, maxUs: Math.max(histogram.maxUs, ...[...worst.values()].map(({ us }) => us)) },
    windowMaxUs: windows.map((window) => window.histogram.maxUs),
  };
}

function ofVcpu(turn: MeasuredTurn, vcpu: number): MeasuredTurn {
  return {
    ...turn,
    windows: turn.windows.filter((window) => window.vcpu === vcpu),
    worst: new Map([...turn.worst].filter(([each]) => each === vcpu)),
  };
}

function figuresOf(turns: readonly MeasuredTurn[]): Figures {
  const histogram = merge(turns.flatMap(({ windows }) => windows.map((window) => window.histogram)));
  const worsts = turns.flatMap(({ worst, errorMs }) => [...worst.values()].map((each) => ({ ...each, errorMs })));
  const worst = worsts.toSorted((one, other) => other.us - one.us)[0];
  const windowMaxUs = turns.flatMap(({ windows }) => windows.map((window) => window.histogram.maxUs));
  return {
    samples: samplesOf(histogram),
    minUs: histogram.minUs,
    maxUs: Math.max(histogram.maxUs, worst?.us ?? 0),
    maxAt: worst === undefined ? undefined : { time: worst.time, errorMs: Math.ceil(worst.errorMs) },
    windowMaxUs: windowMaxUs.length === 0 ? 0 : median(windowMaxUs),
    percentiles: percentiles(histogram),
    buckets: [...histogram.counts]
      .sort(([one], [other]) => one - other)
      .map(([bucket, count]) => {
        const to = bucketToUs(bucket);
        return [bucketFromUs(bucket), Number.isFinite(to) ? to : null, count] as const;
      }),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
