import * as z from 'zod';

const testResult = z.object({
  file: z.string(),
  name: z.string(),
  state: z.enum(['passed', 'failed', 'skipped', 'pending']),
  tries: z.int(),
  reasons: z.array(z.string()),
  /** Why a test left itself out once it had begun: what this machine has not. Undefined where it gave no reason. */
  note: z.string().optional(),
});
export type ReportedTest = z.infer<typeof testResult>;

/** What one run of the tests leaves for scripts/count-tests.ts. A reason says what an error is, what differs, and where. */
export const testReport = z.object({
  tests: z.array(testResult),
  /** Files whose set-up, clean-up or loading failed. */
  broken: z.array(z.object({ file: z.string(), reason: z.string() })),
  /** Errors outside any test: a promise refused after its test had ended, a worker that died. `near` is what ran then. */
  stray: z.array(z.object({ near: z.string(), reason: z.string() })),
});
export type TestReport = z.infer<typeof testReport>;
