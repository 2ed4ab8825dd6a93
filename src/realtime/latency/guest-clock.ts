/**
 * How a guest's TSC and a clock of the host are related, from lines whose moments both sides know: the guest put a
 * line together before the
 * host had it, and ran its first instruction after the host let it. What is in between is not known, and stated.
 */

export interface GuestClock {
  /**
   * The host's time, in milliseconds, at which the guest's TSC was this: at most that, and earlier by no more than
   * {@link errorMs}.
   */
  readonly hostMs: (tsc: bigint) => number;
  readonly errorMs: number;
}

export interface ClockReading {
  /** The guest's TSC when it put a line together. */
  readonly tsc: bigint;
  /** The host's clock when the line was here. */
  readonly hostMs: number;
}

/**
 * @param readings at least one. @param startedMs the host's clock just before the guest was let run, and before all
 * readings.
 * @param tscKhz of the guest.
 */
export function relateClocks(readings: readonly ClockReading[], startedMs: number, tscKhz: number): GuestClock {
  const first = readings[0]!.tsc;
  const ticksMs = (tsc: bigint) => Number(tsc - first) / tscKhz;
  // Of all offsets that no reading forbids the largest: lines are here soon after, but the guest may have taken long
  // to begin.
  let latest = Infinity;
  for (const { tsc, hostMs } of readings) latest = Math.min(latest, hostMs - ticksMs(tsc));
  return { hostMs: (tsc) => latest + ticksMs(tsc), errorMs: Math.max(0, latest - startedMs) };
}

/**
 * Whether the guest's TSC has run at the frequency that it states. @returns the rate that was seen, as a share of
 * that, or undefined where
 * what was seen allows the stated one: lines are late by what the host's load makes them.
 */
export function wrongRate(readings: readonly ClockReading[], tscKhz: number): number | undefined {
  const [first, last] = [readings[0], readings.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const guestMs = Number(last.tsc - first.tsc) / tscKhz;
  const hostMs = last.hostMs - first.hostMs;
  return Math.abs(guestMs - hostMs) > lateLinesMs + 0.02 * hostMs ? guestMs / hostMs : undefined;
}

/** A line may wait this long to be read on a host that has other things to do. */
const lateLinesMs = 5000;
