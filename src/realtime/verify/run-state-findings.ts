/**
 * Whether the process goes on at all, and its pCPUs are there: threads that are set right and do not run keep no
 * promise.
 */
import type { CpuSet } from '../cpu-set.ts';
import type { Finding } from '../finding.ts';
import type { ObservedProcess } from '../observed.ts';
import { pinCpus } from '../placement.ts';
import type { Placement } from '../placement.ts';

export function runStateFindings(placement: Placement, observed: ObservedProcess): readonly Finding[] {
  return [...stoppedFindings(observed), ...frozenFindings(observed), ...offlineFindings(placement, observed.onlineCpus)];
}

/**
 * SIGSTOP stops all threads of a process, a debugger those that it has taken (do_signal_stop and ptrace_stop of
 * kernel/signal.c).
 */
function stoppedFindings({ pid, threads }: ObservedProcess): readonly Finding[] {
  const stopped = threads.filter(({ state }) => state === 'T' || state === 't');
  if (stopped.length === 0) return [];
  const traced = stopped.some(({ state }) => state === 't');
  const by = traced ? 'a debugger, which has to let them go' : `a signal; "kill -CONT ${pid}" lets them go on`;
  return [{
    code: 'ProcessStopped',
    severity: 'error',
    subject: 'process',
    expected: 'no thread stopped',
    observed: `${stopped.length} of ${threads.length} threads stopped`,
    message: `${stopped.length} of the ${threads.length} threads of QEMU are stopped by ${by}: the guest does not run`,
  }];
}

/**
 * A frozen thread shows in its control group alone: under cgroup v2 it sleeps as any other (do_freezer_trap of
 * kernel/signal.c), under v1 it is in state D like one that waits for a disk.
 */
function frozenFindings({ groups }: ObservedProcess): readonly Finding[] {
  const frozen = groups?.threads.filter((group) => group.frozen === true).map(({ name }) => name) ?? [];
  if (frozen.length === 0) return [];
  return [{
    code: 'ProcessFrozen',
    severity: 'error',
    subject: 'process',
    expected: 'no control group frozen',
    observed: `frozen: ${frozen.join(', ')}`,
    message: `threads of QEMU are frozen with their control groups (${frozen.join(', ')}): the guest does not run; `
      + '0 in cgroup.freeze (THAWED in freezer.state, cgroup v1) of the group that was frozen lets them go on',
  }];
}

/**
 * The kernel lets a thread whose CPUs have all gone offline run on any other (select_fallback_rq of
 * kernel/sched/core.c), and takes no pin to them.
 */
function offlineFindings({ vcpuPins, emulatorCpus }: Placement, online: CpuSet | undefined): readonly Finding[] {
  if (online === undefined) return [];
  const vcpus = vcpuPins.map((pin) => ({ subject: `vCPU ${pin.vcpu}`, cpus: pinCpus(pin) }));
  const pins = [...vcpus, { subject: 'emulator', cpus: emulatorCpus }];
  return pins.flatMap(({ subject, cpus }): Finding[] => {
    const offline = cpus.minus(online);
    if (offline.isEmpty) return [];
    const left = cpus.intersection(online);
    return [{
      code: 'CpuOffline',
      severity: left.isEmpty ? 'error' : 'warning',
      subject,
      expected: `pCPUs ${cpus.toString()} online`,
      observed: `offline: ${offline.toString()}`,
      message: `of its pCPUs ${cpus.toString()}, ${offline.toString()} ${offline.size === 1 ? 'is' : 'are'} offline${left.isEmpty
        ? ', so that the kernel lets its threads run on other CPUs'
        : `: it has ${left.toString()} alone`}; 1 in /sys/devices/system/cpu/cpu${offline.first!}/online switches it on`,
    }];
  });
}

/** What a thread that is to be on these CPUs can be on; empty where none of them is online. */
export function usableCpus(cpus: CpuSet, { onlineCpus }: Pick<ObservedProcess, 'onlineCpus'>): CpuSet {
  return onlineCpus === undefined ? cpus : cpus.intersection(onlineCpus);
}
