/** What zod says of a value, in our words: what is wrong, what was found, what would be accepted. */
import * as z from 'zod';
import { nearest } from '../realtime/nearest.ts';
import type { FieldProblem } from '../realtime/problem.ts';
import { formatPath } from './field-path.ts';
import type { PathStep } from './field-path.ts';

/** The problems that one issue stands for: one for each unknown field, else one. */
export function explainIssue(issue: z.core.$ZodIssue, schema: z.core.$ZodType, root: unknown): readonly FieldProblem[] {
  const steps = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
  if (issue.code === 'unrecognized_keys') {
    const known = fieldNames(schemaAt(schema, steps));
    return issue.keys.map((key) => unknownField([...steps, key], key, known));
  }
  const value = valueAt(root, steps);
  if (value === undefined) return [{ code: 'FIELD_REQUIRED', path: formatPath(steps), message: `is required; accepted: ${describeSchema(schemaAt(schema, steps))}` }];
  if (issue.code === 'invalid_key') {
    const key = steps.at(-1);
    return [{ code: 'FIELD_FORMAT', path: formatPath(steps.slice(0, -1)), value: key, message: issue.issues[0]?.message ?? issue.message }];
  }
  return [{ path: formatPath(steps), value, ...explainValue(issue, schemaAt(schema, steps), value) }];
}

function unknownField(steps: readonly PathStep[], key: string, known: readonly string[]): FieldProblem {
  const similar = nearest(key, known);
  const hint = similar === undefined ? `accepted: ${known.join(', ')}` : `did you mean ${similar}?`;
  const path = formatPath(steps);
  return { code: 'FIELD_UNKNOWN', path, message: `unknown field; ${hint}` };
}

function explainValue(issue: z.core.$ZodIssue, schema: z.core.$ZodType | undefined, value: unknown): Pick<FieldProblem, 'code' | 'message'> {
  switch (issue.code) {
    case 'invalid_type':
      return { code: 'FIELD_TYPE', message: wrongType(issue.expected, schema, value) };
    case 'invalid_value':
      return { code: 'FIELD_VALUE', message: wrongChoice(issue.values.map(String), value) };
    case 'too_small':
      return { code: 'FIELD_RANGE', message: `must ${amount(issue.origin, 'at least', Number(issue.minimum))}` };
    case 'too_big':
      return { code: 'FIELD_RANGE', message: `must ${amount(issue.origin, 'at most', Number(issue.maximum))}` };
    case 'invalid_format':
      return { code: 'FIELD_FORMAT', message: issue.message };
    default:
      return { code: 'FIELD_INVALID', message: issue.message };
  }
}

function amount(origin: string, bound: string, limit: number): string {
  switch (origin) {
    case 'string':
      return `have ${bound} ${limit} character${limit === 1 ? '' : 's'}`;
    case 'array':
      return `have ${bound} ${limit} item${limit === 1 ? '' : 's'}`;
    default:
      return `be ${bound} ${limit}`;
  }
}

function wrongType(expected: string, schema: z.core.$ZodType | undefined, value: unknown): string {
  const wanted = schema === undefined ? typeName(expected) : describeSchema(schema);
  if (expected === 'string' && schema !== undefined && (typeof value === 'number' || typeof value === 'boolean')) {
    const quoted = z.safeParse(schema, String(value));
    if (!quoted.success) return quoted.error.issues[0]?.message ?? `must be ${wanted}`;
    return `must be ${wanted}, found ${describeValue(value)}; quote it: ${JSON.stringify(String(value))}`;
  }
  if (typeof value === 'string' && schema !== undefined && isWritten(value, schema)) {
    return `must be ${wanted}, found a string; remove the quotes: ${value}`;
  }
  if (value === null && (expected === 'object' || expected === 'record')) {
    return `must be ${wanted}, found nothing; write {} to take the defaults, or remove the field`;
  }
  return `must be ${wanted}, found ${describeValue(value)}`;
}

function wrongChoice(choices: readonly string[], value: unknown): string {
  const similar = typeof value === 'string' ? nearest(value, choices) : undefined;
  const hint = similar === undefined || choices.length === 1 ? '' : `; did you mean ${similar}?`;
  return `is not known; accepted: ${choices.join(', ')}${hint}`;
}

function typeName(expected: string): string {
  switch (expected) {
    case 'int':
      return 'a whole number';
    case 'number':
      return 'a number';
    case 'array':
      return 'a list';
    case 'object':
    case 'record':
      return 'a mapping';
    case 'boolean':
      return 'true or false';
    default:
      return `a ${expected}`;
  }
}

function describeValue(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'object':
      return 'a mapping';
    case 'boolean':
      return `the boolean ${value}`;
    case 'number':
      return `the number ${value}`;
    case 'string':
      return 'a string';
    default:
      return typeof value;
  }
}

/** Whether the text would be right without its quotes. */
function isWritten(text: string, schema: z.core.$ZodType): boolean {
  try {
    return z.safeParse(schema, JSON.parse(text)).success;
  } catch {
    return false;
  }
}

function describeSchema(schema: z.core.$ZodType | undefined): string {
  if (schema instanceof z.ZodNumberFormat) return typeName('int');
  if (schema instanceof z.ZodEnum) return schema.options.join(', ');
  if (schema instanceof z.ZodLiteral) return [...schema.values].join(', ');
  return schema === undefined ? 'a value' : typeName(schema._zod.def.type);
}

function fieldNames(schema: z.core.$ZodType | undefined): readonly string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

/** The schema of the field at a path, with what makes it optional taken off. */
function schemaAt(schema: z.core.$ZodType, steps: readonly PathStep[]): z.core.$ZodType | undefined {
  let current: z.core.$ZodType | undefined = unwrapped(schema);
  for (const step of steps) {
    if (current instanceof z.ZodObject) current = (current.shape as Record<string, z.core.$ZodType>)[String(step)];
    else if (current instanceof z.ZodArray) current = current.element;
    else if (current instanceof z.ZodRecord) current = current.valueType;
    else return undefined;
    current = current === undefined ? undefined : unwrapped(current);
  }
  return current;
}

function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  let inner = schema;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault) inner = inner.unwrap();
  return inner;
}

function valueAt(root: unknown, steps: readonly PathStep[]): unknown {
  let value = root;
  for (const step of steps) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<PathStep, unknown>)[step];
  }
  return value;
}
