/** How many CPUs to take of which core, so that vCPUs are siblings where they can be and whole cores stay whole. */

/**
 * Takes `wanted` CPUs from cores with `rooms[i]` CPUs to give (0: not to be used).
 * The core that holds all that is still wanted with the least left over is taken; where none holds all of it, the one
 * with the most room; ties by number. So whole cores fill first, an odd vCPU goes to a fragment, and no more cores are
 * broken than need be.
 * @returns how many of each core, or undefined where there are not enough.
 */
export function chooseCores(rooms: readonly number[], wanted: number): number[] | undefined {
  const taken = rooms.map(() => 0);
  for (let left = wanted; left > 0;) {
    const core = nextCore(rooms, taken, left);
    if (core === undefined) return undefined;
    taken[core] = Math.min(left, rooms[core]!);
    left -= taken[core];
  }
  return taken;
}

function nextCore(rooms: readonly number[], taken: readonly number[], left: number): number | undefined {
  let best: number | undefined;
  let bestRoom = 0;
  for (let core = 0; core < rooms.length; core += 1) {
    const room = rooms[core]!;
    if (room === 0 || taken[core] !== 0 || room === bestRoom) continue;
    const better = room >= left ? bestRoom < left || room < bestRoom : room > bestRoom;
    if (better) {
      best = core;
      bestRoom = room;
    }
  }
  return best;
}
