/** Makes an event of a story happen to a simulated cluster. */
import { accidents } from './accidents.ts';
import { administration } from './administration.ts';
import { people } from './people.ts';
import type { StoryEvent } from './story.ts';
import { at } from './world.ts';
import type { Happens, World } from './world.ts';

const all: Readonly<Record<StoryEvent['kind'], Happens>> = { ...people, ...accidents, ...administration };

export async function happen(world: World, { kind, who, how }: StoryEvent): Promise<void> {
  const vm = at(world.vms.filter(({ metadata }) => metadata.deletionTimestamp === undefined), who);
  world.cluster.write(`story: ${kind} (${who.toFixed(3)}, ${how.toFixed(3)})`);
  await all[kind](world, { vm, node: at(world.nodes, who)!, controller: at(world.controllers, who)!, who, how });
}
