/**
 * Takes the turns of a measurement, setting by setting within each turn, so that what changes on the host meanwhile
 * meets all alike.
 */
import type { DomainHostFacts } from '../../realtime/domain/host-facts.ts';
import type { VirtType } from '../../realtime/domain/domain-input.ts';
import type { GuestClock } from '../../realtime/latency/guest-clock.ts';
import type { HeaderLine } from '../../realtime/latency/probe-lines.ts';
import type { LateSample } from '../../realtime/latency/late.ts';
import type { MeasuredTurn } from '../../realtime/latency/report.ts';
import { settingTitles } from '../../realtime/latency/setting.ts';
import type { MeasuredGuest } from '../../realtime/latency/setting.ts';
import { LateWatch } from '../../latency/late-watch.ts';
import type { LateWatchOptions } from '../../latency/late-watch.ts';
import { machineClock } from '../../runtime/clock.ts';
import { machineRandom } from '../../runtime/random.ts';
import type { LatencySession } from '../../latency/session.ts';
import { takeTurn } from '../../latency/turn.ts';
import type { Sampling, Turn } from '../../latency/turn.ts';
import type { Io } from '../io.ts';
import type { MeasurePlan } from './latency.ts';

export interface TurnsPlan extends MeasurePlan {
  readonly measured: MeasuredGuest;
  readonly sampling: Sampling;
  readonly virtType: VirtType;
  readonly host: DomainHostFacts;
  /** How samples that are late are attributed; undefined: none is. */
  readonly why: Pick<LateWatchOptions, 'tracing' | 'thresholdUs' | 'host'> | undefined;
}

export interface TakenTurns {
  readonly turns: readonly MeasuredTurn[];
  readonly late: readonly LateSample[];
  /** Of the first turn; all have the same. */
  readonly header: HeaderLine;
}

export async function takeTurns(
  session: LatencySession,
  plan: TurnsPlan,
  io: Io,
  signal: AbortSignal,
): Promise<TakenTurns> {
  const turns: MeasuredTurn[] = [];
  const late: LateSample[] = [];
  let header: HeaderLine | undefined;
  for (let turn = 1; turn <= plan.turns; turn += 1) {
    const worst: string[] = [];
    for (const setting of plan.settings) {
      const startedAt = machineClock.date();
      const offsetMs = startedAt.getTime() - machineClock.nowMs();
      let watch: LateWatch | undefined;
      const taken = await takeTurn(
        {
          ...plan,
          watch:
            plan.why === undefined
              ? undefined
              : (process) =>
                  (watch = new LateWatch(
                    { ...plan.why!, root: session.root, clock: machineClock, measured: plan.measured, setting },
                    process,
                  )),
          clock: machineClock,
          uuid: machineRandom.uuid(),
          client: session.client,
          root: session.root,
          socketPath: session.socketPath,
          directory: session.directory,
          rom: session.rom,
          setting,
          durationMs: 1000 * plan.secondsPerTurn,
          progress:
            plan.settings.length === 1 && plan.turns === 1 ? progress(plan.secondsPerTurn, io) : () => undefined,
        },
        signal,
      );
      header ??= taken.header;
      turns.push(measuredTurn(taken, startedAt, offsetMs));
      late.push(
        ...(watch?.finish(taken.guestClock) ?? []).map(({ window, attributions }): LateSample => ({
          setting,
          vcpu: window.vcpu,
          us: window.histogram.maxUs,
          time: timeOf(taken.guestClock, window.maxAt, offsetMs),
          errorMs: Math.ceil(taken.guestClock.errorMs),
          attributions,
        })),
      );
      worst.push(
        `${settingTitles[setting]} ${Math.max(...[...taken.worst.values()].map(({ us }) => us)).toFixed(1)} µs`,
      );
    }
    if (plan.settings.length > 1 || plan.turns > 1)
      io.err(`rtvm: turn ${turn} of ${plan.turns}: largest: ${worst.join(', ')}`);
  }
  return { turns, late: late.toSorted((one, other) => other.us - one.us), header: header! };
}

function measuredTurn(
  { setting, windows, worst, guestClock: clock, losses, audit }: Turn,
  startedAt: Date,
  offsetMs: number,
): MeasuredTurn {
  return {
    setting,
    startedAt: startedAt.toISOString(),
    windows: windows.map(({ vcpu, histogram, maxAt }) => ({
      vcpu,
      histogram,
      maxTime: timeOf(clock, maxAt, offsetMs),
    })),
    worst: new Map([...worst].map(([vcpu, { us, at }]) => [vcpu, { us, time: timeOf(clock, at, offsetMs) }])),
    errorMs: clock.errorMs,
    lost: { windows: losses.windows, samples: losses.samples, garbledLines: losses.garbledLines },
    verified: audit.findings.every(({ severity }) => severity !== 'error'),
  };
}

function timeOf(clock: GuestClock, tsc: bigint, offsetMs: number): string {
  return new Date(clock.hostMs(tsc) + offsetMs).toISOString();
}

/** A line for each tenth of the time, and at most one every ten seconds. */
function progress(seconds: number, io: Io): (measuredMs: number, worstUs: number) => void {
  const step = Math.max(10_000, 100 * seconds);
  let next = step;
  return (measuredMs, worstUs) => {
    if (measuredMs < next || measuredMs >= 1000 * seconds) return;
    next = measuredMs + step;
    io.err(
      `rtvm: ${Math.floor(measuredMs / 1000)} of ${seconds} s measured; largest so far ${worstUs.toFixed(1)} µs`,
    );
  };
}
