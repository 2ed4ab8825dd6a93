/** An entry of a log as one line of JSON, of bounded length whatever somebody has put into a field. */
import type { LogEntry } from './log.ts';
import { bounded, loggedError } from './logged-error.ts';

const longestValue = 4000;
const mostValues = 100;

/** `level`, `time`, the fields with `error` last, `msg`: what most programs that read logs expect. No line break at its end. */
export function logLine({ level, message, fields: { error, ...fields } }: LogEntry, time: Date): string {
  const values = Object.entries(fields).map(([name, value]) => [name, boundedValue(value)]);
  return JSON.stringify({
    level,
    time: time.toISOString(),
    ...Object.fromEntries(values),
    ...(error === undefined ? {} : { error: loggedError(error) }),
    msg: message,
  });
}

function boundedValue(value: string | number | readonly string[] | undefined): unknown {
  if (typeof value === 'string') return bounded(value, longestValue);
  if (typeof value !== 'object') return value;
  const more = value.length - mostValues;
  const kept = value.slice(0, mostValues).map((text) => bounded(text, longestValue));
  return more > 0 ? [...kept, `… (${more} more)`] : kept;
}
