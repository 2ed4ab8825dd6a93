/** Checks of who may run on the CPUs of guests. Sources: kernel doc kernel-parameters, timers/no_hz, core-api/irq, sched-rt-group. */
import { CpuSet } from '../cpu-set.ts';
import { hostCheck } from './host-check.ts';
import type { HostCheck } from './host-check.ts';
import type { HostReadings } from './host-readings.ts';

const listOf = (cpus: CpuSet) => (cpus.isEmpty ? 'none' : cpus.toString());

export function cpuChecks(host: HostReadings): readonly HostCheck[] {
  // Without any, there is nothing to keep free.
  if (host.dedicatedCpus.isEmpty) return [dedicated(host), sharedAreBalanced(host)];
  return [dedicated(host), isolation(host), sharedAreBalanced(host), tickless(host), rcuCallbacks(host), wholeCores(host), interrupts(host), governor(host), kubelet(host)];
}

function dedicated({ dedicatedCpus, sharedCpus }: HostReadings): HostCheck {
  return hostCheck({ name: 'dedicated-cpus', wanted: 'CPUs that guests may have to themselves, and others for the host', remedy: 'set spec.dedicatedCpus and spec.sharedCpus of the RealtimeNode, or isolate CPUs (isolcpus=)' },
    dedicatedCpus.isEmpty ? 'Fail' : sharedCpus.isEmpty ? 'Warn' : 'Pass', `dedicated ${listOf(dedicatedCpus)}, shared ${listOf(sharedCpus)}`);
}

function isolation({ dedicatedCpus, isolated }: HostReadings): HostCheck {
  const missing = dedicatedCpus.minus(isolated);
  return hostCheck({ name: 'isolated-cpus', wanted: `isolated: ${listOf(dedicatedCpus)}`, remedy: `kernel command line: isolcpus=managed_irq,domain,${dedicatedCpus.toString()}` },
    missing.isEmpty ? 'Pass' : 'Fail', missing.isEmpty ? `isolated: ${listOf(isolated)}` : `isolated: ${listOf(isolated)}; the scheduler puts ordinary tasks on ${missing.toString()} too`);
}

/** Nothing balances over isolated CPUs: what floats there stays on the first. */
function sharedAreBalanced({ sharedCpus, isolated }: HostReadings): HostCheck {
  const stuck = sharedCpus.intersection(isolated);
  return hostCheck({ name: 'shared-cpus-balanced', wanted: 'no shared CPU is isolated', remedy: `take ${stuck.toString()} out of isolcpus=, or out of spec.sharedCpus` },
    stuck.isEmpty ? 'Pass' : 'Fail', stuck.isEmpty ? 'none is' : `isolated and shared: ${stuck.toString()}`);
}

function tickless({ dedicatedCpus, nohzFull }: HostReadings): HostCheck {
  const missing = dedicatedCpus.minus(nohzFull);
  return hostCheck({ name: 'tickless-cpus', wanted: `nohz_full: ${listOf(dedicatedCpus)}`, remedy: `kernel command line: nohz_full=${dedicatedCpus.toString()}` },
    missing.isEmpty ? 'Pass' : 'Warn', `nohz_full: ${listOf(nohzFull)}`);
}

/** nohz_full implies it for the same CPUs. */
function rcuCallbacks({ dedicatedCpus, nohzFull, rcuNocbs }: HostReadings): HostCheck {
  const off = nohzFull.union(rcuNocbs ?? CpuSet.empty());
  return hostCheck({ name: 'rcu-callbacks', wanted: `offloaded from ${listOf(dedicatedCpus)}`, remedy: `kernel command line: rcu_nocbs=${dedicatedCpus.toString()}` },
    dedicatedCpus.isSubsetOf(off) ? 'Pass' : 'Warn', `offloaded from ${listOf(off)}`);
}

function wholeCores({ dedicatedCpus, cores }: HostReadings): HostCheck {
  const split = cores.filter((core) => !core.intersection(dedicatedCpus).isEmpty && !core.isSubsetOf(dedicatedCpus));
  return hostCheck({ name: 'whole-cores', wanted: 'SMT siblings are dedicated together', remedy: 'offer both siblings of a core in spec.dedicatedCpus, or neither' },
    split.length === 0 ? 'Pass' : 'Warn', split.length === 0 ? 'they are' : `split cores: ${split.map(String).join(' and ')}`);
}

function interrupts({ dedicatedCpus, sharedCpus, defaultIrqCpus, irqsOnDedicated, irqbalanceRuns }: HostReadings): HostCheck {
  const text = {
    name: 'interrupts', wanted: `no interrupt on ${listOf(dedicatedCpus)}`,
    remedy: `kernel command line: irqaffinity=${sharedCpus.toString()}; irqbalance off, or IRQBALANCE_BANNED_CPULIST=${dedicatedCpus.toString()} in /etc/default/irqbalance`,
  };
  if (defaultIrqCpus === undefined) return hostCheck(text, 'Unknown', '/proc/irq cannot be seen');
  const wrong = [
    ...(defaultIrqCpus.intersection(dedicatedCpus).isEmpty ? [] : [`new ones go to ${defaultIrqCpus.toString()}`]),
    ...(irqsOnDedicated.length === 0 ? [] : [`delivered there: IRQ ${irqsOnDedicated.slice(0, 8).join(', ')}${irqsOnDedicated.length > 8 ? ` and ${irqsOnDedicated.length - 8} more` : ''}`]),
    ...(irqbalanceRuns ? ['irqbalance runs'] : []),
  ];
  return hostCheck(text, wrong.length === 0 ? 'Pass' : 'Warn', wrong.length === 0 ? 'none is delivered there' : wrong.join('; '));
}

function governor({ governors }: HostReadings): HostCheck {
  const slow = [...governors].filter(([, name]) => name !== 'performance');
  return hostCheck({ name: 'cpu-frequency', wanted: 'the governor performance on dedicated CPUs', remedy: 'cpupower frequency-set -g performance' },
    slow.length === 0 ? 'Pass' : 'Warn', slow.length > 0 ? slow.map(([cpu, name]) => `CPU ${cpu}: ${name}`).join(', ') : governors.size === 0 ? 'the kernel scales no frequency' : 'performance');
}

/** Static policy with strict-cpu-reservation takes reserved CPUs out of what it gives to all pods: KEP-4540. */
function kubelet({ dedicatedCpus, kubelet: found, seesFiles }: HostReadings): HostCheck {
  const text = {
    name: 'kubelet-cpus', wanted: `kubelet gives ${listOf(dedicatedCpus)} to no pod`,
    remedy: `kubelet's configuration: cpuManagerPolicy: static, cpuManagerPolicyOptions: {strict-cpu-reservation: "true"}, reservedSystemCPUs: "${dedicatedCpus.toString()}"; then drain, stop kubelet, remove /var/lib/kubelet/cpu_manager_state, and start it`,
  };
  if (!seesFiles) return hostCheck(text, 'Unknown', "the host's files cannot be seen from here");
  if (found === undefined) return hostCheck(text, 'Pass', 'there is no kubelet');
  if (found.defaultCpus === undefined || found.policy === 'none') return hostCheck(text, 'Warn', `its CPU manager's policy is ${found.policy}: pods that tolerate the node's taint run on any CPU`);
  const given = found.defaultCpus.intersection(dedicatedCpus);
  return hostCheck(text, given.isEmpty ? 'Pass' : 'Fail', `pods share ${listOf(found.defaultCpus)}`);
}
