/** A report as text and as a page: what it says, and that nothing that it quotes becomes markup. */
import { describe, expect, it } from 'vitest';
import { bucketOf } from '../../realtime/latency/buckets.ts';
import { notesOn } from '../../realtime/latency/notes.ts';
import { comparisonsOf, reportFormat, settingReports } from '../../realtime/latency/report.ts';
import type { LatencyReport, MeasuredTurn } from '../../realtime/latency/report.ts';
import type { Setting } from '../../realtime/latency/setting.ts';
import { reportHtml } from './report-html.ts';
import { formatReport } from './report-text.ts';

const evil = '<script>alert("x")</script>\u202e';

/** A turn of ten windows: in each 2,000 samples of a microsecond, one of `typicalUs`; one of `worstUs` in the last. */
function turn(setting: Setting, index: number, typicalUs: number, worstUs: number): MeasuredTurn {
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

const bare: Omit<LatencyReport, 'notes'> = {
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
const report: LatencyReport = { ...bare, notes: notesOn(bare) };

describe('a report', () => {
  it('holds every turn, and merges them without losing a sample', () => {
    const [floating, realtime] = report.settings;
    expect(floating!.all.samples).toBe(8 * 10 * 2001);
    expect(floating!.all.buckets.reduce((sum, [, , count]) => sum + count, 0)).toBe(floating!.all.samples);
    expect(realtime!.all).toMatchObject({
      maxUs: 54_007,
      maxAt: { time: '2026-12-01T01:07:00.000Z', errorMs: 3 },
      windowMaxUs: 64.5,
    });
    expect(realtime!.turns.map(({ turn: number, windowMaxUs }) => [number, windowMaxUs.length])).toEqual(
      Array.from({ length: 8 }, (_, index) => [index + 1, 10]),
    );
  });

  it("takes the guest's own maximum where the window that had it was lost", () => {
    const lost = {
      ...turn('realtime', 0, 60, 100),
      worst: new Map([[1, { us: 900, time: '2026-12-01T01:00:01.000Z' }]]),
      lost: { windows: 1, samples: 2001, garbledLines: 1 },
    };
    const [only] = settingReports([lost]);
    expect(only!.all).toMatchObject({ maxUs: 900, maxAt: { time: '2026-12-01T01:00:01.000Z' } });
    expect(notesOn({ ...bare, settings: [only!], comparisons: [] })).toContainEqual(
      expect.stringContaining('2,001 samples of 1 windows were lost'),
    );
  });

  it('says where typical and worst case are the other way round, and why', () => {
    expect(report.notes).toContainEqual(
      expect.stringMatching(
        /^realtime guest is better than floating in the typical window \(×\d+\.\d\), and worse in its worst case \(54007 µs against 20007 µs\)\. Since Linux 6\.12 the fair server/,
      ),
    );
    const passed = { ...bare, checks: [{ ...bare.checks[0]!, result: 'Pass' as const }] };
    expect(notesOn(passed)).toContainEqual(expect.stringContaining('--why says what kept it from running'));
  });

  it('warns of a host that is a virtual machine, of emulation, and of short runs', () => {
    const notes = notesOn({
      ...bare,
      host: { ...bare.host, isGuest: true },
      method: { ...bare.method, emulated: true },
    }).join('\n');
    expect(notes).toContain("quote no figure as the host's own");
    expect(notes).toContain('nothing of this host');
    expect(notes).toContain('the field measures for 12 hours');
    expect(
      notesOn({ ...bare, method: { ...bare.method, turns: 1, secondsPerTurn: 43_200 } }).join('\n'),
    ).not.toContain('12 hours');
  });

  it('is text that keeps to its width, with verdict, ratios and causes', () => {
    const text = formatReport({ ...report, imported: [], late: [] }, { width: 80, unicode: true });
    expect(text).toContain('FAIL: the limit is 100 µs');
    expect(text).toMatch(/^window max +8004\.5 +64\.50 +×124 +×124 to ×124 +better$/m);
    expect(text).toMatch(/^turn max .* worse$/m);
    expect(text).toContain('No window had a sample beyond 50 µs.');
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(formatReport(report, { width: 80, unicode: false })).not.toMatch(/█/);
  });

  it('is a page that stands by itself, and in which nothing that it quotes is markup', () => {
    const page = reportHtml(report);
    expect(page).not.toMatch(/<script|javascript:|https?:|url\(|@import|\u202e/i);
    expect(page.match(/&lt;script&gt;alert\(&quot;x&quot;\)&lt;\/script&gt;\\u202e/g)!.length).toBeGreaterThanOrEqual(
      3,
    );
    expect(page).toContain('<p class="verdict fail">Fail<small>limit 100 µs</small></p>');
    expect(page.match(/<svg /g)).toHaveLength(2);
    const tags = [...page.matchAll(/<(\/?)(section|table|tbody|thead|tr|ul|dl|figure|svg|div)\b[^>]*>/g)].filter(
      ([tag]) => !tag.endsWith('/>'),
    );
    const open = new Map<string, number>();
    for (const [, end, name] of tags) open.set(name!, (open.get(name!) ?? 0) + (end === '/' ? -1 : 1));
    expect([...open.values()].every((count) => count === 0)).toBe(true);
  });
});
