/** What every host of the simulation can give its guests. */
import type { HostCapacity } from '../integration/support/chaos-events.ts';

export const dedicatedCpus = [2, 3, 6, 7];
export const capacity: HostCapacity = { pages: new Map([[0, 256], [1, 256]]) };
