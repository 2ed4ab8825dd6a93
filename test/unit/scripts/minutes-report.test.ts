// The minutes at the end of `make test`, beside its budget.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { minutesReport } from '../../../scripts/minutes-report.ts';
import budget from '../../budget.json' with { type: 'json' };

test('a suite has the minutes of its steps, and all what is planned beside it', () => {
  const given = {
    minutes: 45,
    suites: [
      { name: 'today', minutes: 20, steps: ['unit', 'demo'] },
      { name: 'simulation', minutes: 4, steps: ['simulation'] },
    ],
    planned: [{ name: 'latency', minutes: 3 }, { name: 'real guest', minutes: 5 }],
  };
  const steps = [
    { name: 'unit', seconds: 90 }, { name: 'simulation', seconds: 300 },
    { name: 'demo', seconds: 30 }, { name: 'new', seconds: 60 },
  ];
  expect(minutesReport(steps, given)).toBe(`Minutes, of those that test/budget.json gives on a quiet machine:
  today                        2.0 of 20  unit 1.5, demo 0.5
  simulation                   5.0 of  4  simulation 5.0
  all                          8.0 of 45  planned: latency 3, real guest 5`);
});

test('each step of `make test` is in one suite of the budget, and each suite has steps that there are', () => {
  const script = readFileSync(join(import.meta.dirname, '../../../scripts/test'), 'utf8');
  const names = [...script.matchAll(/^step (?:'([^']+)'|(\S+))/gm)].map(([, quoted, word]) => quoted ?? word!);
  const steps = names.filter((name) => name !== 'summary');
  expect(steps.length).toBeGreaterThan(5);
  expect(budget.suites.flatMap((suite) => suite.steps).toSorted()).toEqual(steps.toSorted());
});

test('the suites, with those that are planned, fit into the whole', () => {
  const minutes = [...budget.suites, ...budget.planned].map((suite) => suite.minutes);
  expect(minutes.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(budget.minutes);
  expect(minutesReport([], budget)).toMatch(/^ {2}all +0\.0 of 45 {2}planned: /m);
});
