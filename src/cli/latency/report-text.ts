/** A report for the terminal: figures, the picture of the histogram, ratios, why samples were late. */
import type {
  Comparison,
  Figures,
  ImportedResult,
  LatencyReport,
  ReportMethod,
  SettingReport,
} from '../../realtime/latency/report.ts';
import { settingTitles } from '../../realtime/latency/setting.ts';
import type { LateSample } from '../../realtime/latency/late.ts';
import { plainStyle } from '../style.ts';
import type { Style } from '../style.ts';
import { formatTable, padEnd, padStart, wrap } from '../table.ts';
import { rowsOf } from './histogram-rows.ts';
import type { HistogramRow } from './histogram-rows.ts';

export interface ReportTextOptions {
  readonly width: number;
  readonly unicode: boolean;
  readonly style?: Style | undefined;
}

export function formatReport(report: LatencyReport, options: ReportTextOptions): string {
  const { style = plainStyle } = options;
  const { host, method, limitUs, verdict } = report;
  const sections = [
    [
      style('bold', `${report.guest.source} on ${host.name}`),
      ...wrap(`vCPUs ${report.guest.measuredVcpus}, ${samplerText(method)}, load: ${method.load}`, options.width),
      ...(verdict === undefined
        ? []
        : [
            style(
              [verdict === 'pass' ? 'green' : 'red', 'bold'],
              `${verdict.toUpperCase()}: the limit is ${limitUs!} µs`,
            ),
          ]),
    ].join('\n'),
    figuresTable(report, options.width),
    ...report.settings.map((setting) => picture(setting, report.settings.length > 1, options)),
    ...(report.comparisons.length === 0
      ? []
      : [report.comparisons.map((comparison) => comparisonText(comparison, options.width)).join('\n\n')]),
    ...(report.lateThresholdUs === undefined ? [] : [lateText(report, options.width)]),
    ...(report.imported.length === 0 ? [] : [importedTable(report.imported, options.width)]),
    ...(report.notes.length === 0
      ? []
      : [
          report.notes
            .flatMap((note) =>
              wrap(note, options.width - 2).map((line, index) => `${index === 0 ? '- ' : '  '}${line}`),
            )
            .join('\n'),
        ]),
  ];
  return sections.join('\n\n');
}

export function samplerText(method: ReportMethod): string {
  return method.sampler === 'spin'
    ? 'spinning (time between two reads of the clock)'
    : `timer every ${method.intervalUs!} µs, ${method.idle === 'halt' ? 'halted' : 'spinning'} (from when it was due)`;
}

export function formatUs(us: number): string {
  return us >= 100_000 ? us.toFixed(0) : us >= 100 ? us.toFixed(1) : us.toFixed(2);
}

function figuresTable({ settings }: LatencyReport, width: number): string {
  const rows = settings.flatMap(({ setting, all, vcpus }) => [
    ...(vcpus.length > 1
      ? vcpus.map(({ vcpu, ...figures }) => row(`${settingTitles[setting]}, vCPU ${vcpu}`, figures))
      : []),
    row(vcpus.length > 1 ? `${settingTitles[setting]}, all` : settingTitles[setting], all),
  ]);
  return formatTable(
    [
      { title: 'IN µs' },
      { title: 'SAMPLES' },
      { title: 'MIN' },
      { title: 'P50' },
      { title: 'P99.9' },
      { title: 'WINDOW MAX' },
      { title: 'MAX' },
      { title: 'AT' },
    ],
    rows,
    { width },
  );
}

function row(title: string, { samples, minUs, windowMaxUs, maxUs, maxAt, percentiles }: Figures): readonly string[] {
  const at = (percent: number) => percentiles.find((each) => each.percent === percent)?.us;
  const shown = (us: number | undefined) => (us === undefined ? '-' : `≤${formatUs(us)}`);
  return [
    title,
    samples.toLocaleString('en'),
    formatUs(minUs),
    shown(at(50)),
    shown(at(99.9)),
    formatUs(windowMaxUs),
    formatUs(maxUs),
    maxAt === undefined ? '-' : maxAt.time.slice(11, 23),
  ];
}

const mostRows = 24;

/**
 * A bar for each range of latencies; its length grows with the logarithm, since one sample in a thousand million is
 * what matters.
 */
function picture(
  { setting, all }: SettingReport,
  named: boolean,
  { width, unicode, style = plainStyle }: ReportTextOptions,
): string {
  const rows = rowsOf(all.buckets, mostRows);
  const most = Math.max(...rows.map(({ count }) => count));
  const labels = rows.map(label);
  const counts = rows.map(({ count }) => count.toLocaleString('en'));
  const [labelWidth, countWidth] = [
    Math.max(...labels.map((text) => text.length)),
    Math.max(...counts.map((text) => text.length)),
  ];
  const bars = width - labelWidth - countWidth - 5;
  const block = unicode ? '█' : '#';
  const lines = rows.map(({ count }, index) => {
    const length = count === 0 ? 0 : Math.max(1, Math.round((bars * Math.log1p(count)) / Math.log1p(most)));
    return `  ${padStart(labels[index]!, labelWidth)} ${style('cyan', padEnd(block.repeat(length), bars))} `
      + padStart(counts[index]!, countWidth);
  });
  const levels = all.percentiles.map(({ percent, us }) => `p${percent} ≤${formatUs(us)}`).join('  ');
  return [
    `${named ? `${style('bold', settingTitles[setting])}, ` : ''}samples by latency in µs (bars are logarithmic)`,
    ...lines,
    ...wrap(`percentiles that the samples bear: ${levels === '' ? 'none' : levels}`, width),
  ].join('\n');
}

function label({ fromUs, toUs }: HistogramRow): string {
  return toUs === null ? `>= ${fromUs}` : `< ${toUs}`;
}

const figureTitles: Readonly<Record<string, string>> = { 'window-max': 'window max', 'max': 'turn max' };

export function figureTitle(figure: string): string {
  return figureTitles[figure] ?? figure;
}

function comparisonText({ base, other, ratios }: Comparison, width: number): string {
  const rows = ratios.map(({ figure, baseUs, otherUs, median, between, verdict }) => [
    figureTitle(figure),
    formatUs(baseUs),
    formatUs(otherUs),
    `×${ratioText(median)}`,
    between === undefined ? 'too few turns' : `×${ratioText(between[0])} to ×${ratioText(between[1])}`,
    verdict,
  ]);
  return formatTable(
    [
      { title: 'FIGURE' },
      { title: settingTitles[base].toUpperCase() },
      { title: settingTitles[other].toUpperCase() },
      { title: 'RATIO' },
      { title: '95% BETWEEN' },
      { title: '' },
    ],
    rows,
    { width },
  );
}

export function ratioText(ratio: number): string {
  return ratio >= 10 ? ratio.toFixed(0) : ratio.toFixed(2);
}

const mostLate = 10;

function lateText({ late, lateThresholdUs }: LatencyReport, width: number): string {
  if (late.length === 0) return `No window had a sample beyond ${lateThresholdUs!} µs.`;
  const rows = late
    .slice(0, mostLate)
    .map((sample) => [formatUs(sample.us), String(sample.vcpu), sample.time.slice(11, 23), why(sample)]);
  const remedies = [
    ...new Set(late.flatMap(({ attributions }) => attributions.flatMap(({ remedy }) => remedy ?? []))),
  ];
  return [
    `Why it was late: the largest samples of windows beyond ${lateThresholdUs!} µs`,
    formatTable([{ title: 'µs' }, { title: 'VCPU' }, { title: 'AT' }, { title: 'WHAT RAN INSTEAD' }], rows, {
      width,
    }).trimEnd(),
    ...(late.length > mostLate ? [`and ${late.length - mostLate} more (-o json has all)`] : []),
    ...remedies.flatMap((remedy) => wrap(`remedy: ${remedy}`, width)),
  ].join('\n');
}

export function why({ attributions }: LateSample): string {
  return attributions
    .map(({ cause, what, share }) =>
      cause === 'unknown' ? `unknown: ${what}` : `${what} ${Math.round(100 * share)}%`,
    )
    .join(', ');
}

function importedTable(imported: readonly ImportedResult[], width: number): string {
  const rows = imported.flatMap(({ tool, where, title, threads }) =>
    threads.map(({ thread, samples, minUs, avgUs, maxUs }) => [
      `${tool} ${where === 'guest' ? 'in the guest' : 'on the host'}: ${title}`,
      thread,
      samples.toLocaleString('en'),
      formatUs(minUs),
      avgUs === undefined ? '-' : formatUs(avgUs),
      formatUs(maxUs),
    ]),
  );
  return formatTable(
    [
      { title: 'IMPORTED' },
      { title: 'THREAD' },
      { title: 'SAMPLES' },
      { title: 'MIN µs' },
      { title: 'AVG' },
      { title: 'MAX µs' },
    ],
    rows,
    { width },
  );
}
