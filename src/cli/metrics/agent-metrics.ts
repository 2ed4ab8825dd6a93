/** An agent's own metrics. Series of a VM go with it, so that a node has no more of them than its guests have vCPUs. */
import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import { placementFromWire } from '../../crds/placement-wire.ts';
import type { AllocatedGuest } from '../../crds/realtime-allocation.ts';
import type { Audit } from '../../realtime/finding.ts';
import type { ObservedProcess } from '../../realtime/observed.ts';
import type { AgentObserver } from '../../node-agent/agent-observer.ts';
import type { HostInventory } from '../../realtime/host.ts';
import { assertionCounter } from './invariant-metrics.ts';
import { nodeUse } from './node-use.ts';
import { VcpuCounters } from './vcpu-counters.ts';

interface Watched {
  readonly labels: { readonly namespace: string; readonly name: string };
  readonly counters: VcpuCounters;
  /** Which threads are its vCPUs, by its last audit, and of which process. */
  last: { readonly audit: Audit; readonly pid: number; readonly startTicks: bigint } | undefined;
}

/** How the agent and its host stand, asked whenever somebody reads the metrics. */
export interface AgentState {
  /** Whether audits keep their interval. */
  readonly auditsOnTime: () => boolean;
  readonly libvirtReached: () => boolean;
  /** The threads of a process as they are now; undefined where there is none (any more). */
  readonly observe: (pid: number) => ObservedProcess | undefined;
}

export function agentMetrics(registry: Registry, nodeName: string, { auditsOnTime, libvirtReached, observe }: AgentState): AgentObserver {
  const registers = [registry];
  const audits = new Counter({ name: 'rtvm_audits_total', help: 'Audits of running guests, by verdict.', labelNames: ['verdict'], registers });
  const findings = new Counter({ name: 'rtvm_audit_findings_total', help: 'Differences that audits found and read twice, by code; one that stays counts at each audit.', labelNames: ['code'], registers });
  const corrections = new Counter({ name: 'rtvm_corrections_total', help: 'Threads that were set right.', registers });
  const perVcpu = ['namespace', 'name', 'vcpu'] as const;
  // Both are read anew with each reading of the metrics: audits may be half a minute apart, and whoever looks, looks at now.
  const switches = new Counter({ name: 'rtvm_vcpu_involuntary_switches_total', help: 'How often something else took the CPU from a vCPU thread.', labelNames: perVcpu, registers, collect: () => watched.forEach(readAnew) });
  const runDelay = new Counter({ name: 'rtvm_vcpu_run_delay_seconds_total', help: 'Time for which a vCPU thread could have run and had no CPU.', labelNames: perVcpu, registers });
  const watched = new Map<string, Watched>();
  let guests: readonly AllocatedGuest[] = [];
  let inventory: HostInventory | undefined;

  new Gauge({ name: 'rtvm_audits_on_time', help: '1 while every guest that runs was audited in the last two intervals, else 0.', registers, collect() { this.set(auditsOnTime() ? 1 : 0); } });
  new Gauge({ name: 'rtvm_libvirt_reached', help: '1 while libvirt answers, else 0: nothing can be started or stopped then, and what runs is audited all the same.', registers, collect() { this.set(libvirtReached() ? 1 : 0); } });
  // Worked out when somebody asks: an agent that nobody scrapes does nothing for it.
  const use = () => (inventory === undefined ? undefined : nodeUse(guests, inventory));
  gauge('rtvm_vcpu_realtime', '1 for each realtime vCPU that a guest of this node has: those that nothing else should take the CPU from.', perVcpu, () => guests.flatMap(realtimeVcpus));
  gauge('rtvm_allocated_cpus', 'pCPUs that guests have to themselves.', ['node'], () => cpus(use()?.allocatedCpus));
  gauge('rtvm_allocatable_cpus', 'Dedicated pCPUs of the node.', ['node'], () => cpus(use()?.allocatableCpus));
  gauge('rtvm_allocated_hugepages', 'Huge pages that guests hold.', ['node', 'numa_node', 'size'], () => pages('allocated'));
  gauge('rtvm_allocatable_hugepages', 'Huge pages that guests may hold: all but the reserved ones.', ['node', 'numa_node', 'size'], () => pages('allocatable'));

  function count({ labels, counters }: Watched, audit: Audit, observed: ObservedProcess): void {
    for (const { vcpu, involuntarySwitches, runDelaySeconds } of counters.read(audit, observed)) {
      switches.inc({ ...labels, vcpu: String(vcpu) }, involuntarySwitches);
      runDelay.inc({ ...labels, vcpu: String(vcpu) }, runDelaySeconds);
    }
  }

  function readAnew(guest: Watched): void {
    const { last } = guest;
    if (last === undefined) return;
    const observed = observe(last.pid);
    // A process that has ended tells nothing more, and one that has its number since is another's.
    if (observed?.startTicks === last.startTicks) count(guest, last.audit, observed);
  }

  function gauge(name: string, help: string, labelNames: readonly string[], values: () => readonly (readonly [labels: Record<string, string>, value: number])[]): void {
    new Gauge({
      name, help, labelNames, registers,
      collect() {
        this.reset();
        for (const [labels, value] of values()) this.set(labels, value);
      },
    });
  }

  function cpus(count: number | undefined): readonly (readonly [Record<string, string>, number])[] {
    return count === undefined ? [] : [[{ node: nodeName }, count]];
  }

  function pages(which: 'allocated' | 'allocatable'): readonly (readonly [Record<string, string>, number])[] {
    return use()?.hugepages.map((row) => [{ node: nodeName, numa_node: String(row.numaNode), size: row.size }, row[which]] as const) ?? [];
  }

  return {
    audited: ({ uid, namespace, name }, audit, observed) => {
      audits.inc({ verdict: audit.verified ? 'verified' : audit.emulated ? 'unknown' : 'violated' });
      for (const { code } of audit.findings) findings.inc({ code });
      if (observed === undefined) return;
      const guest = watched.get(uid) ?? { labels: { namespace, name }, counters: new VcpuCounters(), last: undefined };
      watched.set(uid, guest);
      guest.last = { audit, pid: observed.pid, startTicks: observed.startTicks };
      count(guest, audit, observed);
    },
    correcting: (_, threads) => corrections.inc(threads),
    allocated: (now) => {
      guests = now;
      const present = new Set(now.map(({ vm }) => vm.uid));
      for (const [uid, { labels, counters }] of watched) {
        if (present.has(uid)) continue;
        watched.delete(uid);
        for (const vcpu of counters.vcpus) for (const counter of [switches, runDelay]) counter.remove({ ...labels, vcpu: String(vcpu) });
      }
    },
    offered: (now) => {
      inventory = now;
    },
    assertionFailed: assertionCounter(registry),
  };
}

function realtimeVcpus({ vm: { namespace, name }, placement }: AllocatedGuest): readonly (readonly [Record<string, string>, number])[] {
  const checked = placementFromWire(placement, 'placement');
  return checked.ok ? [...checked.value.realtimeVcpus].map((vcpu) => [{ namespace, name, vcpu: String(vcpu) }, 1]) : [];
}
