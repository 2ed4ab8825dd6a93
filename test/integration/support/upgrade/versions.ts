// The two versions that take turns: the base release of the upgrade contract, and what this checkout ships.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from '../../../../scripts/bundle/bundle.ts';
import { baseRelease } from '../../../testbed/base-release.ts';
import type { Release } from '../../../testbed/base-release.ts';
import { chartDirectory } from '../chart.ts';
import { repository } from '../local-host.ts';

export interface Versions {
  readonly base: Release;
  readonly today: Release;
}

/** @param folder where the bundle of this checkout is put: it is made anew each time, which takes a second. */
export async function bothVersions(folder: string): Promise<Versions> {
  const base = await baseRelease();
  mkdirSync(folder, { recursive: true });
  const { file } = await bundle(repository, join(folder, 'today'));
  return { base, today: { bundle: file, chart: chartDirectory } };
}
