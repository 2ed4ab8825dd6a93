/** Short names and colours of the VMs of one node that stay while the VM is there, so that the picture does not change under a person's eyes. */
import { vmLetter } from '../../picture/letters.ts';
import { colours } from '../wire.ts';

export interface NameOnNode {
  /** 0 is `A`. */
  readonly number: number;
  /** Below {@link colours}. */
  readonly colour: number;
}

/** By UID. */
export type NamesOnNode = ReadonlyMap<string, NameOnNode>;

/** Each VM keeps what it had. A new one gets the first free letter, and a colour by its UID that no other VM here has while there are any. */
export function nameVms(before: NamesOnNode, uids: readonly string[]): NamesOnNode {
  const kept = uids.flatMap((uid) => before.get(uid) ?? []);
  const numbers = new Set(kept.map(({ number }) => number));
  const used = new Set(kept.map(({ colour }) => colour));
  return new Map(uids.map((uid) => {
    const own = before.get(uid) ?? { number: firstFree(numbers, 0, Infinity), colour: firstFree(used, hashOf(uid) % colours, colours) };
    numbers.add(own.number);
    used.add(own.colour);
    return [uid, own];
  }));
}

export function letterOf({ number }: NameOnNode): string {
  return vmLetter(number, true);
}

/** The first from `start` on, around at `limit`, that is not taken; `start` where all are. */
function firstFree(taken: ReadonlySet<number>, start: number, limit: number): number {
  if (taken.size >= limit) return start;
  let next = start;
  while (taken.has(next)) next = next + 1 === limit ? 0 : next + 1;
  return next;
}

function hashOf(text: string): number {
  let hash = 0;
  for (let index = 0; index < text.length; index += 1) hash = (hash * 31 + text.charCodeAt(index)) >>> 0;
  return hash;
}
