/** What a process reports to whoever runs it: a constant message, and all that varies in fields. */

/** The most severe last. */
export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/**
 * The fields that there are; docs/operations.md lists them. Whatever tenants, libvirt or the API server wrote is in a field and
 * never in a message, so that nobody can write a line that looks like another.
 */
export interface LogFields {
  /** `namespace/name`. */
  readonly vm?: string | undefined;
  /** Of a VM whose name is not known. */
  readonly uid?: string | undefined;
  readonly node?: string | undefined;
  readonly nodes?: readonly string[] | undefined;
  /** libvirt's name of it. */
  readonly domain?: string | undefined;
  /** As a RealtimeAllocation names the change that it asks for. */
  readonly request?: string | undefined;
  /** Id of a restore of the store. */
  readonly restore?: string | undefined;
  /** As the status or the event has it. */
  readonly phase?: string | undefined;
  readonly reason?: string | undefined;
  readonly retryInMs?: number | undefined;
  readonly gracePeriodSeconds?: number | undefined;
  /** In the kernel's list notation. */
  readonly cpus?: string | undefined;
  readonly findings?: readonly string[] | undefined;
  readonly problems?: readonly string[] | undefined;
  /** Which part of a node's report. */
  readonly report?: string | undefined;
  readonly file?: string | undefined;
  /** What was found, as a sentence. */
  readonly detail?: string | undefined;
  /** What a person can do about it. */
  readonly remedy?: string | undefined;
  /** Of this controller, and of the one that leads. */
  readonly identity?: string | undefined;
  readonly leader?: string | undefined;
  readonly url?: string | undefined;
  readonly pid?: number | undefined;
  /** Whatever was thrown. */
  readonly error?: unknown;
}

export interface LogEntry {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** The message is a literal: the linter refuses anything else. */
export type Log = Readonly<Record<LogLevel, (message: string, fields?: LogFields) => void>>;

export function logTo(take: (entry: LogEntry) => void): Log {
  const at = (level: LogLevel) => (message: string, fields: LogFields = {}) => take({ level, message, fields });
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** A log whose entries have these fields too. */
export function withFields(log: Log, fields: LogFields): Log {
  return logTo((entry) => log[entry.level](entry.message, { ...fields, ...entry.fields }));
}
