/** What a reader has to know before he quotes a figure of a report. */
import type { Comparison, LatencyReport, SettingReport } from './report.ts';
import { settingTitles } from './setting.ts';

/** Half a day: the field's practice before a worst case is quoted. */
const practiceSeconds = 12 * 3600;
/** Of a spinning vCPU on a real CPU the mean time between two reads is well below. */
const interpretedUs = 1;

export function notesOn(report: Omit<LatencyReport, 'notes'>): readonly string[] {
  const { host, method, settings, comparisons } = report;
  return [
    ...(method.emulated
      ? [
          'The guest was emulated (--virt-type qemu): the figures say how fast the emulator is, and nothing of '
            + 'this host.',
        ]
      : []),
    ...(host.isGuest
      ? [
          "This host is itself a virtual machine, whose CPUs may be taken away from outside: compare settings by "
            + "their ratios, and quote no figure as the host's own.",
        ]
      : []),
    ...interpreted(report),
    ...worstCase(report),
    ...settings.flatMap(losses),
    ...comparisons.flatMap((comparison) => againstTheMedian(comparison, report)),
    ...(method.tscFrom === 'pmtimer' && !method.emulated
      ? [
          "The hypervisor does not state the TSC's frequency to the guest, which measured it against the ACPI PM "
            + "timer: all figures may be off by some hundredths of a percent.",
        ]
      : []),
    ...(method.timer === 'apic'
      ? ["The guest's timer has no TSC deadline: its rate was measured, and the error of that is in every sample."]
      : []),
  ];
}

function interpreted({ method, settings }: Omit<LatencyReport, 'notes'>): readonly string[] {
  const least = Math.min(...settings.map(({ all }) => all.minUs));
  if (method.sampler !== 'spin' || least < interpretedUs) return [];
  return [
    `Two reads of the clock are at least ${least.toFixed(1)} µs apart: this host interprets the probe instead of `
      + `running it, and nothing below that can be seen.`,
  ];
}

function worstCase({ method, settings }: Omit<LatencyReport, 'notes'>): readonly string[] {
  const seconds = method.turns * method.secondsPerTurn;
  if (seconds >= practiceSeconds) return [];
  const samples = Math.min(...settings.map(({ all }) => all.samples));
  return [
    `Measured for ${duration(seconds)}: the maximum is the largest of ${samples.toLocaleString('en')} samples, `
      + `not a bound. Worst cases are rare; the field measures for 12 hours and more under load before it quotes one.`,
  ];
}

function losses({ setting, lost }: SettingReport): readonly string[] {
  if (lost.samples === 0) return [];
  return [
    `${settingTitles[setting]}: ${lost.samples.toLocaleString('en')} samples of ${lost.windows} windows were lost `
      + `on the way (${lost.garbledLines} garbled lines): they are not in the histogram; the maximum is right all `
      + `the same, the guest keeps it.`,
  ];
}

/**
 * Typical and worst cases the other way round: what FIFO wins in each window, starved threads take back once a
 * second.
 */
function againstTheMedian(
  { base, other, ratios }: Comparison,
  { checks, settings }: Omit<LatencyReport, 'notes'>,
): readonly string[] {
  const typical = ratios.find(({ figure }) => figure === 'window-max');
  if (typical?.verdict !== 'better') return [];
  const worst = ratios.find(({ figure }) => figure === 'max');
  if (worst === undefined || worst.verdict === 'better') return [];
  const maxUs = (setting: string) => settings.find((report) => report.setting === setting)?.all.maxUs ?? 0;
  const server = checks.find(({ name }) => name === 'fair-server');
  const fits =
    server !== undefined &&
    server.result !== 'Pass' &&
    (other === 'pinned-fifo' || other === 'realtime') &&
    maxUs(other) > fairServerUs &&
    maxUs(other) < 2 * fairServerUs;
  const cause = fits
    ? ` Since Linux 6.12 the fair server gives threads that a FIFO thread starves 50 ms of each second, which `
      + `fits; the host check fair-server says: ${server.observed}. ${server.remedy ?? ''}`.trimEnd()
    : ' --why says what kept it from running.';
  return [
    `${settingTitles[other]} is better than ${settingTitles[base]} in the typical window `
      + `(×${typical.median.toFixed(1)}), and ${worst.verdict === 'worse' ? 'worse' : 'not shown to be better'} `
      + `in its worst case (${maxUs(other).toFixed(0)} µs against ${maxUs(base).toFixed(0)} µs).${cause}`,
  ];
}

/** What the fair server gives starved threads of each second, unless it was set otherwise. */
const fairServerUs = 50_000;

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
