/** The guest's CPUs: policy, which vCPUs are dedicated and which realtime, and where QEMU's own threads run. */
import { combine, mapChecked, problemsOf, unless } from '../checked.ts';
import { CpuSet } from '../cpu-set.ts';
import type { VcpuSet } from '../cpu-set.ts';
import { allVcpus } from '../guest.ts';
import type { GuestCpu, GuestEmulatorThreads, GuestRealtime } from '../guest.ts';
import { hasMask, parseMask, realtimeVcpus } from '../mask.ts';
import type { Checked, FieldProblem } from '../problem.ts';
import { accepted, refused } from '../problem.ts';
import type { CpuSpec } from '../spec.ts';
import { policyProblems } from './cpu-policy.ts';
import type { BootImage } from './images.ts';
import { viaReference } from './via-reference.ts';

const defaultModel = 'host-passthrough';
const dedicatedMaskPath = 'spec.cpu.dedicatedMask';

/**
 * Codes of its own: `PRIORITY_RANGE`, `TOPOLOGY_PRODUCT`, `MIXED_NEEDS_MASK`, `MIXED_NOTHING_FLOATS`; with those of
 * masks and of the policy. Rules 1.1 to 2.6.
 */
export function resolveCpu(cpu: CpuSpec, bootImage: BootImage | undefined): Checked<GuestCpu> {
  const policy = cpu.policy ?? 'Shared';
  const emulatorThreads: GuestEmulatorThreads = cpu.emulatorThreads ?? (cpu.realtime === undefined ? 'Vcpus' : 'Housekeeping');
  const masked = maskedVcpus(cpu, emulatorThreads, bootImage);
  const parts = combine<{ policy: null; priority: number; topology: null; masked: VcpuSet | undefined; dedicated: VcpuSet }>({
    policy: unless(policyProblems(cpu), () => null),
    priority: checkPriority(cpu.realtime?.priority ?? 1),
    topology: checkTopology(cpu),
    masked,
    dedicated: dedicatedVcpus(cpu, masked),
  });
  const warnings: readonly FieldProblem[] = cpu.realtime !== undefined && cpu.coreSharing === 'Allow'
    ? [{ code: 'REALTIME_SHARES_CORES', path: 'spec.cpu.coreSharing', value: 'Allow', message: 'lets other VMs run on the SMT siblings of realtime vCPUs, which disturbs them; Forbid keeps those siblings idle' }]
    : [];
  return mapChecked(parts.ok ? { ...parts, warnings: [...parts.warnings, ...warnings] } : parts, ({ priority, masked: realtime, dedicated }) => ({
    vcpus: cpu.vcpus,
    policy,
    threadPolicy: cpu.threadPolicy ?? 'Prefer',
    coreSharing: cpu.coreSharing ?? (cpu.realtime === undefined ? 'Allow' : 'Forbid'),
    emulatorThreads,
    dedicatedVcpus: dedicated,
    topology: cpu.topology ?? { sockets: 1, cores: cpu.vcpus, threads: 1 },
    model: cpu.model ?? defaultModel,
    realtime: guestRealtime(cpu, realtime, priority),
  }));
}

function guestRealtime(cpu: CpuSpec, vcpus: VcpuSet | undefined, priority: number): GuestRealtime | undefined {
  return cpu.realtime === undefined || vcpus === undefined ? undefined : { vcpus, priority };
}

/**
 * What the realtime mask names: the image's mask before the class's or VM's. Undefined without realtime, where only an
 * image can have one; that one is checked all the same.
 */
function maskedVcpus(cpu: CpuSpec, emulatorThreads: GuestEmulatorThreads, bootImage: BootImage | undefined): Checked<VcpuSet | undefined> {
  const size = { vcpus: cpu.vcpus, emulatorThreads };
  const imageMask = bootImage?.image.realtimeMask;
  if (bootImage !== undefined && hasMask(imageMask)) {
    const { path, image } = bootImage;
    const checked = realtimeVcpus({ ...size, mask: imageMask, path: 'spec.realtimeMask' });
    return checked.ok ? checked : refused(...checked.problems.map((problem) => viaReference(problem, path, image.name, 'image')));
  }
  return cpu.realtime === undefined ? accepted(undefined) : realtimeVcpus({ ...size, mask: cpu.realtime.mask, path: 'spec.cpu.realtime.mask' });
}

/** All vCPUs for Dedicated, none for Shared; for Mixed those of the realtime mask, or without realtime of `dedicatedMask`. */
function dedicatedVcpus(cpu: CpuSpec, masked: Checked<VcpuSet | undefined>): Checked<VcpuSet> {
  switch (cpu.policy ?? 'Shared') {
    case 'Shared':
      return accepted(CpuSet.empty());
    case 'Dedicated':
      return accepted(allVcpus(cpu.vcpus));
    case 'Mixed':
      return mixedVcpus(cpu, masked);
  }
}

function mixedVcpus(cpu: CpuSpec, masked: Checked<VcpuSet | undefined>): Checked<VcpuSet> {
  if (cpu.realtime === undefined && !hasMask(cpu.dedicatedMask)) {
    return refused({ code: 'MIXED_NEEDS_MASK', path: dedicatedMaskPath, value: cpu.dedicatedMask, message: 'is required with policy Mixed, to say which vCPUs are dedicated; accepted: a mask such as "^0", or realtime, whose mask then says it' });
  }
  const realtime = cpu.realtime !== undefined;
  const dedicated = realtime ? masked : parseMask(cpu.dedicatedMask ?? '', cpu.vcpus, dedicatedMaskPath);
  // A realtime mask's own problems are told once, by its own check.
  if (!dedicated.ok) return realtime ? accepted(CpuSet.empty()) : refused(...problemsOf(dedicated));
  if (dedicated.value === undefined) return accepted(CpuSet.empty());
  if (dedicated.value.size === cpu.vcpus) {
    const path = realtime ? 'spec.cpu.realtime.mask' : dedicatedMaskPath;
    const value = realtime ? cpu.realtime.mask : cpu.dedicatedMask;
    return refused({ code: 'MIXED_NOTHING_FLOATS', path, value, message: `makes every vCPU dedicated, though policy Mixed needs one that floats; accepted: a mask that leaves one out (such as "^0"), or policy Dedicated` });
  }
  return accepted(dedicated.value);
}

function checkPriority(priority: number): Checked<number> {
  if (Number.isInteger(priority) && priority >= 1 && priority <= 99) return accepted(priority);
  return refused({ code: 'PRIORITY_RANGE', path: 'spec.cpu.realtime.priority', value: priority, message: 'is not a SCHED_FIFO priority; accepted: a whole number from 1 to 99' });
}

function checkTopology({ topology, vcpus }: CpuSpec): Checked<null> {
  if (topology === undefined) return accepted(null);
  const { sockets, cores, threads } = topology;
  if (sockets * cores * threads === vcpus) return accepted(null);
  return refused({ code: 'TOPOLOGY_PRODUCT', path: 'spec.cpu.topology', value: topology, message: `makes ${sockets} × ${cores} × ${threads} = ${sockets * cores * threads} vCPUs, not ${vcpus}; accepted: sockets × cores × threads equal to vcpus` });
}
