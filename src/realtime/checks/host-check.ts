/** What one look at a host's set-up says: found, wanted, and what mends it. */

/** `Fail`: guarantees do not hold, or guests cannot start. `Warn`: worst cases are longer. `Unknown`: it could not be seen from here. */
export type CheckResult = 'Pass' | 'Warn' | 'Fail' | 'Unknown';

export interface HostCheck {
  /** Stable, for programs: `isolated-cpus`. */
  readonly name: string;
  readonly result: CheckResult;
  readonly observed: string;
  readonly wanted: string;
  /** The command or setting that mends it; absent where nothing needs mending. */
  readonly remedy?: string | undefined;
}

/** A check before it is known how it came out. */
export interface CheckText {
  readonly name: string;
  readonly wanted: string;
  readonly remedy: string;
}

/** @param result the remedy is told with anything but `Pass`. */
export function hostCheck({ name, wanted, remedy }: CheckText, result: CheckResult, observed: string): HostCheck {
  return { name, result, observed, wanted, ...(result === 'Pass' ? {} : { remedy }) };
}
