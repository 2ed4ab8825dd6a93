/** How the agent answers an audit: what counts, what is corrected, and when it stops fighting. Rule 5.12: two readings, three corrections an hour. */
import type { Audit } from '../realtime/finding.ts';
import { corrections } from '../realtime/verify/corrections.ts';
import type { Correction } from '../realtime/verify/corrections.ts';
import { confirmDrift } from '../realtime/verify/drift.ts';

/** A second reading comes this soon where a first one found something. */
export const secondReadingMs = 1000;
/** After so many corrections in the last hour something else is setting the threads, and two would fight over them. */
export const correctionsPerHour = 3;
const hourMs = 3_600_000;

/** What is remembered of a domain between its audits; begins empty. */
export interface DriftMemory {
  readonly previous?: Audit | undefined;
  readonly correctedAtMs: readonly number[];
}

export const noDrift: DriftMemory = { correctedAtMs: [] };

export interface DriftAnswer {
  /** The audit with only the findings that count. */
  readonly audit: Audit;
  readonly correct: readonly Correction[];
  /** There is something to correct, and the agent has given up doing so. */
  readonly gaveUp: boolean;
  /** Read again this soon; absent: at the usual interval. */
  readonly againInMs?: number | undefined;
  readonly memory: DriftMemory;
}

export function answerAudit({ previous, correctedAtMs }: DriftMemory, current: Audit, nowMs: number): DriftAnswer {
  const audit = confirmDrift(previous, current);
  const wanted = corrections(audit);
  const recent = correctedAtMs.filter((atMs) => nowMs - atMs < hourMs);
  const gaveUp = wanted.length > 0 && recent.length >= correctionsPerHour;
  const correct = gaveUp ? [] : wanted;
  const unsettled = correct.length > 0 || audit.findings.length < current.findings.length;
  return {
    audit,
    correct,
    gaveUp,
    againInMs: unsettled ? secondReadingMs : undefined,
    memory: { previous: current, correctedAtMs: correct.length > 0 ? [...recent, nowMs] : recent },
  };
}
