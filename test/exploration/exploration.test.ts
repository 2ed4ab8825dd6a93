// Every named world is explored whole: no state in it breaks what is promised, and from each one all can come right again.
import { describe, expect, it } from 'vitest';
import { explore } from './explore.ts';
import type { Explored } from './explore.ts';
import { largeWorlds, worlds } from './worlds.ts';

/** `make nightly` sets it. */
const explored = process.env['RTVM_EXPLORE'] === 'all' ? [...worlds, ...largeWorlds] : worlds;

/** Told in the log, so that a world that has shrunk by mistake is seen. */
function told(name: string, { states, steps, depth, milliseconds }: Explored): string {
  return `${name}: ${states} states, ${steps} steps, ${depth} deep, ${(milliseconds / 1000).toFixed(1)} s`;
}

describe.concurrent('worlds', () => {
  it.each(explored)('$name', (world) => {
    const result = explore(world);
    console.log(told(world.name, result));
    const { broken, stuck, closed, states } = result;
    expect((broken ?? stuck)?.story.join('\n'), (broken ?? stuck)?.what).toBeUndefined();
    expect({ closed, grew: states > 100 }).toEqual({ closed: true, grew: true });
  });
});
