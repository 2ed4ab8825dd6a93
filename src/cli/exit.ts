/** How the command line ends: its exit codes, and the errors that a command throws on purpose. */

/** 0 fine; 1 refused, not fitting or failed; 2 the command was called wrongly. */
export type ExitCode = 0 | 1 | 2;

/** A command cannot go on for a reason that a person can act on: the message alone is printed, and rtvm exits with 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  /** Stable, for programs: `FILE_MISSING`. */
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** rtvm was called wrongly: the message is printed with where to read more, and rtvm exits with 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'USAGE';
}

/**
 * Whether an error carries a message for a person: ours do, each with a stable upper-case `code`. The system's
 * (`errno`) and Node's own (`ERR_…`) have codes too, but their messages lack what was being done and what would mend it.
 */
export function isForPeople(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    && /^[A-Z][A-Z0-9_]*$/.test(error.code) && !error.code.startsWith('ERR_') && !('errno' in error);
}
