/** The text formats of fields, by the name that the reference gives them; told apart by what their schemas say. */
import { z } from 'zod';
import { absolutePath, cpuList, httpUrl, interfaceName, labelName, labelValue, mac, manyLines, mask, oneLine, pciAddress, qualifiedName, relativePath, resourceName, sha256, size, timestamp, uuid } from '../../src/crds/formats.ts';
import { cpuModel } from '../../src/crds/shape.ts';

export interface Format {
  readonly name: string;
  /** What a value of the format must be, as the schema itself says it. */
  readonly accepted: string;
}

interface StringSchema {
  readonly pattern?: string;
  readonly maxLength?: number;
}

/** A text that no format takes: what is said of it tells the format. */
const unacceptable = '\u0000 ²';

/** Masks have words that a pattern cannot give, so nothing but their length is in their schema; no other format is so long. */
const plain: Readonly<Record<number, Format>> = {
  1024: { name: 'mask', accepted: 'a mask such as "^0" or "2-7,^4": items N, A-B, ^N or ^A-B, separated by commas, ^ excluding; where the first excludes, all vCPUs are meant but those' },
  4096: { name: 'text', accepted: 'text, at most 4096 characters' },
};

const byPattern = new Map<string, Format>(Object.entries({
  name: labelName(),
  'resource name': resourceName(),
  'label key': qualifiedName(),
  'label value': labelValue(),
  size: size(),
  'CPU list': cpuList(),
  interface: interfaceName(),
  'path in the image root': relativePath(),
  'absolute path': absolutePath(),
  URL: httpUrl(),
  'SHA-256': sha256(),
  UUID: uuid(),
  MAC: mac(),
  'PCI address': pciAddress(),
  time: timestamp(),
  line: oneLine(1),
  lines: manyLines(1),
  'CPU model': cpuModel(),
}).map(([name, schema]) => [schemaOf(schema).pattern ?? '', { name, accepted: saidBy(schema) }]));

/** All of them, for the table at the end of the reference. */
export const formats: readonly Format[] = [...byPattern.values(), ...Object.values(plain)].toSorted((one, other) => (one.name.toLowerCase() < other.name.toLowerCase() ? -1 : 1));

/** @throws RangeError for a format that has no name here. */
export function formatOf({ pattern, maxLength }: StringSchema): Format {
  const found = pattern === undefined ? plain[maxLength ?? 0] : byPattern.get(pattern);
  if (found === undefined) throw new RangeError(`a text with pattern ${pattern ?? 'none'} and at most ${maxLength ?? 'any number of'} characters has no name in scripts/reference/formats.ts`);
  return found;
}

/** Whether the length of a text says something that its format does not. */
export function boundsLength({ name }: Format): boolean {
  return name === 'line' || name === 'lines';
}

/** The mask's own schema, so that a change of it does not pass unseen. */
if (plain[schemaOf(mask()).maxLength ?? 0]?.name !== 'mask') throw new RangeError('masks have another length now: scripts/reference/formats.ts');

function schemaOf(schema: z.ZodType): StringSchema {
  return z.toJSONSchema(schema, { io: 'input', target: 'openapi-3.0' });
}

function saidBy(schema: z.ZodType): string {
  const { error } = schema.safeParse(unacceptable);
  return (error?.issues.map(({ message }) => message).find((message) => message.startsWith('must be')) ?? '').replace(/^must be /, '');
}
