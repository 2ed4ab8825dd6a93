/** A log that a test reads afterwards. */
import { logTo } from '../log.ts';
import type { Log, LogEntry } from '../log.ts';

export interface RecordedLog extends Log {
  readonly entries: LogEntry[];
}

export function recordedLog(): RecordedLog {
  const entries: LogEntry[] = [];
  return { ...logTo((entry) => entries.push(entry)), entries };
}

/** For tests in which nobody reads it. */
export const silentLog: Log = logTo(() => undefined);
