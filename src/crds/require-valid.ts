/** For what our own programs wrote: a problem there is a damaged object or a newer version's, not a person's mistake. */
import { formatProblem } from './document-problem.ts';
import type { Checked } from '../realtime/problem.ts';

export class InvalidObjectError extends Error {
  override readonly name = 'InvalidObjectError';
  readonly code = 'INVALID_OBJECT';
}

/** @param what the object it is from, for the message. @throws InvalidObjectError with every problem. */
export function requireValid<Value>(checked: Checked<Value>, what: string): Value {
  if (checked.ok) return checked.value;
  throw new InvalidObjectError(`${what} does not read as this version writes it: ${checked.problems.map(formatProblem).join('; ')}`);
}
