/** The log of a process: one JSON object a line on standard error. */
import { logLevels, logTo } from '../../runtime/log.ts';
import type { Log, LogLevel } from '../../runtime/log.ts';
import { logLine } from '../../runtime/log-line.ts';
import type { Io } from '../io.ts';

/**
 * What tenants wrote arrives escaped, twice: JSON has no control characters, and what else steers a terminal is written out.
 * @param level entries below it are left out.
 */
export function newLogger(io: Io, level: LogLevel): Log {
  const logged: ReadonlySet<LogLevel> = new Set(logLevels.slice(logLevels.indexOf(level)));
  return logTo((entry) => {
    if (logged.has(entry.level)) io.err(logLine(entry, io.runtime.clock.date()));
  });
}

/** Reports what is wrong when its text has changed, and not each time that somebody notices; undefined: nothing is. */
export function onChange<Value>(
  report: (value: Value) => void,
  textOf: (value: Value) => string,
): (value: Value | undefined) => void {
  let reported: string | undefined;
  return (value) => {
    const text = value === undefined ? undefined : textOf(value);
    if (value !== undefined && text !== reported) report(value);
    reported = text;
  };
}
