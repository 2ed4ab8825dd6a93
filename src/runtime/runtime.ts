/** Time and chance together: all that decides what a process does next beside what it reads. */
import { machineClock } from './clock.ts';
import type { Clock } from './clock.ts';
import { machineRandom } from './random.ts';
import type { Random } from './random.ts';

export interface Runtime {
  readonly clock: Clock;
  readonly random: Random;
}

/** Of the machine that this process runs on. */
export const machineRuntime: Runtime = { clock: machineClock, random: machineRandom };
