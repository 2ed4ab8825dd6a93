/** Chance as a value: jitter and new names. A simulation draws both from its seed. */
import { randomUUID } from 'node:crypto';

export interface Random {
  /** In [0, 1). For jitter, never for a secret. */
  readonly fraction: () => number;
  /** A name that nobody else has: a UUID of version 4. */
  readonly uuid: () => string;
}

export const machineRandom: Random = {
  fraction: () => Math.random(),
  uuid: () => randomUUID(),
};
