// Larger worlds, for "make nightly" (skipped where RTVM_EXPLORE is not set to all).
import { describe } from 'vitest';
import { exploreWhole } from './explored.ts';
import { largeWorlds } from './worlds.ts';

describe.runIf(process.env['RTVM_EXPLORE'] === 'all')(
  'large (skipped where RTVM_EXPLORE is not set to all)',
  () => exploreWhole(largeWorlds),
);
