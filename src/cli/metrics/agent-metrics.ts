/** An agent's own metrics. Series of a VM go with it, so that a node has no more of them than its guests have vCPUs. */
import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { AllocatedGuest } from '../../crds/realtime-allocation.ts';
import type { AgentObserver } from '../../node-agent/agent-observer.ts';
import type { HostInventory } from '../../realtime/host.ts';
import { nodeUse } from './node-use.ts';
import { VcpuCounters } from './vcpu-counters.ts';

interface Watched {
  readonly labels: { readonly namespace: string; readonly name: string };
  readonly counters: VcpuCounters;
}

/** @param isOnTime - whether audits keep their interval, asked whenever somebody reads the metrics. */
export function agentMetrics(registry: Registry, nodeName: string, isOnTime: () => boolean): AgentObserver {
  const registers = [registry];
  const audits = new Counter({ name: 'rtvm_audits_total', help: 'Audits of running guests, by verdict.', labelNames: ['verdict'], registers });
  const findings = new Counter({ name: 'rtvm_audit_findings_total', help: 'Differences that audits found and read twice, by code; one that stays counts at each audit.', labelNames: ['code'], registers });
  const corrections = new Counter({ name: 'rtvm_corrections_total', help: 'Threads that were set right.', registers });
  const perVcpu = ['namespace', 'name', 'vcpu'] as const;
  const switches = new Counter({ name: 'rtvm_vcpu_involuntary_switches_total', help: 'How often something else took the CPU from a vCPU thread.', labelNames: perVcpu, registers });
  const runDelay = new Counter({ name: 'rtvm_vcpu_run_delay_seconds_total', help: 'Time for which a vCPU thread could have run and had no CPU.', labelNames: perVcpu, registers });
  const watched = new Map<string, Watched>();
  let guests: readonly AllocatedGuest[] = [];
  let inventory: HostInventory | undefined;

  new Gauge({ name: 'rtvm_audits_on_time', help: '1 while every guest that runs was audited in the last two intervals, else 0.', registers, collect() { this.set(isOnTime() ? 1 : 0); } });
  // Worked out when somebody asks: an agent that nobody scrapes does nothing for it.
  const use = () => (inventory === undefined ? undefined : nodeUse(guests, inventory));
  gauge('rtvm_allocated_cpus', 'pCPUs that guests have to themselves.', ['node'], () => cpus(use()?.allocatedCpus));
  gauge('rtvm_allocatable_cpus', 'Dedicated pCPUs of the node.', ['node'], () => cpus(use()?.allocatableCpus));
  gauge('rtvm_allocated_hugepages', 'Huge pages that guests hold.', ['node', 'numa_node', 'size'], () => pages('allocated'));
  gauge('rtvm_allocatable_hugepages', 'Huge pages that guests may hold: all but the reserved ones.', ['node', 'numa_node', 'size'], () => pages('allocatable'));

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
      audits.inc({ verdict: audit.verified ? 'verified' : 'violated' });
      for (const { code } of audit.findings) findings.inc({ code });
      if (observed === undefined) return;
      const guest = watched.get(uid) ?? { labels: { namespace, name }, counters: new VcpuCounters() };
      watched.set(uid, guest);
      for (const { vcpu, involuntarySwitches, runDelaySeconds } of guest.counters.read(audit, observed)) {
        switches.inc({ ...guest.labels, vcpu: String(vcpu) }, involuntarySwitches);
        runDelay.inc({ ...guest.labels, vcpu: String(vcpu) }, runDelaySeconds);
      }
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
  };
}
