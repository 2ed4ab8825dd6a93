/** CEL over sizes such as `512Mi`: plain arithmetic, since CEL's quantities refuse fractions of units as integers. */
import { largestMiB } from '../quantities.ts';
import type { Rule } from './rule.ts';
import { literal, told } from './rule.ts';

/** Text that the schema's own pattern refuses is left to it. */
const sizePattern = '^[0-9]+(Ki|Mi|Gi|Ti)$';
/** As many digits as the largest size has in each unit, so that no arithmetic overflows. */
const boundedPattern = '^0*([0-9]{1,11}Ki|[0-9]{1,8}Mi|[0-9]{1,5}Gi|[0-9]{1,2}Ti)$';

/** KiB of a size that {@link isSize} accepts. */
export function kibOf(text: string): string {
  return `(int(${text}.substring(0, ${text}.size() - 2)) * {"Ki": 1, "Mi": 1024, "Gi": 1048576, "Ti": 1073741824}[${text}.substring(${text}.size() - 2)])`;
}

/** Whether a text has few enough digits to be counted with. */
export function isBoundedSize(text: string): string {
  return `${text}.matches(${literal(boundedPattern)})`;
}

/** Whether a text is a whole number of MiB, at least one. */
export function isSize(text: string): string {
  const kib = kibOf(text);
  return `(${isBoundedSize(text)} && ${kib} >= 1024 && ${kib} <= ${largestMiB * 1024} && ${kib} % 1024 == 0)`;
}

/** Of an object whose field `name` holds a size in whole MiB. */
export function sizeRule(name: string): Omit<Rule, 'at'> {
  const message = 'must be a whole number of MiB from 1Mi to 64Ti; accepted: sizes such as 512Mi or 4Gi';
  return {
    rule: `!has(self.${name}) || !self.${name}.matches(${literal(sizePattern)}) || ${isSize(`self.${name}`)}`,
    fieldPath: `.${name}`,
    message,
    messageExpression: told(`"%s" ${message}`, `self.${name}`),
  };
}
