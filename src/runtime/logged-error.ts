/** An error as a log has it: what it is called, what it says, where it was made, what caused it; nothing else that it carries. */

export interface LoggedError {
  /** For a value that is no error, its type. */
  readonly name: string;
  readonly code?: string | number;
  readonly message: string;
  /** Where it was made, innermost first. */
  readonly stack?: readonly string[];
  readonly cause?: LoggedError;
}

const longestName = 100;
const longestMessage = 2000;
const mostFrames = 12;
/** A chain of ours has three at most. */
const mostCauses = 8;

/** @param error whatever was thrown. A DOMException's constants, a response's body and the like are left out. */
export function loggedError(error: unknown): LoggedError {
  return logged(error, new Set());
}

function logged(error: unknown, above: ReadonlySet<unknown>): LoggedError {
  if (!(error instanceof Error)) return { name: typeof error, message: bounded(textOf(error), longestMessage) };
  const chain = new Set([...above, error]);
  const cause = causeOf(error);
  const ends = cause === undefined || chain.has(cause) || chain.size > mostCauses;
  const code = codeOf(error);
  const message = textOf(error.message);
  const stack = framesOf(textOf(error.stack ?? ''), message);
  return {
    name: bounded(textOf(error.name), longestName),
    ...(code === undefined ? {} : { code }),
    message: bounded(message, longestMessage),
    ...(stack.length === 0 ? {} : { stack }),
    ...(ends ? {} : { cause: logged(cause, chain) }),
  };
}

function codeOf(error: Error): string | number | undefined {
  const code = 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? bounded(code, longestName) : typeof code === 'number' ? code : undefined;
}

/** Of several errors at once (a name with several addresses) the first stands for all. */
function causeOf(error: Error): unknown {
  return error.cause ?? (error instanceof AggregateError ? error.errors[0] : undefined);
}

/** Without the head, which repeats the message in full length. */
function framesOf(stack: string, message: string): readonly string[] {
  const head = stack.indexOf(message);
  const frames = head === -1 ? stack : stack.slice(head + message.length);
  return frames.split('\n').flatMap((line) => /^\s+at (.{1,300})/.exec(line)?.[1] ?? []).slice(0, mostFrames);
}

/** Whatever it is: anybody may have thrown anything, and made an error's parts anything. */
function textOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  try {
    const text: unknown = JSON.stringify(value);
    return String(text);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

/** The text's beginning, with how much is missing. */
export function bounded(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest)}… (${text.length - longest} characters more)`;
}
