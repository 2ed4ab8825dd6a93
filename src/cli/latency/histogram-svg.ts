/** A histogram as a picture: latency across, samples upward, both logarithmic; the limit as a line. */
import type { Figures } from '../../realtime/latency/report.ts';
import { html, raw } from './html.ts';
import type { Html } from './html.ts';

const [width, height] = [720, 220];
const margin = { left: 56, right: 26, top: 14, bottom: 34 } as const;
const plot = { width: width - margin.left - margin.right, height: height - margin.top - margin.bottom };
/** Bars a decade: as many as can be told apart. */
const barsPerDecade = 20;

interface Bar {
  readonly fromUs: number;
  readonly toUs: number;
  readonly count: number;
}

/** @param largestUs of all histograms that are shown beside each other: they have one scale. */
export function histogramSvg(
  { buckets, maxUs, samples }: Figures,
  largestUs: number,
  limitUs: number | undefined,
): Html {
  const [lowest, highest] = [0.5, 10 ** Math.ceil(Math.log10(Math.max(10, largestUs * 1.01, (limitUs ?? 0) * 1.01)))];
  const x = (us: number) =>
    margin.left + (plot.width * Math.log10(Math.max(lowest, us) / lowest)) / Math.log10(highest / lowest);
  const bars = barsOf(buckets, highest);
  const most = Math.max(10, ...bars.map(({ count }) => count));
  const y = (count: number) => margin.top + plot.height * (1 - Math.log10(2 * count) / Math.log10(2 * most)); // one sample is half a doubling above the axis
  const decades = Array.from({ length: Math.round(Math.log10(highest)) + 1 }, (_, power) => 10 ** power);
  const counts = Array.from({ length: Math.floor(Math.log10(most)) + 1 }, (_, power) => 10 ** power).filter(
    (_, index, all) => index % Math.ceil(all.length / 6) === 0,
  );
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Histogram of ${samples.toLocaleString('en')} samples, the largest ${maxUs.toFixed(1)} µs">
${counts.map(
  (count) => html`<line class="grid" x1="${margin.left}" x2="${width - margin.right}"
 y1="${y(count).toFixed(1)}" y2="${y(count).toFixed(1)}"/>
<text x="${margin.left - 6}" y="${(y(count) + 4).toFixed(1)}" text-anchor="end">${short(count)}</text>`,
)}
${bars.map(
  ({ fromUs, toUs, count }) => html`<rect class="bar" x="${x(fromUs).toFixed(1)}"
 width="${Math.max(1.5, x(toUs) - x(fromUs) - 0.7).toFixed(1)}" y="${y(count).toFixed(1)}"
 height="${(margin.top + plot.height - y(count)).toFixed(1)}">
<title>${count.toLocaleString('en')} from ${Number(fromUs.toFixed(1))} to ${Number(toUs.toFixed(1))} µs</title></rect>`,
)}
<line class="axis" x1="${margin.left}" x2="${width - margin.right}" y1="${margin.top + plot.height}"
 y2="${margin.top + plot.height}"/>
${decades.map(
  (us) => html`<line class="axis" x1="${x(us).toFixed(1)}" x2="${x(us).toFixed(1)}"
 y1="${margin.top + plot.height}" y2="${margin.top + plot.height + 4}"/>
<text x="${x(us).toFixed(1)}"
 y="${height - 14}" text-anchor="middle">${us >= 1e6 ? `${us / 1e6} s` : us >= 1000 ? `${us / 1000} ms` : `${us} µs`}</text>`,
)}
${
  limitUs === undefined
    ? raw('')
    : html`<line class="limit" x1="${x(limitUs).toFixed(1)}"
 x2="${x(limitUs).toFixed(1)}" y1="${margin.top}" y2="${margin.top + plot.height}"/>
<text class="limit" x="${(x(limitUs) + 5).toFixed(1)}" y="${margin.top + 9}">limit</text>`
}
</svg>`;
}

/** Buckets as they are where they are wider than a bar; narrower ones together. */
function barsOf(buckets: Figures['buckets'], highest: number): readonly Bar[] {
  const bars: Bar[] = [];
  for (const [fromUs, to, count] of buckets) {
    const toUs = to ?? highest;
    const last = bars.at(-1);
    const step = (us: number) => Math.floor(barsPerDecade * Math.log10(Math.max(1, us)));
    if (last !== undefined && step(last.fromUs) === step(fromUs) && fromUs >= 10)
      bars[bars.length - 1] = { fromUs: last.fromUs, toUs, count: last.count + count };
    else bars.push({ fromUs: Math.max(0.5, fromUs), toUs, count });
  }
  return bars;
}

function short(count: number): string {
  return count >= 1e9
    ? `${count / 1e9}G`
    : count >= 1e6
      ? `${count / 1e6}M`
      : count >= 1000
        ? `${count / 1000}k`
        : String(count);
}
