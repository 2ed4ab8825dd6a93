/** What may stand beside which CPU policy. Rules 1.2 and 1.3. */
import type { FieldProblem } from '../problem.ts';
import type { CpuSpec } from '../spec.ts';

const dedicatedOrMixed = 'accepted: policy Dedicated or Mixed';

/** All conflicts of the CPU policy with its neighbours. */
export function policyProblems(cpu: CpuSpec): readonly FieldProblem[] {
  return [...(cpu.policy ?? 'Shared') === 'Shared' ? floatingProblems(cpu) : [], ...dedicatedMaskProblems(cpu)];
}

/** A guest that floats can have nothing that needs a pCPU of its own. */
function floatingProblems(cpu: CpuSpec): readonly FieldProblem[] {
  const found = cpu.policy === undefined ? 'the default Shared' : 'Shared';
  const problems: FieldProblem[] = [];
  if (cpu.realtime !== undefined) {
    problems.push({ code: 'REALTIME_NEEDS_DEDICATED', path: 'spec.cpu.policy', value: cpu.policy, message: `realtime vCPUs need pCPUs of their own, which ${found} does not give; ${dedicatedOrMixed}` });
  }
  if (cpu.threadPolicy !== undefined) {
    problems.push({ code: 'THREAD_POLICY_NEEDS_DEDICATED', path: 'spec.cpu.threadPolicy', value: cpu.threadPolicy, message: `has no meaning for vCPUs that float (policy is ${found}); ${dedicatedOrMixed}, or no threadPolicy` });
  }
  if (cpu.emulatorThreads === 'Isolate') {
    problems.push({ code: 'ISOLATE_NEEDS_DEDICATED', path: 'spec.cpu.emulatorThreads', value: cpu.emulatorThreads, message: `cannot be given with policy ${found}; ${dedicatedOrMixed}, or emulatorThreads Housekeeping or Share` });
  }
  if (cpu.coreSharing === 'Forbid') {
    problems.push({ code: 'CORE_SHARING_NEEDS_DEDICATED', path: 'spec.cpu.coreSharing', value: cpu.coreSharing, message: `cannot be kept with policy ${found}, whose vCPUs float over cores that all VMs share; ${dedicatedOrMixed}, or coreSharing Allow` });
  }
  return problems;
}

function dedicatedMaskProblems(cpu: CpuSpec): readonly FieldProblem[] {
  if (cpu.dedicatedMask === undefined) return [];
  const at = { path: 'spec.cpu.dedicatedMask', value: cpu.dedicatedMask };
  if (cpu.realtime !== undefined) {
    return [{ code: 'DEDICATED_MASK_WITH_REALTIME', ...at, message: 'cannot be combined with realtime, whose mask then names the dedicated vCPUs; accepted: realtime.mask alone' }];
  }
  if (cpu.policy !== 'Mixed') {
    return [{ code: 'DEDICATED_MASK_NEEDS_MIXED', ...at, message: `needs policy Mixed, found ${cpu.policy ?? 'the default Shared'}; accepted: policy Mixed, or no dedicatedMask` }];
  }
  return [];
}
