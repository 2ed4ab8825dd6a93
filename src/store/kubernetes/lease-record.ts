/** What stands in a Lease, and writing it. */
import type { LeaseSpec } from '../foreign.ts';

/** As the Lease's MicroTime wants it: six digits of fraction, no fewer. */
export function microTime(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}

/** A first or taken-over lease. */
export function acquired(before: LeaseSpec | undefined, identity: string, durationMs: number, now: Date): LeaseSpec {
  const transitions = before?.leaseTransitions ?? 0;
  return {
    holderIdentity: identity,
    leaseDurationSeconds: Math.round(durationMs / 1000),
    acquireTime: microTime(now),
    renewTime: microTime(now),
    leaseTransitions: before === undefined || before.holderIdentity === identity ? transitions : transitions + 1,
  };
}

export function renewed(before: LeaseSpec, durationMs: number, now: Date): LeaseSpec {
  return { ...before, leaseDurationSeconds: Math.round(durationMs / 1000), renewTime: microTime(now) };
}

/** Given up: whoever sees it may take it at once. */
export function released(before: LeaseSpec, now: Date): LeaseSpec {
  return { ...before, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(now) };
}
