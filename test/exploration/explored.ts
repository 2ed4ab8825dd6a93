/** Explores worlds as tests, and tells how large they were. */
import { describe, expect, it } from 'vitest';
import { explore } from './explore.ts';
import type { World } from './world.ts';

export function exploreWhole(worlds: readonly World[]): void {
  describe('worlds', () => {
    it.each(worlds)('$name', (world) => {
      const { states, steps, depth, milliseconds, closed, broken, stuck } = explore(world);
      // A world that has shrunk by mistake is seen here.
      console.log(
        `${world.name}: ${states} states, ${steps} steps, ${depth} deep, ${(milliseconds / 1000).toFixed(1)} s`,
      );
      const found = broken ?? stuck;
      expect(found?.story.join('\n'), found?.what).toBeUndefined();
      expect({ closed, grew: states > 1000 }).toEqual({ closed: true, grew: true });
    });
  });
}
