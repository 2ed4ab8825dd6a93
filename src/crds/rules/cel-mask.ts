/** CEL over masks such as `^0-1` and `2-7,^4`. Rules 2.1 and 2.2; the same as src/realtime/mask.ts says. */
import { cpuNumberLimit } from '../../realtime/cpu-set.ts';
import { maxMaskItems } from '../formats.ts';
import { firstOf, lastOf } from './cel-ranges.ts';
import type { Rule } from './rule.ts';
import { literal, told } from './rule.ts';

const itemPattern = '^[ \\t]*\\^?[ \\t]*[0-9]{1,9}[ \\t]*(-[ \\t]*[0-9]{1,9}[ \\t]*)?$';
/** An item without what only people need, and without its sign. */
const bare = 'i.replace(" ", "").replace("\\t", "").replace("^", "")';

/** An empty or blank mask counts as absent. */
export function isBlank(mask: string): string {
  return `${mask}.matches("^[ \\t]*$")`;
}

/** The items that cannot be read. */
function unreadable(mask: string): string {
  return `${mask}.split(",").filter(i, !i.matches(${literal(itemPattern)}) || ${firstOf(bare)} > ${lastOf(bare)})`;
}

/** `[excludes, first, last]` of each item. */
function itemsOf(mask: string): string {
  return `${mask}.split(",").map(i, [i.contains("^") ? 1 : 0, ${firstOf(bare)}, ${lastOf(bare)}])`;
}

/** Whether `m`, items as {@link itemsOf} gives them, selects vCPU `p` of `vcpus`. */
function selects(vcpus: string): string {
  const included = `m[0][0] == 1 && p < ${vcpus} || m.exists(i, i[0] == 0 && i[1] <= p && p <= i[2])`;
  return `((${included}) && !m.exists(i, i[0] == 1 && i[1] <= p && p <= i[2]))`;
}

/**
 * What is said of the points `points` of a mask that can be read; true of one that cannot. Between two neighbouring
 * points either all vCPUs are selected or none, so what holds for these few holds for all.
 */
function ofReadable(mask: string, vcpus: string, condition: string): string {
  return `!(${isShort(mask)}) || ${unreadable(mask)}.size() > 0 || [${itemsOf(mask)}].all(m, [[0, ${vcpus}] + m.map(i, i[1]) + m.map(i, i[2] + 1)].all(points, ${condition}))`;
}

/** Whether a mask has few enough items to be looked at within the API server's cost limit. */
export function isShort(mask: string): string {
  return `${mask}.split(",").size() <= ${maxMaskItems}`;
}

export const tooLongMessage = `has more than ${maxMaskItems} items; accepted: ranges such as "0-7" for neighbours`;

/** Whether every item can be read. */
export function isReadable(mask: string): string {
  return `${unreadable(mask)}.size() == 0`;
}

const maskGrammar = 'items N, A-B, ^N or ^A-B, separated by commas';

/** Messages of {@link isReadable}, the second with the item in it. */
export function unreadableMessages(mask: string): Pick<Rule, 'message' | 'messageExpression'> {
  return {
    message: `cannot be parsed; accepted: ${maskGrammar}`,
    messageExpression: told(`"%s" cannot be parsed at item "%s"; accepted: ${maskGrammar}`, mask, `${unreadable(mask)}[0].trim()`),
  };
}

/** Whether a mask names no vCPU that the guest does not have. */
export function namesOwnVcpus(mask: string, vcpus: string): string {
  return ofReadable(mask, vcpus, `m.all(i, i[0] == 1 || i[2] < ${cpuNumberLimit}) && points.all(p, p < ${vcpus} || !${selects(vcpus)})`);
}

/** Whether a mask leaves any vCPU at all, be it the guest's or not. */
export function leavesSome(mask: string, vcpus: string): string {
  return ofReadable(mask, vcpus, `points.exists(p, ${selects(vcpus)})`);
}

/** Whether a mask leaves one of the guest's vCPUs out. */
export function leavesOneOut(mask: string, vcpus: string): string {
  return ofReadable(mask, vcpus, `points.exists(p, p < ${vcpus} && !${selects(vcpus)})`);
}
