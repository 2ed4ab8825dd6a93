/**
 * On which cores of a node a cell's vCPUs would be near each other: within one L3 group where one has room. Rule
 * 4.17.
 */
import { chooseCores } from './choose-cores.ts';
import type { NodeState } from './node-state.ts';

/**
 * Rooms of cores, 0 outside of what is to be used, in the order of preference: each L3 group that holds all by itself
 * (one that somebody is on before one that is whole, then the one with the fewest free CPUs), then as few groups as
 * hold it, then all of the node. At most the number of groups and two more.
 */
export function nearestRooms(
  { cores, groups }: NodeState,
  rooms: readonly number[],
  wanted: number,
): (readonly number[])[] {
  if (groups.length === 0 || wanted === 0) return [rooms];
  const measured = groups.map((members, number) => ({
    number,
    room: members.reduce((sum, core) => sum + rooms[core]!, 0),
    free: members.reduce((sum, core) => sum + cores[core]!.free.length, 0),
    isWhole: isWholeGroup({ cores }, members),
  }));
  const holding = measured
    .filter(({ room }) => room >= wanted)
    .sort(
      (one, other) =>
        Number(one.isWhole) - Number(other.isWhole) || one.free - other.free || one.number - other.number,
    );
  const within = (chosen: readonly number[]): readonly number[] => {
    const masked = rooms.map(() => 0);
    for (const core of chosen.flatMap((group) => groups[group]!)) masked[core] = rooms[core]!;
    return masked;
  };
  const spread =
    holding.length > 0
      ? undefined
      : chooseCores(
          measured.map(({ room }) => room),
          wanted,
        );
  return [
    ...holding.map(({ number }) => within([number])),
    ...(spread === undefined ? [] : [within([...spread.keys()].filter((group) => spread[group]! > 0))]),
    rooms,
  ];
}

/** Nobody is on any core of it, nor may float there. */
export function isWholeGroup({ cores }: Pick<NodeState, 'cores'>, members: readonly number[]): boolean {
  return members.every((core) => cores[core]!.whole);
}
