/** Makes a story that breaks something short: leaves out whatever it does without. */

/**
 * By halves, then quarters, and so on (delta debugging): what is left breaks still, and leaving out any one more event
 * does not.
 * @param breaks plays a story; it may be asked hundreds of times.
 */
export async function shrink<Event>(
  events: readonly Event[], breaks: (events: readonly Event[]) => Promise<boolean>,
): Promise<readonly Event[]> {
  let left = events;
  for (let size = Math.ceil(left.length / 2); left.length > 0;) {
    const shorter = await withoutOne(left, size, breaks);
    if (shorter !== undefined) left = shorter;
    else if (size === 1) return left;
    size = Math.max(1, Math.min(Math.ceil(size / 2), Math.ceil(left.length / 2)));
  }
  return left;
}

/** The story without one part of that size, if any can be left out. */
async function withoutOne<Event>(
  events: readonly Event[], size: number, breaks: (events: readonly Event[]) => Promise<boolean>,
): Promise<readonly Event[] | undefined> {
  for (let from = 0; from < events.length; from += size) {
    const rest = [...events.slice(0, from), ...events.slice(from + size)];
    if (await breaks(rest)) return rest;
  }
  return undefined;
}
