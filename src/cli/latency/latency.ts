/** Measures how late a VM's vCPUs run on this host, and reports it with all conditions under which it was measured. */
import { hasFairServer } from '../../realtime/checks/kernel-checks.ts';
import { hostChecks } from '../../realtime/checks/host-checks.ts';
import type { HostCheck } from '../../realtime/checks/host-check.ts';
import { hostFactsOfCpuFlags } from '../../realtime/domain/host-facts.ts';
import { placeBeside } from '../../realtime/latency/beside.ts';
import { measuredVcpus, settings as allSettings, settingTitles } from '../../realtime/latency/setting.ts';
import type { Setting } from '../../realtime/latency/setting.ts';
import type { LatencyReport } from '../../realtime/latency/report.ts';
import { exclusiveCpus } from '../../realtime/placement.ts';
import type { Placement } from '../../realtime/placement.ts';
import { machineClock } from '../../runtime/clock.ts';
import { LatencyError } from '../../latency/latency-error.ts';
import { startLoad } from '../../latency/load.ts';
import { requireStableTsc } from '../../latency/require-tsc.ts';
import { Tracing } from '../../latency/tracing.ts';
import { LatencySession } from '../../latency/session.ts';
import { readCpuFlags } from '../../node-agent/host/cpu-flags.ts';
import { readHostReadings } from '../../node-agent/host/host-readings.ts';
import { thisHost } from '../../node-agent/host/host-root.ts';
import { readTopology } from '../../node-agent/host/topology.ts';
import { readKernelVersion } from '../../node-agent/host/versions.ts';
import { kvmProblem } from '../../node-agent/host/virtualization.ts';
import type { LatencyOptions } from '../commands/latency.ts';
import { CommandError } from '../exit.ts';
import type { ExitCode } from '../exit.ts';
import type { Io } from '../io.ts';
import { formatRefused } from '../plan/plan-text.ts';
import { Interrupt } from '../run/interrupt.ts';
import { requireLibvirt } from '../run/require-libvirt.ts';
import { makeReport } from './make-report.ts';
import { printReport } from './print-report.ts';
import { readSubject } from './subject.ts';
import type { Subject } from './subject.ts';
import { takeTurns } from './take-turns.ts';

/**
 * @returns 1 where a sample was later than the limit. @throws LatencyError, CommandError where nothing could be
 * measured.
 */
export async function latency(options: LatencyOptions, io: Io): Promise<ExitCode> {
  using interrupt = new Interrupt();
  const subject = await readSubject(options, io);
  requireMeasurable(options, io);
  const checks = hostChecks(readHostReadings(thisHost, readTopology(thisHost), subject.inventory));
  await requireLibvirt(options.libvirtSocket, io, interrupt.signal);
  try {
    const report = await measure(subject, checks, options, io, interrupt.signal);
    await printReport(report, options, io);
    return report.verdict === 'fail' ? 1 : 0;
  } catch (error) {
    if (interrupt.signal.aborted)
      throw new CommandError(
        'INTERRUPTED',
        'interrupted: the probe is gone, and nothing of what it measured is reported',
        { cause: error },
      );
    throw error;
  }
}

function requireMeasurable({ virtType }: LatencyOptions, io: Io): void {
  if (virtType === 'qemu') {
    io.err(
      'rtvm: emulation was asked for (--virt-type qemu): what is measured says how fast the emulator is, and '
        + 'nothing of this host',
    );
    return;
  }
  const problem = kvmProblem(thisHost);
  if (problem !== undefined) throw new CommandError('KVM_UNAVAILABLE', problem);
  requireStableTsc(thisHost);
}

export interface MeasurePlan {
  readonly settings: readonly Setting[];
  readonly turns: number;
  readonly secondsPerTurn: number;
  readonly windowMs: number;
}

function planOf({ compare, turns, duration }: LatencyOptions): MeasurePlan {
  if (compare === undefined)
    return { settings: ['realtime'], turns: turns ?? 1, secondsPerTurn: duration ?? 60, windowMs: 1000 };
  const chosen = compare === true ? allSettings : allSettings.filter((setting) => compare.includes(setting));
  // Short windows, so that a turn has many: the median of their largest samples is a figure of its own.
  return { settings: chosen, turns: turns ?? 10, secondsPerTurn: duration ?? 5, windowMs: 100 };
}

async function measure(
  subject: Subject,
  checks: readonly HostCheck[],
  options: LatencyOptions,
  io: Io,
  signal: AbortSignal,
): Promise<LatencyReport> {
  const plan = planOf(options);
  await using session = await LatencySession.open(
    {
      root: thisHost,
      stateDirectory: options.stateDir,
      libvirtSocket: options.libvirtSocket,
      hostLockPath: options.lockFile,
    },
    signal,
  );
  const placement = await place(session, subject, options, io, signal);
  const cpus = exclusiveCpus(placement);
  io.err(
    `rtvm: measuring vCPUs ${measuredVcpus(subject.guest).toString()} of ${subject.source} on CPUs `
      + `${cpus.toString()}: ${describe(plan)}; load: ${options.load}`,
  );
  const thresholdUs = lateThreshold(options);
  using tracing = thresholdUs === undefined ? undefined : startTracing(io);
  await using load = startLoad(options.load, cpus.union(placement.emulatorCpus), session.directory, machineClock);
  using watch = session.yieldTo(cpus, { besideRunning: options.besideRunning === true });
  const versions = await session.client.version({ signal });
  const taken = await takeTurns(
    session,
    {
      ...plan,
      measured: { guest: subject.guest, placement },
      sampling: { sampler: options.sampler, intervalUs: options.interval, idle: options.idle },
      virtType: options.virtType,
      host: hostFactsOfCpuFlags(readCpuFlags(thisHost)),
      why:
        thresholdUs === undefined
          ? undefined
          : {
              tracing,
              thresholdUs,
              host: {
                isGuest: checks.some(({ name, result }) => name === 'bare-metal' && result === 'Warn'),
                hasFairServer: hasFairServer({ kernel: readKernelVersion(thisHost) }),
              },
            },
    },
    io,
    AbortSignal.any([signal, watch.signal]),
  );
  return makeReport({ subject, placement, plan, checks, versions, options, load: load.description, ...taken });
}

/** Of --why, in microseconds. */
export function lateThreshold({ why }: Pick<LatencyOptions, 'why'>): number | undefined {
  return why === true ? 50 : why;
}

/** Without tracing at least that a domain was stopped is seen; while another tracer is on, nothing is measured. */
function startTracing(io: Io): Tracing | undefined {
  try {
    return Tracing.start(thisHost);
  } catch (error) {
    if (!(error instanceof LatencyError && error.code === 'TRACING_UNAVAILABLE')) throw error;
    io.err(`rtvm: ${error.message}`);
    return undefined;
  }
}

function describe({ settings, turns, secondsPerTurn }: MeasurePlan): string {
  if (settings.length === 1 && turns === 1) return `${secondsPerTurn} s`;
  return `${turns} turns of ${secondsPerTurn} s each of `
    + settings.map((setting) => settingTitles[setting]).join(', ');
}

/** @throws LatencyError `REALTIME_RUNNING`, `CPUS_TAKEN`. */
async function place(
  session: LatencySession,
  { guest, inventory, source }: Subject,
  options: LatencyOptions,
  io: Io,
  signal: AbortSignal,
): Promise<Placement> {
  const holders = await session.holders(signal);
  const running = holders.filter(({ active, realtime }) => active && realtime);
  if (running.length > 0 && options.besideRunning !== true) {
    throw new LatencyError(
      'REALTIME_RUNNING',
      `${running.map(({ title }) => title).join(', ')} ${running.length === 1 ? 'runs' : 'run'} realtime on this `
        + `host, and a measurement beside ${running.length === 1 ? 'it' : 'them'} may disturb: halt `
        + `${running.length === 1 ? 'it' : 'them'}, or say --beside-running if that may be; CPUs that share a `
        + `core with theirs stay out of it all the same`,
    );
  }
  const decision = placeBeside(inventory, guest, holders, { disturb: options.disturb === true });
  if (decision.kind === 'placed') return decision.placement;
  io.err(formatRefused(source, decision.groups, { width: io.columns }));
  const held = holders.map(({ title, cpus }) => `${title}: CPUs ${cpus.toString()}`).join('; ');
  throw new LatencyError(
    'CPUS_TAKEN',
    `there is no place on this host to measure in${held === '' ? '' : ` beside those that have CPUs (${held})`}; `
      + `halt one, give guests more CPUs (--dedicated, `
      + `--shared)${options.disturb === true ? '' : ', or say --disturb to use those that share a core with held ones'}`,
  );
}
