/** Which cores of a host NUMA node share a last-level cache: AMD's core complexes, several to a node. Rule 4.17. */
import type { CpuSet } from './cpu-set.ts';
import type { HostCache } from './host.ts';

const usualLevel = 3;

export interface CacheGroups {
  /** 3 where the host publishes L3 caches of these cores, else the highest level that it publishes. */
  readonly level: number;
  /**
   * Places of cores in the given list, ascending, group by group; a core without such a cache is a group of its own.
   */
  readonly groups: readonly (readonly number[])[];
}

/** Undefined where all of the cores share one, or nothing is published. */
export function cacheGroups(caches: readonly HostCache[], cores: readonly CpuSet[]): CacheGroups | undefined {
  const near = caches.filter(({ cpus }) => cores.some((core) => core.overlaps(cpus)));
  if (near.length === 0) return undefined;
  const level = near.some((cache) => cache.level === usualLevel)
    ? usualLevel
    : Math.max(...near.map((cache) => cache.level));
  const ofLevel = near.filter((cache) => cache.level === level);
  const groups = Map.groupBy(cores.keys(), (core) => {
    const cache = ofLevel.findIndex(({ cpus }) => cpus.overlaps(cores[core]!));
    return cache < 0 ? `core ${core}` : `cache ${cache}`;
  });
  return groups.size < 2 ? undefined : { level, groups: [...groups.values()] };
}
