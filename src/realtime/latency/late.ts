/** A sample beyond the threshold, and what the kernel says of that time. */
import type { Setting } from './setting.ts';

/** What kept the vCPU from running. `unknown`: what was seen does not account for the time. */
export const causes = [
  'irq',
  'softirq',
  'thread',
  'nmi',
  'rt-throttling',
  'fair-server',
  'hardware',
  'steal',
  'stopped',
  'unknown',
] as const;
export type Cause = (typeof causes)[number];

export interface Attribution {
  readonly cause: Cause;
  /** `stress-ng-cpu (pid 4711, FIFO 20)`, `IRQ 24 nvme0q1`. */
  readonly what: string;
  /** How much of the sample's time it accounts for, from 0 to 1. */
  readonly share: number;
  /** The host check or remedy that would end it; undefined where none is known. */
  readonly remedy?: string | undefined;
}

export interface LateSample {
  readonly setting: Setting;
  readonly vcpu: number;
  readonly us: number;
  /** When it was over, as far as that is known. */
  readonly time: string;
  readonly errorMs: number;
  /** The largest share first; a single `unknown` where nothing is known. */
  readonly attributions: readonly Attribution[];
}
