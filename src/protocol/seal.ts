/** A seal in one word, as tables carry it: TERM/ROUND. A controller of the version before writes a term alone. */
import type { Seal } from './facts.ts';

export function formatSeal({ term, round }: Seal): string {
  return `${term}/${round}`;
}

export function isSeal(text: string | undefined): text is string {
  return text !== undefined && parseSeal(text) !== undefined;
}

/** Undefined where it is none. */
export function parseSeal(text: string): Seal | undefined {
  const [, term, round] = /^([^/]+)\/(\d{1,15})$/.exec(text) ?? [];
  return term === undefined || round === undefined ? undefined : { term, round: Number(round) };
}
