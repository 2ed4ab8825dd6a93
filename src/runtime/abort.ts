/** Tells an abort from a failure. */

/** True for what an aborted AbortSignal makes an operation throw. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/** What an operation that an abort has ended throws, as Node's own do: an AbortError, with the signal's reason as its cause. */
export function abortError(signal: AbortSignal | undefined): Error {
  return Object.assign(new Error('The operation was aborted', { cause: signal?.reason }), { name: 'AbortError', code: 'ABORT_ERR' });
}
