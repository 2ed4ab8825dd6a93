/** A report for tests: eight turns of two settings, with hostile text in it. */
import { bucketOf } from '../../realtime/latency/buckets.ts';
import { notesOn } from '../../realtime/latency/notes.ts';
import { comparisonsOf, reportFormat, settingReports } from '../../realtime/latency/report.ts';
import type { LatencyReport, MeasuredTurn } from '../../realtime/latency/report.ts';
import type { Setting } from '../../realtime/latency/setting.ts';

const evil = '<script>alert("x")</script>\u202e';

/** A turn of ten windows: in each 2,000 samples of a microsecond, one of `typicalUs`; one of `worstUs` in the last. */
export function turn(setting: Setting, index: number, typicalUs: number, worstUs: number): MeasuredTurn {
  const time = `2026-12-01T01:0${index}:00.000Z`;
  const windows = Array.from({ length: 10 }, (_, window) => {
    const maxUs = window === 9 ? worstUs : typicalUs + window;
    return {
      vcpu: 1,
      histogram: {
        counts: new Map([
          [1, 2000],
          [bucketOf(maxUs), 1],
        ]),
        minUs: 1.2,
        maxUs,
      },
      maxTime: time,
    };
  });
  return {
    setting,
    startedAt: time,
    windows,
    worst: new Map([[1, { us: worstUs, time }]]),
    errorMs: 2.5,
    lost: { windows: 0, samples: 0, garbledLines: 0 },
    verified: true,
  };
}

const turns = Array.from({ length: 8 }, (_, index) => [
  turn('floating', index, 8000, 20_000 + index),
  turn('realtime', index, 60, 54_000 + index),
]).flat();

export const bare: Omit<LatencyReport, 'notes'> = {
  format: reportFormat,
  rtvm: '0.1.0',
  createdAt: '2026-12-01T02:00:00.000Z',
  host: {
    name: 'host-a',
    kernel: '6.12.1-rt',
    preemptRt: true,
    cpuModel: evil,
    cpus: 8,
    isGuest: false,
    kernelParameters: ['isolcpus=2-3'],
    libvirt: '11.3.0',
    qemu: '10.0.0',
  },
  checks: [
    {
      name: 'fair-server',
      result: 'Warn',
      observed: 'on for CPUs 1',
      wanted: 'runtime 0 on dedicated CPUs',
      remedy: 'echo 0 > runtime',
    },
  ],
  guest: {
    source: 'RealtimeVM default/press',
    vcpus: 2,
    measuredVcpus: '1',
    memoryMiB: 32,
    pageSizesKiB: [2048],
    vcpuPins: [
      { vcpu: 0, cpus: '0' },
      { vcpu: 1, cpus: '1' },
    ],
    emulatorCpus: '0',
    fifoPriority: 1,
  },
  method: {
    sampler: 'spin',
    windowMs: 100,
    secondsPerTurn: 1,
    turns: 8,
    load: 'none',
    emulated: false,
    tscKhz: 2_500_000,
    tscFrom: 'cpuid',
  },
  limitUs: 100,
  verdict: 'fail',
  settings: settingReports(turns),
  comparisons: comparisonsOf(turns),
  late: [
    {
      setting: 'realtime',
      vcpu: 1,
      us: 54_007,
      time: '2026-12-01T01:07:00.000Z',
      errorMs: 3,
      attributions: [
        { cause: 'thread', what: `${evil} (pid 5, FIFO 20)`, share: 0.97, remedy: 'host check isolated-cpus' },
      ],
    },
  ],
  lateThresholdUs: 50,
  imported: [
    {
      tool: 'cyclictest',
      where: 'guest',
      title: evil,
      threads: [{ thread: 'thread 0', samples: 10, minUs: 1, avgUs: 2, maxUs: 41, percentiles: [] }],
    },
  ],
};
export const sampleReport: LatencyReport = { ...bare, notes: notesOn(bare) };
