/** Reads that this account may not be allowed: what is missing is told, and the rest is done without it. */
import { isStoreError } from '../../store/errors.ts';

/** A value, or the sentence that says which permission is missing. */
export type Permitted<Value> = { readonly value: Value } | { readonly missing: string };

export async function permitted<Value>(read: Promise<Value>): Promise<Permitted<Value>> {
  try {
    return { value: await read };
  } catch (error) {
    if (isStoreError(error, 'FORBIDDEN')) return { missing: error.message };
    throw error;
  }
}

/** The value, or another one for want of permission; what is missing is noted. */
export function valueOr<Value, Other>(read: Permitted<Value>, other: Other, note: (missing: string) => void): Value | Other {
  if ('value' in read) return read.value;
  note(read.missing);
  return other;
}
