import { describe, expect, test } from 'vitest';
import { ourAnswer, recordedCases } from '../nova-oracle/cases.ts';
import type { NovaCase, Verdict } from '../nova-oracle/cases.ts';
import { differences, outcomeOf } from '../nova-oracle/differences.ts';
import type { Difference } from '../nova-oracle/differences.ts';

interface Compared {
  readonly asked: NovaCase;
  readonly ours: Verdict;
  readonly agrees: boolean;
  readonly explainedBy: readonly Difference[];
}

/** What both sides must say alike; errors are worded differently. */
const comparable = (verdict: Verdict) => ('error' in verdict ? 'error' : JSON.stringify(verdict));

const compared = recordedCases().map((asked): Compared => {
  const { verdict, guest } = ourAnswer(asked);
  const explainedBy = differences.filter(({ applies, nova, ours }) => applies(asked, guest) && nova.includes(outcomeOf(asked.verdict)) && ours.includes(outcomeOf(verdict)));
  return { asked, ours: verdict, agrees: comparable(verdict) === comparable(asked.verdict), explainedBy };
});
const differing = compared.filter(({ agrees }) => !agrees);

describe('agreement with Nova', () => {
  test('thousands of verdicts of every kind are recorded', () => {
    const outcomes = Map.groupBy(compared, ({ asked }) => outcomeOf(asked.verdict));
    expect(compared.length).toBeGreaterThanOrEqual(2500);
    for (const outcome of ['error', 'fits', 'does not fit', 'no cells'] as const) expect(outcomes.get(outcome)?.length).toBeGreaterThan(60);
  });

  test('only listed differences are there', () => {
    expect(differing.filter(({ explainedBy }) => explainedBy.length === 0).map(({ asked, ours }) => ({ asked, ours }))).toEqual([]);
  });

  test.each(differences)('$name: some verdict differs for this reason alone', (difference) => {
    expect(differing.filter(({ explainedBy }) => explainedBy.length === 1 && explainedBy[0] === difference).length).toBeGreaterThan(0);
  });

  test('realtime vCPUs are the same wherever both sides accept the request', () => {
    const different = compared.filter(({ asked, ours }) => 'realtime' in asked.verdict && 'realtime' in ours && asked.verdict.realtime !== ours.realtime);
    expect(different.map(({ asked }) => asked)).toEqual([]);
  });
});
