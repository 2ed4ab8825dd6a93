/**
 * A tracefs instance of our own: what had each CPU when, in a ring that is overwritten until somebody asks. Nothing
 * outside of it is
 * changed: its clock, events and CPUs are its own, and all of it goes with its directory.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostRoot } from '../node-agent/host/host-root.ts';
import { reasonOf } from '../node-agent/host/host-root.ts';
import type { CpuSet } from '../realtime/cpu-set.ts';
import { parseTrace } from '../realtime/latency/trace-lines.ts';
import type { TraceEvent } from '../realtime/latency/trace-lines.ts';
import { LatencyError } from './latency-error.ts';

const instanceName = 'rtvm-latency';
/** Some 60,000 events for each CPU: seconds of a busy one. */
const ringKib = 4096;
/** KVM says how the guest's TSC and the host's are related when it makes a vCPU, and whenever that changes: seldom. */
const offsetEvent = 'kvm/kvm_write_tsc_offset';
/** Those that a kernel does not have are left out, but for the first. */
const recordedEvents = [
  'sched/sched_switch',
  'irq/irq_handler_entry',
  'irq/irq_handler_exit',
  'irq/softirq_entry',
  'irq/softirq_exit',
  ...[
    'local_timer',
    'reschedule',
    'call_function',
    'call_function_single',
    'irq_work',
    'x86_platform_ipi',
    'thermal_apic',
  ].flatMap((vector) => [`irq_vectors/${vector}_entry`, `irq_vectors/${vector}_exit`]),
  'nmi/nmi_handler',
];
const tracefsMagic = 0x74726163;

/** Where tracefs is mounted; undefined where it is not. Nothing is mounted for it. */
export function findTracefs(root: HostRoot): string | undefined {
  return [join(root.sys, 'kernel/tracing'), join(root.sys, 'kernel/debug/tracing')].find((path) => {
    try {
      return statfsSync(path).type === tracefsMagic && existsSync(join(path, 'instances'));
    } catch {
      return false;
    }
  });
}

export class Tracing implements Disposable {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * For the holder of the measurement's lock: an instance of that name is what one that was killed has left.
   * @throws LatencyError `TRACING_UNAVAILABLE`; `TRACING_BUSY` where another tracer is on, which is left alone.
   */
  static start(root: HostRoot): Tracing {
    const tracefs = findTracefs(root);
    if (tracefs === undefined)
      throw new LatencyError(
        'TRACING_UNAVAILABLE',
        'tracefs is not there, so nobody can say what ran instead of the guest: mount -t tracefs tracefs '
          + '/sys/kernel/tracing, as root of the host and not of a pod',
      );
    const directory = join(tracefs, 'instances', instanceName);
    try {
      const tracer = readFileSync(join(tracefs, 'current_tracer'), 'utf8').trim();
      if (tracer !== 'nop')
        throw new LatencyError(
          'TRACING_BUSY',
          `the tracer ${tracer} is on (${tracefs}/current_tracer): it would slow what is measured, and belongs to `
            + `somebody; end it, or measure without --why`,
        );
      if (existsSync(directory)) rmdirSync(directory);
      mkdirSync(directory);
      const tracing = new Tracing(directory);
      try {
        tracing.#setUp();
        return tracing;
      } catch (error) {
        tracing[Symbol.dispose]();
        throw error;
      }
    } catch (error) {
      if (error instanceof LatencyError) throw error;
      throw new LatencyError(
        'TRACING_UNAVAILABLE',
        `the kernel's trace cannot be used (${reasonOf(error)}): it takes root on the host; measure without --why`,
        { cause: error },
      );
    }
  }

  #setUp(): void {
    this.#write('tracing_on', '0');
    this.#write('trace_clock', 'x86-tsc');
    this.#write('buffer_size_kb', String(ringKib));
    this.#enable(offsetEvent);
    this.#write('tracing_on', '1');
  }

  /**
   * Begins to record who has which CPU; until then there is next to nothing in the ring, and next to nothing to
   * read.
   */
  record(): void {
    for (const [index, event] of recordedEvents.entries()) {
      if (index === 0 || existsSync(join(this.#directory, 'events', event))) this.#enable(event);
    }
  }

  /** Writes into the trace itself, so that it says when that was. */
  mark(text: string): void {
    this.#write('trace_marker', text);
  }

  /** Ends that, and empties the ring. */
  pause(): void {
    for (const group of ['sched', 'irq', 'irq_vectors', 'nmi']) {
      if (existsSync(join(this.#directory, 'events', group))) this.#write(join('events', group, 'enable'), '0');
    }
    this.#write('trace', '\n');
  }

  /** The events of these CPUs that the ring still has. */
  read(cpus: CpuSet): readonly TraceEvent[] {
    return cpus
      .toArray()
      .flatMap((cpu) => parseTrace(readFileSync(join(this.#directory, 'per_cpu', `cpu${cpu}`, 'trace'), 'latin1')));
  }

  [Symbol.dispose](): void {
    try {
      this.#write('tracing_on', '0');
    } finally {
      rmdirSync(this.#directory);
    }
  }

  #enable(event: string): void {
    this.#write(join('events', event, 'enable'), '1');
  }

  #write(file: string, value: string): void {
    writeFileSync(join(this.#directory, file), value);
  }
}
