/** Tells an abort from a failure. */

/** True for what an aborted AbortSignal makes an operation throw. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
