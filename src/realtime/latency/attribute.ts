/** From the kernel's trace: who had a vCPU's CPU while one of its samples was late. */
import type { Attribution, Cause } from './late.ts';
import type { TraceEvent, TraceTask } from './trace-lines.ts';

export interface LateSpan {
  /** The vCPU's thread. */
  readonly tid: number;
  /** In ticks of the trace's clock: a guest's TSC less its offset. */
  readonly from: bigint;
  readonly to: bigint;
  readonly tscKhz: number;
  /** The thread is SCHED_FIFO. */
  readonly fifo: boolean;
}

export interface TracedHost {
  /** From Linux 6.12 on: the fair server, and not RT throttling, is what takes a CPU from a FIFO thread. */
  readonly hasFairServer: boolean;
  /** It is a virtual machine: its CPUs may be taken away without its seeing it. */
  readonly isGuest: boolean;
  /** The policy of a thread that is still there: `FIFO`. */
  readonly policyOf: (tid: number) => string | undefined;
}

/** Less than this share of the time explained is no explanation. */
export const leastShare = 0.8;

interface Held {
  readonly cause: Cause;
  readonly what: string;
  readonly from: bigint;
  readonly to: bigint;
}

/**
 * @param events of the CPUs that the thread may have run on, each CPU's in order. The trace must reach back to
 * before the span, or nothing
 * is known.
 * @returns the largest share first; one `unknown` where less than {@link leastShare} of the time is accounted for.
 */
export function attribute(span: LateSpan, events: readonly TraceEvent[], host: TracedHost): readonly Attribution[] {
  const ordered = events.toSorted((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0));
  if (ordered[0] === undefined || ordered[0].at > span.from)
    return [unknown('the trace does not reach back to it', 0)];
  const { held, running } = walk(ordered, span, host);
  const shares = new Map<string, { cause: Cause; what: string; ticks: bigint }>();
  for (const { cause, what, from, to } of held) {
    const ticks = overlap(from, to, span);
    if (ticks <= 0n) continue;
    const key = `${cause} ${what}`;
    shares.set(key, { cause, what, ticks: (shares.get(key)?.ticks ?? 0n) + ticks });
  }
  const all = Number(span.to - span.from);
  const attributions = [...shares.values()]
    .map(({ cause, what, ticks }): Attribution => ({
      cause,
      what,
      share: Number(ticks) / all,
      remedy: remedies[cause],
    }))
    .sort((one, other) => other.share - one.share);
  const explained = attributions.reduce((sum, { share }) => sum + share, 0);
  if (explained >= leastShare) return attributions.filter(({ share }) => share >= 0.01);
  const hadCpu = running.reduce((sum, { from, to }) => sum + Number(maxOf(0n, overlap(from, to, span))), 0) / all;
  if (hadCpu >= leastShare) return byExclusion(hadCpu, explained, host);
  const most = attributions[0];
  return [
    unknown(
      most === undefined
        ? 'nothing was seen that would account for it'
        : `what was seen accounts for ${percent(explained)} of the time, most of it ${most.what}`,
      0,
    ),
  ];
}

/** The thread had its CPU, and no interrupt of this host took the time. */
function byExclusion(hadCpu: number, explained: number, { isGuest }: TracedHost): readonly Attribution[] {
  const seen = `the thread had its CPU for ${percent(hadCpu)} of the time, interrupts of this host for `
    + percent(explained);
  if (isGuest)
    return [
      unknown(`${seen}: taken from outside, as this host is a virtual machine, or spent in the guest's own exits`, 0),
    ];
  return [{ cause: 'hardware', what: `by exclusion: ${seen}`, share: hadCpu, remedy: remedies.hardware }];
}

function walk(
  events: readonly TraceEvent[],
  span: LateSpan,
  host: TracedHost,
): { held: Held[]; running: { from: bigint; to: bigint }[] } {
  const held: Held[] = [];
  const running: { from: bigint; to: bigint }[] = [];
  /** Since when the thread has been off its CPU, where it left it, and who has that CPU since when. */
  let off: { cpu: number; state: string; since: bigint; task: TraceTask; taskSince: bigint } | undefined;
  let on: { cpu: number; since: bigint } | undefined;
  const interrupts = new Map<number, { cause: Cause; what: string; since: bigint }[]>();
  for (const event of events) {
    switch (event.kind) {
      case 'switch':
        if (event.prev.pid === span.tid) {
          if (on !== undefined) running.push({ from: on.since, to: event.at });
          on = undefined;
          off = { cpu: event.cpu, state: event.prev.state, since: event.at, task: event.next, taskSince: event.at };
        } else if (off?.cpu === event.cpu) {
          // By the name that it leaves with: it may have executed another program since it came.
          const task = event.prev.pid === off.task.pid ? event.prev : off.task;
          held.push({ ...causeOf({ ...off, task }, span, host), from: off.taskSince, to: event.at });
          off = { ...off, task: event.next, taskSince: event.at };
        }
        if (event.next.pid === span.tid) {
          if (off !== undefined && off.cpu !== event.cpu)
            held.push({ ...causeOf(off, span, host), from: off.taskSince, to: event.at });
          off = undefined;
          on = { cpu: event.cpu, since: event.at };
        }
        break;
      case 'enter': {
        if (event.pid !== span.tid) break;
        const what = event.work.kind === 'irq' ? `IRQ ${event.work.name}` : `softirq ${event.work.name}`;
        interrupts.set(event.cpu, [
          ...(interrupts.get(event.cpu) ?? []),
          { cause: event.work.kind, what, since: event.at },
        ]);
        break;
      }
      case 'leave': {
        const stack = interrupts.get(event.cpu) ?? [];
        const inner = stack.at(-1);
        if (event.pid !== span.tid || inner === undefined) break;
        interrupts.set(event.cpu, stack.slice(0, -1));
        // What is inside another is that one's time, too: counted once, as the outer.
        if (stack.length === 1) held.push({ cause: inner.cause, what: inner.what, from: inner.since, to: event.at });
        break;
      }
      case 'nmi':
        if (event.pid === span.tid)
          held.push({
            cause: 'nmi',
            what: 'NMI',
            from: event.at - BigInt(Math.round((event.ns * span.tscKhz) / 1e6)),
            to: event.at,
          });
        break;
      case 'tsc-offset':
      case 'mark':
        break;
    }
  }
  if (off !== undefined) held.push({ ...causeOf(off, span, host), from: off.taskSince, to: span.to });
  if (on !== undefined) running.push({ from: on.since, to: span.to });
  return { held, running };
}

/** Why the thread was not on its CPU while that task was. */
function causeOf(
  { state, task }: { readonly state: string; readonly task: TraceTask },
  span: LateSpan,
  host: TracedHost,
): { readonly cause: Cause; readonly what: string } {
  if (/^[Tt]/.test(state)) return { cause: 'stopped', what: 'the domain was stopped' };
  if (!state.startsWith('R')) return { cause: 'unknown', what: `its own thread slept (state ${state})` };
  // Nothing else makes an ordinary thread run before a FIFO one that is ready.
  if (span.fifo && task.prio >= 100 && task.pid !== 0) {
    return host.hasFairServer
      ? { cause: 'fair-server', what: `the fair server ran ${threadTitle(task, host)}` }
      : { cause: 'rt-throttling', what: `RT throttling ran ${threadTitle(task, host)}` };
  }
  if (task.pid === 0)
    return span.fifo && !host.hasFairServer
      ? { cause: 'rt-throttling', what: 'RT throttling left the CPU idle' }
      : { cause: 'unknown', what: 'the CPU was idle though the thread was ready' };
  return { cause: 'thread', what: threadTitle(task, host) };
}

function threadTitle({ comm, pid, prio }: TraceTask, { policyOf }: TracedHost): string {
  const class_ =
    prio < 0
      ? 'DEADLINE'
      : prio < 100
        ? `${policyOf(pid) ?? 'realtime'} ${99 - prio}`
        : `${policyOf(pid) ?? 'OTHER'}, nice ${prio - 120}`;
  return `${comm} (pid ${pid}, ${class_})`;
}

/** What would end it, by the host check or setting of that name. */
const remedies: Readonly<Partial<Record<Cause, string>>> = {
  'irq':
    "keep interrupts off the guest's CPUs: host check interrupts; a local timer goes with nohz_full (host check "
      + "tickless-cpus)",
  'softirq':
    'softirqs follow the interrupts and timers of their CPU: host checks interrupts, tickless-cpus and rcu-callbacks',
  'thread':
    "keep other threads off the guest's CPUs (host check isolated-cpus), or give the guest a higher priority "
      + "(spec.cpu.realtime.priority)",
  'rt-throttling': 'host check rt-throttling: kernel.sched_rt_runtime_us = -1',
  'fair-server': "host check fair-server: runtime 0 on the guest's CPUs, or no ordinary thread that wants them",
  'nmi': 'switch off the NMI watchdog (kernel.nmi_watchdog=0) and stop perf on these CPUs',
  'hardware':
    "ask the firmware (BIOS) set-up for its realtime profile: power states, SMIs, corrected-error reporting; "
      + "hwlat and the vendor's tools tell more",
  'steal': 'run realtime guests on a host that is no virtual machine (host check bare-metal)',
  'stopped': 'find who stops the domain: a debugger, a snapshot, a signal',
};

function unknown(what: string, share: number): Attribution {
  return { cause: 'unknown', what, share };
}

function overlap(from: bigint, to: bigint, span: LateSpan): bigint {
  return (to < span.to ? to : span.to) - maxOf(from, span.from);
}

function maxOf(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}

function percent(share: number): string {
  return `${Math.round(100 * share)}%`;
}
