/**
 * What our own logic relies on and no type can say. For that alone: what people, other processes or the host got wrong
 * is input, and is refused with an error of its own.
 */

/** As JSON can say them. */
type Details = Readonly<Record<string, unknown>>;

/** A fault of rtvm itself. It stops the VM or the node that it is about, and never the process. */
export class AssertionFailedError extends Error {
  override readonly name = 'AssertionFailedError';
  readonly code = 'ASSERTION_FAILED';
  readonly details: Details;

  constructor(message: string, details: Details) {
    const found = Object.keys(details).length === 0 ? '' : ` (${JSON.stringify(details)})`;
    super(`rtvm has a fault: it was expected that ${message}${found}`);
    this.details = details;
  }
}

/**
 * @param message what holds, as a sentence that follows "it was expected that".
 * @param details what was found instead.
 * @throws AssertionFailedError
 */
export function assert(condition: boolean, message: string, details: Details = {}): asserts condition {
  if (!condition) throw new AssertionFailedError(message, details);
}
