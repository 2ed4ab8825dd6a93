/** What a store can refuse, with codes that callers branch on. */

export type StoreErrorCode =
  /** The object has changed since it was read. */
  | 'CONFLICT'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  /** What was given is not a valid object, or may not be changed this way. */
  | 'INVALID'
  /** No space or quota left; nothing was written. */
  | 'STORAGE_FULL'
  /** The storage refused for another reason: permissions, read-only, I/O error. */
  | 'STORAGE_FAILED'
  /** What is stored cannot be read: damaged, or written by a newer version. */
  | 'DAMAGED'
  /** Another process has held the store for too long. */
  | 'LOCKED'
  /** Changes cannot be watched on this machine. */
  | 'WATCH_FAILED'
  /** This account may not do that; the message says which permission is missing. */
  | 'FORBIDDEN'
  /** The server cannot be reached, or is too busy. Whether a write took effect is not known: read again. */
  | 'UNAVAILABLE'
  /** The server does not know the kind: that says nothing about its objects. */
  | 'NOT_SERVED';

export class StoreError extends Error {
  override readonly name: string = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** The precondition of a write did not hold: read the object again, decide again, write again. */
export class ConflictError extends StoreError {
  override readonly name = 'ConflictError';
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super('CONFLICT', message, options);
  }
}

export function isStoreError(error: unknown, code: StoreErrorCode): error is StoreError {
  return error instanceof StoreError && error.code === code;
}
