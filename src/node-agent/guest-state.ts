/** What the agent remembers of one guest between two looks at it; all of it can be lost without harm. */
import type { ReportedGuest } from '../crds/realtime-allocation.ts';
import { backoffMs } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';
import { noDrift } from './drift.ts';
import type { DriftMemory } from './drift.ts';
import type { DomainEnd, HostDomain } from './hypervisor.ts';

export interface PlacedThreads {
  readonly startTicks: bigint;
  readonly tids: ReadonlySet<number>;
}

export interface GuestState {
  /** Name of the grant that all of this is about. */
  readonly grant: string;
  drift: DriftMemory;
  /** Threads of the kernel that were given their place, each once, and of which process. */
  placed?: PlacedThreads | undefined;
  /** By a clock that only grows; before the first audit, when the guest became known. */
  auditedAtMs: number;
  /** When, by a clock that only grows, a guest that was asked to switch off is ended. Forgotten with the agent: the grace then begins again. */
  graceEndsMs?: number | undefined;
  /** Starts that failed, or domains that ended, in a row. */
  failures: number;
  /** By a clock that only grows. */
  retryAtMs?: number | undefined;
  /** By the wall clock, when the domain last started by this grant, as far as this agent or one before it has seen. */
  startedAtMs?: number | undefined;
  restarts: number;
  /** How the domain ended that had run by this grant; absent where it has not, or nobody knows. */
  end?: DomainEnd | undefined;
  /** The domain as last found, to audit it by while libvirt is away. */
  lastSeen?: HostDomain | undefined;
}

/** Between two starts of one guest. */
const startBackoff = { firstMs: 1000, maxMs: 300_000 };
/** A domain that ran this long did not fail to start, whatever ended it. */
const goodRunMs = 600_000;

/**
 * @param before what was remembered of the VM's last grant: another one in its place is a restart.
 * @param told the last report of this very grant, by an agent before this one.
 */
export function newGuestState(
  grant: string, before: GuestState | undefined, told: ReportedGuest | undefined, knownAtMs: number,
): GuestState {
  const startedAt = told?.domain?.startedAt;
  return {
    grant,
    drift: noDrift,
    auditedAtMs: knownAtMs,
    failures: 0,
    restarts: before === undefined ? told?.domain?.restarts ?? 0 : before.restarts + (hasRun(before) ? 1 : 0),
    startedAtMs: startedAt === undefined ? undefined : Date.parse(startedAt),
    ...(told?.phase === 'Stopped' && told.reason === 'Succeeded' ? { end: 'shutdown' as const } : {}),
  };
}

/** It has run by its grant, so that it is off means that it has ended. */
export function hasRun({ startedAtMs, end }: GuestState): boolean {
  return startedAtMs !== undefined || end !== undefined;
}

/** Notes a start that failed or a domain that ended, and with that when it may be started again. */
export function noteEnd(state: GuestState, clock: Clock): void {
  const ranWell = state.startedAtMs !== undefined && clock.date().getTime() - state.startedAtMs >= goodRunMs;
  const failures = ranWell ? 0 : state.failures;
  state.retryAtMs = clock.nowMs() + backoffMs(failures, startBackoff);
  state.failures = failures + 1;
}
