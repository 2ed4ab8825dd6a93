/** CEL over CPU lists in the kernel's notation. */
import { cpuNumberLimit } from '../../realtime/cpu-set.ts';
import { firstOf, lastOf } from './cel-ranges.ts';
import type { Rule } from './rule.ts';
import { literal, told } from './rule.ts';

/** As the schema's own pattern has it; text that it refuses is left to it. */
const listPattern = '^([0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*)?$';
const itemPattern = '^0*[0-9]{1,4}(-0*[0-9]{1,4})?$';

/** The items that are no CPU numbers or ranges. */
function wrongItems(list: string): string {
  return `${list}.split(",").filter(i, !i.matches(${literal(itemPattern)}) || ${firstOf('i')} > ${lastOf('i')} || ${lastOf('i')} >= ${cpuNumberLimit})`;
}

/** Whether a text is a CPU list that names at least one CPU. */
export function isFilledCpuList(list: string): string {
  return `(${list} != "" && ${wrongItems(list)}.size() == 0)`;
}

/** `[first, last]` of each item. */
export function rangesOf(list: string): string {
  return `${list}.split(",").map(i, [${firstOf('i')}, ${lastOf('i')}])`;
}

/** Whether two items, as {@link rangesOf} gives them, share a number. */
export function overlap(left: string, right: string): string {
  return `${left}[0] <= ${right}[1] && ${right}[0] <= ${left}[1]`;
}

/**
 * Of an object whose field `name` holds a CPU list. It cannot stand at the field itself: the API server takes the parts
 * of a text for as long as the longest value of what the rule stands at, which of an object is little.
 */
export function cpuListRule(name: string): Omit<Rule, 'at'> {
  const list = `self.${name}`;
  const accepted = `accepted: numbers from 0 to ${cpuNumberLimit - 1} and ranges such as "0-3,8"`;
  return {
    rule: `!has(${list}) || ${list} == "" || !${list}.matches(${literal(listPattern)}) || ${wrongItems(list)}.size() == 0`,
    fieldPath: `.${name}`,
    message: `has an item that is no CPU and no range; ${accepted}`,
    messageExpression: told(`"%s" has item "%s", which is no CPU and no range; ${accepted}`, list, `${wrongItems(list)}[0]`),
  };
}
