/** A rule that the API server checks by itself: `x-kubernetes-validations` of a CRD, as data. */

/** Not `FieldValueDuplicate`, of which the API server tells no message. */
export type RuleReason = 'FieldValueInvalid' | 'FieldValueForbidden' | 'FieldValueRequired';

export interface Rule {
  /** The field whose value is `self`: `spec.cpu`, `spec.disks[]`. */
  readonly at: string;
  /** CEL; true where all is well. Must not fail, whatever the schema lets through. */
  readonly rule: string;
  /** What is wrong and what would be accepted, as the end of a line that begins with the field. */
  readonly message: string;
  /** CEL for a message that has the value in it; `message` stands in should it fail. */
  readonly messageExpression?: string;
  /** The field to name, below `at`; absent for `at` itself. */
  readonly fieldPath?: string;
  /** `FieldValueInvalid` unless said. */
  readonly reason?: RuleReason;
}

/** The same rules for a field that stands somewhere else. */
export function rulesAt(at: string, rules: readonly Omit<Rule, 'at'>[]): readonly Rule[] {
  return rules.map((rule) => ({ at, ...rule }));
}

/**
 * CEL for a message with values in it: `%s` a string, `%d` a number. Not `+`, since of a number's text the API server
 * knows no length and so takes it for endless.
 */
export function told(template: string, ...values: readonly string[]): string {
  return `${literal(template)}.format([${values.join(', ')}])`;
}

/** A CEL string literal. */
export function literal(text: string): string {
  return JSON.stringify(text);
}
