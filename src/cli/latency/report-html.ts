/** A report as one page that stands by itself: nothing is loaded from anywhere; light, dark and on paper. */
import type { HostCheck } from '../../realtime/checks/host-check.ts';
import { settingTitles } from '../../realtime/latency/setting.ts';
import type {
  Comparison,
  Figures,
  ImportedResult,
  LatencyReport,
  SettingReport,
} from '../../realtime/latency/report.ts';
import { html, raw } from './html.ts';
import type { Html } from './html.ts';
import { histogramSvg } from './histogram-svg.ts';
import { reportStyle } from './report-style.ts';
import { figureTitle, formatUs, ratioText, samplerText, why } from './report-text.ts';

export function reportHtml(report: LatencyReport): string {
  const { guest, host, method, createdAt, rtvm, verdict, limitUs, settings } = report;
  const title = `Latency of ${guest.source} on ${host.name}`;
  const judged = settings.find(({ setting }) => setting === 'realtime') ?? settings[0]!;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${raw(reportStyle)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p>${createdAt.slice(0, 10)} ${createdAt.slice(11, 16)} UTC · rtvm ${rtvm}</p>
</header>
<section class="summary">
${verdict === undefined ? '' : html`<p class="verdict ${verdict}">${verdict === 'pass' ? 'Pass' : 'Fail'}<small>limit ${limitUs!} µs</small></p>`}
${tile('Largest sample', `${formatUs(judged.all.maxUs)} µs`, judged.all.maxAt === undefined ? '' : `at ${judged.all.maxAt.time.slice(11, 23)} UTC`)}
${tile('Median of the windows’ largest', `${formatUs(judged.all.windowMaxUs)} µs`, `windows of ${method.windowMs} ms`)}
${tile('Samples', judged.all.samples.toLocaleString('en'), `${duration(method.turns * method.secondsPerTurn)} of each setting`)}
</section>
${
  report.notes.length === 0
    ? ''
    : html`<section><h2>Before you quote a figure</h2><ul>
${report.notes.map((note) => html`<li>${note}</li>`)}</ul></section>`
}
<section><h2>Figures</h2>${figuresTable(settings)}</section>
${
  report.comparisons.length === 0
    ? ''
    : html`<section><h2>Compared</h2>
<p>Turn by turn, on the same CPUs and under the same load. A ratio above 1 means that the second is better; between the bounds its median lies with at least 95 % certainty.</p>${report.comparisons.map(comparisonTable)}</section>`
}
<section><h2>Histograms</h2><p>Samples by latency; both scales are logarithmic.</p>
${settings.map((setting) => histogram(setting, Math.max(...settings.map(({ all }) => all.maxUs)), limitUs))}</section>
${report.lateThresholdUs === undefined ? '' : lateSection(report)}
${report.imported.length === 0 ? '' : importedSection(report.imported)}
<section><h2>Conditions</h2>${conditions(report)}</section>
<section><h2>Host checks</h2>${checksTable(report.checks)}</section>
<footer>The same data as numbers: rtvm latency -o json (${report.format}).</footer>
</body>
</html>
`.text;
}

function tile(label: string, value: string, small: string): Html {
  return html`<p class="tile"><span>${label}</span><b>${value}</b><small>${small}</small></p>`;
}

function figuresTable(settings: readonly SettingReport[]): Html {
  const levels = [...new Set(settings.flatMap(({ all }) => all.percentiles.map(({ percent }) => percent)))].sort(
    (one, other) => one - other,
  );
  const row = (title: string, figures: Figures, whole: boolean) =>
    html`<tr${whole ? raw('') : raw(' class="part"')}><th scope="row">${title}</th><td>${figures.samples.toLocaleString('en')}</td><td>${formatUs(figures.minUs)}</td>${levels.map(
      (level) => {
        const us = figures.percentiles.find(({ percent }) => percent === level)?.us;
        return html`<td>${us === undefined ? '–' : `≤ ${formatUs(us)}`}</td>`;
      },
    )}<td>${formatUs(figures.windowMaxUs)}</td><td><b>${formatUs(figures.maxUs)}</b></td></tr>`;
  return html`<div class="wide"><table><thead><tr><th scope="col">in µs</th><th scope="col">samples</th>
<th scope="col">min</th>${levels.map((level) => html`<th scope="col">p${level}</th>`)}<th scope="col">window max</th>
<th scope="col">max</th></tr></thead><tbody>
${settings.map(({ setting, all, vcpus }) => [
  row(settingTitles[setting], all, true),
  ...(vcpus.length > 1 ? vcpus.map(({ vcpu, ...figures }) => row(`vCPU ${vcpu}`, figures, false)) : []),
])}</tbody></table></div><p class="hint">Percentiles are shown as far as the samples bear them: ten or more lie above each. “Window max” is the median of the largest sample of each window.</p>`;
}

function comparisonTable({ base, other, ratios }: Comparison): Html {
  return html`<div class="wide"><table><caption>${settingTitles[base]} ÷ ${settingTitles[other]}</caption><thead><tr>
<th scope="col">figure</th><th scope="col">${settingTitles[base]}, µs</th>
<th scope="col">${settingTitles[other]}, µs</th><th scope="col">ratio</th><th scope="col">95 % between</th>
<th scope="col"></th></tr></thead><tbody>${ratios.map(
    ({ figure, baseUs, otherUs, median, between, verdict }) => html`
<tr><th scope="row">${figureTitle(figure)}</th><td>${formatUs(baseUs)}</td><td>${formatUs(otherUs)}</td>
<td>×${ratioText(median)}</td>
<td>${between === undefined ? 'too few turns' : `×${ratioText(between[0])} to ×${ratioText(between[1])}`}</td>
<td>${verdict}</td></tr>`,
  )}</tbody></table></div>`;
}

function histogram(
  { setting, all, vcpus, lost }: SettingReport,
  largestUs: number,
  limitUs: number | undefined,
): Html {
  const several = vcpus.length > 1;
  return html`<h3>${settingTitles[setting]}</h3>
${
  several
    ? vcpus.map(
        ({ vcpu, ...figures }) =>
          html`<figure>${histogramSvg(figures, largestUs, limitUs)}<figcaption>vCPU ${vcpu}, ${figures.samples.toLocaleString('en')} samples</figcaption></figure>`,
      )
    : html`<figure>${histogramSvg(all, largestUs, limitUs)}<figcaption>${vcpus.map(({ vcpu }) => `vCPU ${vcpu}, `)}${all.samples.toLocaleString('en')} samples</figcaption></figure>`
}
${lost.samples === 0 ? '' : html`<p>${lost.samples.toLocaleString('en')} samples were lost on the way.</p>`}`;
}

function lateSection({ late, lateThresholdUs }: LatencyReport): Html {
  if (late.length === 0)
    return html`<section><h2>Why it was late</h2>
<p>No window had a sample beyond ${lateThresholdUs!} µs.</p></section>`;
  const remedies = [
    ...new Set(late.flatMap(({ attributions }) => attributions.flatMap(({ remedy }) => remedy ?? []))),
  ];
  return html`<section><h2>Why it was late</h2>
<p>The largest sample of each window beyond ${lateThresholdUs!} µs, and what the kernel’s trace of this host says ran instead. Below 80 % of the time it says “unknown”.</p>
<div class="wide"><table class="late"><thead><tr><th scope="col">µs</th><th scope="col">setting</th>
<th scope="col">vCPU</th><th scope="col">at (UTC)</th><th scope="col">what ran instead</th></tr></thead><tbody>
${late.slice(0, 25).map(
  (sample) => html`
<tr><td>${formatUs(sample.us)}</td><td>${settingTitles[sample.setting]}</td><td>${sample.vcpu}</td>
<td>${sample.time.slice(11, 23)}</td><td>${why(sample)}</td></tr>`,
)}</tbody></table></div>
${late.length > 25 ? html`<p>and ${late.length - 25} more</p>` : ''}
${
  remedies.length === 0
    ? ''
    : html`<h3>What would end it</h3><ul>
${remedies.map((remedy) => html`<li>${remedy}</li>`)}</ul>`
}</section>`;
}

function importedSection(imported: readonly ImportedResult[]): Html {
  return html`<section><h2>Measured by others</h2>
<p>In the guest’s own kernel or on the host, by other programs, at another time: beside the figures above, not instead of them.</p><div class="wide"><table><thead><tr><th scope="col">what</th><th scope="col">thread</th><th scope="col">samples</th><th scope="col">min, µs</th><th scope="col">avg</th><th scope="col">max</th></tr></thead><tbody>${imported.flatMap(
    ({ tool, where, title, threads }) =>
      threads.map(
        (thread) => html`
<tr><th scope="row">${tool}, ${where === 'guest' ? 'in the guest' : 'on the host'}: ${title}</th>
<td>${thread.thread}</td><td>${thread.samples.toLocaleString('en')}</td><td>${formatUs(thread.minUs)}</td>
<td>${thread.avgUs === undefined ? '–' : formatUs(thread.avgUs)}</td>
<td><b>${formatUs(thread.maxUs)}</b></td></tr>`,
      ),
  )}</tbody></table></div></section>`;
}

function conditions({ host, guest, method, settings, rtvm }: LatencyReport): Html {
  const rows: readonly (readonly [string, string])[] = [
    ['Host', `${host.name}: ${host.cpuModel}, ${host.cpus} CPUs${host.isGuest ? ', itself a virtual machine' : ''}`],
    ['Kernel', `${host.kernel}${host.preemptRt ? ', PREEMPT_RT' : ', not PREEMPT_RT'}`],
    [
      'Kernel parameters',
      host.kernelParameters.length === 0 ? 'none that matters to latency' : host.kernelParameters.join(' '),
    ],
    [
      'Versions',
      [
        `rtvm ${rtvm}`,
        host.libvirt === undefined ? '' : `libvirt ${host.libvirt}`,
        host.qemu === undefined ? '' : `QEMU ${host.qemu}`,
      ]
        .filter((part) => part !== '')
        .join(', '),
    ],
    [
      'Guest',
      `${guest.source}: ${guest.vcpus} vCPUs, ${guest.memoryMiB} MiB${guest.pageSizesKiB.length === 0 ? '' : ` in pages of ${guest.pageSizesKiB.join(' and ')} KiB`}${guest.fifoPriority === undefined ? '' : `, SCHED_FIFO ${guest.fifoPriority}`}`,
    ],
    [
      'CPUs',
      `${guest.vcpuPins.map(({ vcpu, cpus }) => `vCPU ${vcpu} on ${cpus}`).join(', ')}; QEMU’s own threads on ${guest.emulatorCpus}`,
    ],
    ['Measured', `vCPUs ${guest.measuredVcpus}, ${samplerText(method)}`],
    [
      'Time',
      `${method.turns === 1 ? '' : `${method.turns} turns of `}${duration(method.secondsPerTurn)}, windows of ${method.windowMs} ms`,
    ],
    ['Load beside it', method.load],
    [
      'Clock',
      `the guest’s TSC, ${method.tscKhz} kHz (${method.tscFrom === 'cpuid' ? 'as the hypervisor states' : 'as the guest measured'})`,
    ],
    [
      'Threads and memory',
      settings.every(({ verified }) => verified)
        ? 'read from the live process before each turn, and as asked for'
        : 'not as asked for',
    ],
    ...(method.emulated ? [['Virtualization', 'emulated, without KVM'] as const] : []),
  ];
  return html`<dl>${rows.map(([term, text]) => html`<div><dt>${term}</dt><dd>${text}</dd></div>`)}</dl>`;
}

const results = { Pass: 'pass', Warn: 'warn', Fail: 'fail', Unknown: 'not seen' } as const;

function checksTable(checks: readonly HostCheck[]): Html {
  return html`<div class="wide"><table class="checks"><thead><tr><th scope="col">check</th>
<th scope="col">result</th><th scope="col">found</th></tr></thead><tbody>
${checks.map(
  ({ name, result, observed }) => html`
<tr><th scope="row">${name}</th><td><span class="mark ${result.toLowerCase()}">${results[result]}</span></td>
<td>${observed}</td></tr>`,
)}</tbody></table></div>`;
}

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Number((seconds / 60).toFixed(1))} min` : `${Number((seconds / 3600).toFixed(1))} h`;
}
