/** The log of a process: one JSON object a line on standard error. */
import { pino } from 'pino';
import type { Logger } from 'pino';
import type { LogLevel } from '../commands/process-options.ts';
import type { Io } from '../io.ts';

/** What tenants wrote arrives escaped, twice: JSON has no control characters, and the rest that steers a terminal is written out. */
export function newLogger(io: Io, level: LogLevel): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } }, { write: (line: string) => io.err(line) });
}
