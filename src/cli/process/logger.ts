/** The log of a process: one JSON object a line on standard error. */
import { pino } from 'pino';
import type { Logger } from 'pino';
import type { LogLevel } from '../commands/process-options.ts';
import type { Io } from '../io.ts';

/** What tenants wrote arrives escaped, twice: JSON has no control characters, and the rest that steers a terminal is written out. */
export function newLogger(io: Io, level: LogLevel): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } }, { write: (line: string) => io.err(line) });
}

/** Tells what is wrong when it has become otherwise, and not each time that somebody notices; undefined: nothing is. */
export function onChange(tell: (text: string) => void): (text: string | undefined) => void {
  let told: string | undefined;
  return (text) => {
    if (text !== undefined && text !== told) tell(text);
    told = text;
  };
}
