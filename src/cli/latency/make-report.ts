/** Puts a report together from what was measured and what the host is. */
import { hostname, cpus } from 'node:os';
import type { HostCheck } from '../../realtime/checks/host-check.ts';
import { pinCpus } from '../../realtime/placement.ts';
import type { Placement } from '../../realtime/placement.ts';
import { comparisonsOf, reportFormat, settingReports } from '../../realtime/latency/report.ts';
import type { LatencyReport } from '../../realtime/latency/report.ts';
import { measuredVcpus } from '../../realtime/latency/setting.ts';
import { notesOn } from '../../realtime/latency/notes.ts';
import { machineClock } from '../../runtime/clock.ts';
import type { LibvirtVersions } from '../../libvirt/client.ts';
import { readText, thisHost } from '../../node-agent/host/host-root.ts';
import { readKernelVersion } from '../../node-agent/host/versions.ts';
import type { LatencyOptions } from '../commands/latency.ts';
import { readVersion } from '../process/version.ts';
import { lateThreshold } from './latency.ts';
import type { MeasurePlan } from './latency.ts';
import type { Subject } from './subject.ts';
import type { TakenTurns } from './take-turns.ts';

export interface Measured extends TakenTurns {
  readonly subject: Subject;
  readonly placement: Placement;
  readonly plan: MeasurePlan;
  readonly checks: readonly HostCheck[];
  readonly versions: LibvirtVersions;
  readonly options: LatencyOptions;
  readonly load: string;
}

export function makeReport({
  subject,
  placement,
  plan,
  checks,
  versions,
  options,
  load,
  turns,
  late,
  header,
}: Measured): LatencyReport {
  const { guest } = subject;
  const settings = settingReports(turns);
  // What is compared is measured without what makes it fast, too: the limit is for the guest as it will run.
  const judged = settings.find(({ setting }) => setting === 'realtime') ?? settings[0]!;
  const kernel = readKernelVersion(thisHost);
  const report: Omit<LatencyReport, 'notes'> = {
    format: reportFormat,
    rtvm: readVersion(),
    createdAt: machineClock.date().toISOString(),
    host: {
      name: hostname(),
      kernel: kernel.release,
      preemptRt: kernel.preemptRt,
      cpuModel: cpus()[0]?.model ?? 'unknown',
      cpus: cpus().length,
      isGuest: checks.some(({ name, result }) => name === 'bare-metal' && result === 'Warn'),
      kernelParameters: realtimeParameters(readText(`${thisHost.proc}/cmdline`) ?? ''),
      libvirt: versions.libvirt,
      ...(versions.hypervisorType === 'QEMU' ? { qemu: versions.hypervisor } : {}),
    },
    checks,
    guest: {
      source: subject.source,
      vcpus: guest.cpu.vcpus,
      measuredVcpus: measuredVcpus(guest).toString(),
      memoryMiB: guest.memory.sizeMiB,
      pageSizesKiB: [...new Set(placement.cells.map(({ pageSizeKiB }) => pageSizeKiB))],
      vcpuPins: placement.vcpuPins.map((pin) => ({ vcpu: pin.vcpu, cpus: pinCpus(pin).toString() })),
      emulatorCpus: placement.emulatorCpus.toString(),
      fifoPriority: placement.priority,
    },
    method: {
      sampler: header.sampler.kind,
      ...(header.sampler.kind === 'timer'
        ? { intervalUs: header.sampler.intervalUs, idle: header.sampler.idle, timer: header.sampler.timer }
        : {}),
      windowMs: plan.windowMs,
      secondsPerTurn: plan.secondsPerTurn,
      turns: plan.turns,
      load,
      emulated: options.virtType === 'qemu',
      tscKhz: header.tscKhz,
      tscFrom: header.tscFrom,
    },
    limitUs: options.limit,
    verdict:
      options.limit === undefined
        ? undefined
        : judged.all.maxUs > options.limit || judged.lost.samples > 0
          ? 'fail'
          : 'pass',
    settings,
    comparisons: comparisonsOf(turns),
    late,
    lateThresholdUs: lateThreshold(options),
    imported: [],
  };
  return { ...report, notes: notesOn(report) };
}

/** What else is on a command line, an installer's token for one, is nobody's business who reads a report. */
const matters =
  /^(isolcpus|nohz|nohz_full|rcu_nocbs|rcu_nocb_poll|rcutree\.\w+|irqaffinity|kthread_cpus|threadirqs|skew_tick|preempt|tsc|clocksource|idle|processor\.\w+|intel_idle\.\w+|cpuidle\.\w+|(intel|amd)_pstate|mitigations|nosmt|hugepages|hugepagesz|default_hugepagesz|transparent_hugepage|nmi_watchdog|nowatchdog|nosoftlockup|audit|mce)(=|$)/;

function realtimeParameters(commandLine: string): readonly string[] {
  return commandLine.split(/\s+/).filter((parameter) => matters.test(parameter));
}
