/** Realtime and dedicated masks: text such as `^0-1` or `2-7,^4` to a set of vCPUs. Rules 2.1 and 2.2. */
import { CpuSet, cpuNumberLimit } from './cpu-set.ts';
import type { VcpuSet } from './cpu-set.ts';
import { allVcpus } from './guest.ts';
import type { GuestEmulatorThreads } from './guest.ts';
import type { VcpuId } from './ids.ts';
import type { Checked } from './problem.ts';
import { accepted, refused } from './problem.ts';

/** What every message about a mask's grammar ends with. */
const maskGrammar = 'items N, A-B, ^N or ^A-B, separated by commas';

/** One item; spaces are tolerated around it and around its numbers. */
const itemPattern = /^\s*(\^?)\s*(\d+)\s*(?:-\s*(\d+)\s*)?$/;

interface MaskItem {
  readonly excludes: boolean;
  readonly first: number;
  readonly last: number;
}

/** Whether there is a mask at all: an empty or blank one counts as absent. */
export function hasMask(text: string | undefined): text is string {
  return text !== undefined && text.trim() !== '';
}

/**
 * The vCPUs that a mask names, of a guest with `vcpus` of them: what it includes (all, if its first item is an
 * exclusion) minus what it excludes, whatever the order. Never empty; may be all.
 * @param path the field it stands in, for the problem: `MASK_SYNTAX`, `MASK_NOT_SUBSET` or `MASK_EMPTY`.
 */
export function parseMask(text: string, vcpus: number, path: string): Checked<VcpuSet> {
  const items: MaskItem[] = [];
  for (const itemText of text.split(',')) {
    const item = parseItem(itemText);
    if (item === undefined) {
      return refused({ code: 'MASK_SYNTAX', path, value: text, message: `cannot be parsed at item ${JSON.stringify(itemText.trim())}; accepted: ${maskGrammar}` });
    }
    items.push(item);
  }
  const all = allVcpus(vcpus);
  const base = items[0]?.excludes === true ? all : CpuSet.empty<VcpuId>();
  const included = items.filter((item) => !item.excludes);
  const named = included.reduce((set, item) => set.union(rangeOf(item)), base);
  const result = items.filter((item) => item.excludes).reduce((set, item) => set.minus(rangeOf(item)), named);
  const beyond = included.some((item) => item.last >= cpuNumberLimit);
  if (beyond || !result.isSubsetOf(all)) {
    const strangers = beyond ? String(Math.max(...included.map((item) => item.last))) : result.minus(all).toString();
    return refused({ code: 'MASK_NOT_SUBSET', path, value: text, message: `names vCPUs ${strangers}, which the guest does not have; accepted: vCPUs 0-${vcpus - 1}` });
  }
  if (result.isEmpty) {
    return refused({ code: 'MASK_EMPTY', path, value: text, message: `leaves no vCPU; accepted: a mask that leaves at least one of vCPUs 0-${vcpus - 1}` });
  }
  return accepted(result);
}

export interface RealtimeMask {
  /** As written; absent or blank means `^0`, or all vCPUs where emulator threads are off the vCPUs. */
  readonly mask: string | undefined;
  readonly vcpus: number;
  readonly emulatorThreads: GuestEmulatorThreads;
  /** The field that the mask stands in. */
  readonly path: string;
}

/**
 * The realtime vCPUs of a guest: never empty, and never all of them while emulator threads run on the vCPUs
 * (`MASK_NO_HOUSEKEEPING`). Whether `Share` finds a shared CPU is placement's to say. Rules 2.3 and 2.5.
 */
export function realtimeVcpus({ mask, vcpus, emulatorThreads, path }: RealtimeMask): Checked<VcpuSet> {
  const offVcpus = emulatorThreads === 'Isolate' || emulatorThreads === 'Share';
  if (!hasMask(mask) && offVcpus) return accepted(allVcpus(vcpus));
  const parsed = parseMask(hasMask(mask) ? mask : '^0', vcpus, path);
  if (offVcpus) return parsed;
  const alone = vcpus === 1 && (parsed.ok || parsed.problems[0]?.code === 'MASK_EMPTY');
  if (alone) {
    return refused({ code: 'MASK_NO_HOUSEKEEPING', path, value: mask, message: 'leaves nothing for housekeeping: the guest has one vCPU; accepted: 2 or more vCPUs, or emulatorThreads Isolate or Share' });
  }
  if (parsed.ok && parsed.value.size === vcpus) {
    return refused({ code: 'MASK_NO_HOUSEKEEPING', path, value: mask, message: `names all of vCPUs 0-${vcpus - 1}, so that none is left for housekeeping; accepted: a mask that leaves one out (such as "^0"), or emulatorThreads Isolate or Share` });
  }
  return parsed;
}

function parseItem(text: string): MaskItem | undefined {
  const match = itemPattern.exec(text);
  if (match === null) return undefined;
  const first = Number(match[2]);
  const last = match[3] === undefined ? first : Number(match[3]);
  return first <= last ? { excludes: match[1] === '^', first, last } : undefined;
}

/** Cut at the highest CPU number there is, so that no mask costs more than that. */
function rangeOf(item: MaskItem): VcpuSet {
  return CpuSet.range<VcpuId>(item.first, Math.min(item.last, cpuNumberLimit - 1));
}
