/**
 * Lines of the kernel's trace (tracefs, text form), as far as they say who had a CPU when. Names in them are
 * anybody's.
 */

export type TraceEvent = { readonly cpu: number; readonly at: bigint; readonly pid: number } & (
  | { readonly kind: 'switch'; readonly prev: TraceTask & { readonly state: string }; readonly next: TraceTask }
  | { readonly kind: 'enter'; readonly work: InterruptWork }
  | { readonly kind: 'leave'; readonly work: 'irq' | 'softirq' }
  | { readonly kind: 'nmi'; readonly ns: number }
  | { readonly kind: 'tsc-offset'; readonly offset: bigint }
  /** What was written into the trace itself. */
  | { readonly kind: 'mark'; readonly text: string }
);

export interface TraceTask {
  readonly comm: string;
  readonly pid: number;
  /** The kernel's: 0 to 98 is FIFO or RR 99 to 1, -1 deadline, 100 and more ordinary. */
  readonly prio: number;
}

export interface InterruptWork {
  readonly kind: 'irq' | 'softirq';
  /** `24 nvme0q1`, `local timer`, `TIMER`. */
  readonly name: string;
}

const lineForm = /^\s*.{1,24}-(\d+)\s+(?:\([ \d-]+\)\s+)?\[(\d+)\]\s+\S+\s+(\d+): (\w+): (.*)$/;
const switchForm =
  /^prev_comm=(.*) prev_pid=(\d+) prev_prio=(-?\d+) prev_state=(\S+) ==> next_comm=(.*) next_pid=(\d+) next_prio=(-?\d+)$/;

/**
 * Of a trace whose clock counts in whole numbers (`x86-tsc`), in the order of the lines; what is of another form is
 * left out.
 */
export function parseTrace(text: string): readonly TraceEvent[] {
  return text.split('\n').flatMap((line) => parseLine(line) ?? []);
}

/** Events that the kernel has overwritten before they were read: `CPU:1 [LOST 123 EVENTS]`. */
export function hasLostEvents(text: string): boolean {
  return /^CPU:\d+ \[LOST \d+ EVENTS\]/m.test(text);
}

function parseLine(line: string): TraceEvent | undefined {
  const match = lineForm.exec(line);
  if (match === null) return undefined;
  const [, pid, cpu, at, name, rest] = match;
  const common = { cpu: Number(cpu), at: BigInt(at!), pid: Number(pid) };
  switch (name) {
    case 'sched_switch': {
      const parts = switchForm.exec(rest!);
      if (parts === null) return undefined;
      const [, prevComm, prevPid, prevPrio, state, nextComm, nextPid, nextPrio] = parts;
      return {
        ...common,
        kind: 'switch',
        prev: { comm: prevComm!, pid: Number(prevPid), prio: Number(prevPrio), state: state! },
        next: { comm: nextComm!, pid: Number(nextPid), prio: Number(nextPrio) },
      };
    }
    case 'irq_handler_entry': {
      const parts = /^irq=(\d+) name=(.*)$/.exec(rest!);
      return parts === null
        ? undefined
        : { ...common, kind: 'enter', work: { kind: 'irq', name: `${parts[1]!} ${parts[2]!}` } };
    }
    case 'irq_handler_exit':
      return { ...common, kind: 'leave', work: 'irq' };
    case 'softirq_entry': {
      const parts = /^vec=\d+ \[action=(\w+)\]$/.exec(rest!);
      return parts === null ? undefined : { ...common, kind: 'enter', work: { kind: 'softirq', name: parts[1]! } };
    }
    case 'softirq_exit':
      return { ...common, kind: 'leave', work: 'softirq' };
    case 'nmi_handler': {
      const parts = /delta_ns: (\d+)/.exec(rest!);
      return parts === null ? undefined : { ...common, kind: 'nmi', ns: Number(parts[1]) };
    }
    case 'tracing_mark_write':
      return { ...common, kind: 'mark', text: rest! };
    case 'kvm_write_tsc_offset': {
      const parts = /^vcpu=\d+ prev=\d+ next=(\d+)$/.exec(rest!);
      return parts === null ? undefined : { ...common, kind: 'tsc-offset', offset: BigInt(parts[1]!) };
    }
    default:
      return vectorEvent(name!, common);
  }
}

/** `local_timer_entry`, `reschedule_exit` of events/irq_vectors. */
function vectorEvent(
  name: string,
  common: { readonly cpu: number; readonly at: bigint; readonly pid: number },
): TraceEvent | undefined {
  const match =
    /^(local_timer|reschedule|call_function|call_function_single|irq_work|x86_platform_ipi|thermal_apic)_(entry|exit)$/.exec(
      name,
    );
  if (match === null) return undefined;
  if (match[2] === 'exit') return { ...common, kind: 'leave', work: 'irq' };
  return { ...common, kind: 'enter', work: { kind: 'irq', name: match[1]!.replaceAll('_', ' ') } };
}
