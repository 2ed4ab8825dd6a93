/** Checks of what the kernel lets a realtime thread do, and what it does to one. Sources: kernel doc scheduler/sched-rt-group, sched-deadline, timers. */
import { hostCheck } from './host-check.ts';
import type { HostCheck } from './host-check.ts';
import type { HostReadings } from './host-readings.ts';

export function kernelChecks(host: HostReadings): readonly HostCheck[] {
  return [kvm(host), preemption(host), throttling(host), fairServer(host), rtGroups(host), serviceThreads(host), clock(host), nesting(host)];
}

function kvm({ kvmProblem }: HostReadings): HostCheck {
  return hostCheck({ name: 'kvm', wanted: 'KVM can be used', remedy: kvmProblem?.remedy ?? '' }, kvmProblem === undefined ? 'Pass' : 'Fail', kvmProblem?.reason ?? 'it can');
}

function preemption({ kernel: { release, preemptRt } }: HostReadings): HostCheck {
  return hostCheck({ name: 'realtime-kernel', wanted: 'a PREEMPT_RT kernel', remedy: 'install one (linux-image-rt-amd64 on Debian, kernel-rt on RHEL) and boot it; without it a FIFO thread waits for critical sections of the kernel' },
    preemptRt ? 'Pass' : 'Warn', `${release}, ${preemptRt ? 'PREEMPT_RT' : 'not PREEMPT_RT'}`);
}

/** With Linux 6.12 the fair server took the place of throttling. */
export function hasFairServer({ kernel: { release } }: { readonly kernel: Pick<HostReadings['kernel'], 'release'> }): boolean {
  const [major = 0, minor = 0] = release.split('.').map((part) => Number.parseInt(part, 10));
  return major > 6 || (major === 6 && minor >= 12);
}

function throttling(host: HostReadings): HostCheck {
  const { rtRuntimeUs } = host;
  const text = { name: 'rt-throttling', wanted: 'kernel.sched_rt_runtime_us = -1', remedy: 'sysctl -w kernel.sched_rt_runtime_us=-1, and in /etc/sysctl.d' };
  if (rtRuntimeUs === undefined) return hostCheck(text, 'Unknown', 'it cannot be read');
  return hostCheck(text, rtRuntimeUs === -1 ? 'Pass' : hasFairServer(host) ? 'Warn' : 'Fail', rtRuntimeUs === -1 ? '-1' : `${rtRuntimeUs}: realtime threads that use all of a CPU are stopped for the rest of each second`);
}

function fairServer(host: HostReadings): HostCheck {
  const { fairServer: runtimes, dedicatedCpus } = host;
  const text = { name: 'fair-server', wanted: 'runtime 0 on dedicated CPUs', remedy: `for c in ${dedicatedCpus.toArray().join(' ')}; do echo 0 > /sys/kernel/debug/sched/fair_server/cpu$c/runtime; done; or see that no ordinary thread ever wants these CPUs` };
  if (!hasFairServer(host) || dedicatedCpus.isEmpty) return hostCheck(text, 'Pass', dedicatedCpus.isEmpty ? 'no CPU is dedicated' : 'this kernel has none');
  if (runtimes === undefined) return hostCheck(text, 'Unknown', '/sys/kernel/debug/sched/fair_server cannot be seen');
  const on = [...runtimes].filter(([, runtime]) => runtime > 0).map(([cpu]) => cpu);
  return hostCheck(text, on.length === 0 ? 'Pass' : 'Warn', on.length === 0 ? '0' : `on for CPUs ${on.join(', ')}: a starved ordinary thread gets 50 ms of each second there`);
}

function rtGroups({ rtGroups: blocked, avoidsCpuController }: HostReadings): HostCheck {
  return hostCheck({ name: 'rt-group-scheduling', wanted: "threads in libvirt's cgroups may be SCHED_FIFO", remedy: blocked?.remedy ?? '' },
    blocked === undefined || avoidsCpuController ? 'Pass' : 'Fail', blocked === undefined ? 'they may' : avoidsCpuController ? 'libvirt is kept off the cpu controller' : blocked.reason);
}

/** Equal FIFO never pre-empts: a spinning vCPU starves each of these that is not above it. Rule 5.9. */
function serviceThreads({ kernel, serviceThreads: threads, maxPriority }: HostReadings): HostCheck {
  const text = {
    name: 'kernel-thread-priorities', wanted: `ktimers, rcuc and ksoftirqd of dedicated CPUs above the guests' priority (at most ${maxPriority} here)`,
    remedy: "rcutree.kthread_prio=11 on the kernel command line, chrt -f -p 11 PID for ktimers/N and ksoftirqd/N, and the RealtimeNode's spec.maxPriority below the lowest of them",
  };
  if (!kernel.preemptRt) return hostCheck(text, 'Pass', 'they matter on PREEMPT_RT alone');
  if (threads.length === 0) return hostCheck(text, 'Unknown', 'they cannot be seen');
  const lowest = Math.min(...threads.map(({ fifoPriority }) => fifoPriority));
  const observed = `lowest: ${threads.filter(({ fifoPriority }) => fifoPriority === lowest).slice(0, 3).map(({ comm }) => comm).join(', ')} at ${lowest === 0 ? 'no realtime priority' : `FIFO ${lowest}`}`;
  return hostCheck(text, lowest > maxPriority ? 'Pass' : lowest <= 1 ? 'Fail' : 'Warn', lowest > 1 && lowest <= maxPriority ? `${observed}; guests at ${lowest} or above may starve it` : observed);
}

function clock({ clockSource }: HostReadings): HostCheck {
  return hostCheck({ name: 'clock-source', wanted: 'tsc', remedy: 'kernel command line: tsc=reliable, where the CPU has an invariant TSC and the firmware does not disturb it' },
    clockSource === undefined ? 'Unknown' : clockSource === 'tsc' ? 'Pass' : 'Warn', clockSource ?? 'it cannot be read');
}

function nesting({ isGuest }: HostReadings): HostCheck {
  return hostCheck({ name: 'bare-metal', wanted: 'the host is a machine of its own', remedy: 'run realtime guests on a host that is no virtual machine, or pin and isolate its own vCPUs on the outer host' },
    isGuest ? 'Warn' : 'Pass', isGuest ? 'it is a virtual machine: its CPUs may be taken away from outside' : 'it is');
}
