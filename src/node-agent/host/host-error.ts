/** What goes wrong when this host is read or corrected. */

export type HostErrorCode =
  /** A file of sysfs or procfs is missing or does not read as the kernel documents it. */
  | 'HOST_UNREADABLE'
  /** Another rtvm process works on this host. */
  | 'LOCK_HELD'
  /** The lock file cannot be made or locked. */
  | 'LOCK_FAILED'
  /** The thread ended, or its number belongs to another one by now. */
  | 'THREAD_GONE'
  /** `chrt` or `taskset` is not installed. */
  | 'TOOL_MISSING'
  /** The kernel refused a policy or an affinity. */
  | 'CONTROL_REFUSED';

/** An error with a message for a person: what is wrong, where, what was found, and what to do. */
export class HostError extends Error {
  override readonly name = 'HostError';
  readonly code: HostErrorCode;
  constructor(code: HostErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
