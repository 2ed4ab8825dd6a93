/** What `make test` took, suite by suite, beside what it may take on a quiet machine. Pure. */
import * as z from 'zod';

export interface Step {
  readonly name: string;
  readonly seconds: number;
}

const budget = z.strictObject({
  minutes: z.number(),
  suites: z.array(z.strictObject({ name: z.string(), minutes: z.number(), steps: z.array(z.string()) })),
  /** Suites that are not there yet, and what is kept free for them. */
  planned: z.array(z.strictObject({ name: z.string(), minutes: z.number() })),
});

/**
 * A line for each suite, its steps behind it, and one for all.
 * @param given what test/budget.json says. A step that it names in no suite counts with all.
 */
export function minutesReport(steps: readonly Step[], given: unknown): string {
  const { minutes, suites, planned } = budget.parse(given);
  const later = planned.map((suite) => `${suite.name} ${suite.minutes}`).join(', ');
  return [
    'Minutes, of those that test/budget.json gives on a quiet machine:',
    ...suites.map((suite) => {
      const own = steps.filter(({ name }) => suite.steps.includes(name));
      return line(suite.name, own, suite.minutes, own.map((step) => `${step.name} ${minutesOf([step])}`).join(', '));
    }),
    line('all', steps, minutes, later === '' ? '' : `planned: ${later}`),
  ].join('\n');
}

function line(name: string, took: readonly Step[], most: number, behind: string): string {
  return `  ${name.padEnd(26)} ${minutesOf(took).padStart(5)} of ${String(most).padStart(2)}  ${behind}`.trimEnd();
}

function minutesOf(steps: readonly Step[]): string {
  return (steps.reduce((sum, { seconds }) => sum + seconds, 0) / 60).toFixed(1);
}
