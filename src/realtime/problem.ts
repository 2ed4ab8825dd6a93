/** A problem with one field of what a person wrote: what is wrong, where, what was found, what would be accepted. */

export interface FieldProblem {
  /** Stable, for programs: `MASK_SYNTAX`, `POLICY_CONFLICT`. */
  readonly code: string;
  /** As in the YAML: `spec.cpu.realtime.mask`, `spec.disks[1].image`. */
  readonly path: string;
  /** As found; absent where the field is missing. */
  readonly value?: unknown;
  /** A sentence that says what is wrong and what would be accepted. */
  readonly message: string;
}

/** Either a value or everything that is wrong with the input; never both, never a thrown error for bad input. */
export type Checked<Value> =
  | { readonly ok: true; readonly value: Value; readonly warnings: readonly FieldProblem[] }
  | { readonly ok: false; readonly problems: readonly FieldProblem[] };

export function refused(...problems: readonly FieldProblem[]): { readonly ok: false; readonly problems: readonly FieldProblem[] } {
  return { ok: false, problems };
}

export function accepted<Value>(value: Value, warnings: readonly FieldProblem[] = []): Checked<Value> {
  return { ok: true, value, warnings };
}
