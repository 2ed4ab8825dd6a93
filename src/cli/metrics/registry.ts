/** The metrics that every process has, in a registry of its own. */
import process from 'node:process';
import { Counter, Gauge, Registry } from 'prom-client';
import { machineClock } from '../../runtime/clock.ts';

/**
 * prom-client's default metrics are left out on purpose: they watch the event loop with a timer that wakes the process a
 * hundred times a second. What is here is read when somebody asks.
 */
export function newRegistry(version: string): Registry {
  const registry = new Registry();
  const registers = [registry];
  new Gauge({ name: 'rtvm_build_info', help: 'Always 1; the labels say which rtvm this is, and which Node runs it.', labelNames: ['version', 'node_version'], registers })
    .set({ version, node_version: process.versions.node }, 1);
  new Gauge({ name: 'process_start_time_seconds', help: 'When the process started, in seconds since 1970.', registers }).set(Math.round(machineClock.date().getTime() / 1000 - process.uptime()));
  new Gauge({ name: 'process_resident_memory_bytes', help: 'Memory of the process that is in RAM.', registers, collect() { this.set(process.memoryUsage.rss()); } });
  new Gauge({ name: 'nodejs_heap_size_used_bytes', help: 'Heap of the process that is in use.', registers, collect() { this.set(process.memoryUsage().heapUsed); } });
  new Counter({
    name: 'process_cpu_seconds_total', help: 'CPU time of the process, user and system.', registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  return registry;
}
