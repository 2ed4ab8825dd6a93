/** Sizes as people write them (`512Mi`) and as the core counts them (MiB and KiB). */
import type { Checked } from '../realtime/problem.ts';
import { accepted, refused } from '../realtime/problem.ts';

const unitKiB = { Ki: 1, Mi: 1024, Gi: 1024 ** 2, Ti: 1024 ** 3 } as const;
/** 64 TiB: the physical address space of the largest x86-64 hosts with four-level page tables. */
export const largestMiB = 64 * 1024 ** 2;

/** `SIZE` unless the text is a whole number of MiB, at least one. */
export function parseMiB(text: string, path: string): Checked<number> {
  const kib = parseKiB(text);
  const mib = kib === undefined ? NaN : kib / 1024;
  if (Number.isInteger(mib) && mib >= 1 && mib <= largestMiB) return accepted(mib);
  return refused({ code: 'SIZE', path, value: text, message: `must be a whole number of MiB from 1Mi to ${formatMiB(largestMiB)}; accepted: sizes such as 512Mi or 4Gi` });
}

/** KiB of a size; undefined where it is none. */
export function parseKiB(text: string): number | undefined {
  const match = /^([0-9]+)(Ki|Mi|Gi|Ti)$/.exec(text);
  return match === null ? undefined : Number(match[1]) * unitKiB[match[2] as keyof typeof unitKiB];
}

/** `4Gi`, or `512Mi` where it is no whole number of GiB. */
export function formatMiB(mib: number): string {
  return formatKiB(mib * 1024);
}

/** In the largest unit up to Ti that gives a whole number. */
export function formatKiB(kib: number): string {
  const unit = (['Ti', 'Gi', 'Mi'] as const).find((name) => kib > 0 && kib % unitKiB[name] === 0) ?? 'Ki';
  return `${kib / unitKiB[unit]}${unit}`;
}
