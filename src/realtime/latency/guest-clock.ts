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

/** What is known of a host's TSC around a window of the guest's. */
export interface TscBounds {
  /** The window, by the guest's TSC. */
  readonly from: bigint;
  readonly to: bigint;
  /** The host's TSC before the guest ran at all, and the last that the host has seen. */
  readonly startedTsc: bigint;
  readonly seenTsc: bigint;
  readonly tscKhz: number;
}

/**
 * By how much the guest's TSC is ahead of the host's. KVM says which offset it gives a vCPU; where the CPU does not apply it (a KVM that runs
 * guests without the CPU's help) the guest reads the host's own. Either is exact, and told from the other by when the guest can have run.
 * @param traced what KVM said last; undefined where it has said nothing.
 * @returns undefined where neither can be, or both.
 */
export function tscOffset(traced: bigint | undefined, bounds: TscBounds): bigint | undefined {
  const candidates = new Set([...(traced === undefined ? [] : [traced]), 0n]);
  const possible = [...candidates].filter((offset) => isPossible(offset, bounds));
  return possible.length === 1 ? possible[0] : undefined;
}

/** An event that says how late it is now may be late itself: on a CPU without a tick, for as long as nothing happens there. */
const seenLateMs = 60_000;

function isPossible(offset: bigint, { from, to, startedTsc, seenTsc, tscKhz }: TscBounds): boolean {
  const [first, last] = [BigInt.asUintN(64, from - offset), BigInt.asUintN(64, to - offset)];
  return first >= startedTsc && last <= seenTsc + BigInt(seenLateMs * tscKhz);
}
