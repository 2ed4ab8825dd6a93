/**
 * Finds out, while a turn goes on, what kept a vCPU from running in the windows whose largest sample was beyond the
 * threshold.
 */
import { policyName } from './policy-name.ts';
import type { HostRoot } from '../node-agent/host/host-root.ts';
import { readOnlineCpus } from '../node-agent/host/topology.ts';
import type { CpuSet } from '../realtime/cpu-set.ts';
import { attribute, leastShare } from '../realtime/latency/attribute.ts';
import type { TracedHost } from '../realtime/latency/attribute.ts';
import { tscOffset } from '../realtime/latency/guest-clock.ts';
import type { GuestClock } from '../realtime/latency/guest-clock.ts';
import type { Attribution } from '../realtime/latency/late.ts';
import type { ProbeWindow } from '../realtime/latency/probe-report.ts';
import type { TraceEvent } from '../realtime/latency/trace-lines.ts';
import { withSetting } from '../realtime/latency/setting.ts';
import type { MeasuredGuest, Setting } from '../realtime/latency/setting.ts';
import { pinCpus } from '../realtime/placement.ts';
import type { Clock } from '../runtime/clock.ts';
import { StoppedWatch } from './stopped.ts';
import type { StoppedSpan } from './stopped.ts';
import type { Tracing } from './tracing.ts';
import type { ProbeProcess, TurnWatch } from './turn.ts';

export interface LateWatchOptions {
  readonly root: HostRoot;
  readonly clock: Clock;
  /** Undefined where the kernel's trace cannot be used: then only a stopped process is seen. */
  readonly tracing: Tracing | undefined;
  readonly thresholdUs: number;
  readonly host: Pick<TracedHost, 'hasFairServer' | 'isGuest'>;
  readonly measured: MeasuredGuest;
  readonly setting: Setting;
}

/** A late sample before its time is known: that takes the whole turn's lines. */
export interface LateWindow {
  readonly window: ProbeWindow;
  readonly attributions: readonly Attribution[];
}

/**
 * Reading the ring costs time, on a shared CPU: so many late samples of a turn are explained, and the rest only
 * counted.
 */
const mostExplained = 200;

const startMark = 'rtvm-latency begins';

export class LateWatch implements TurnWatch {
  readonly #options: LateWatchOptions;
  readonly #process: ProbeProcess;
  readonly #stopped: StoppedWatch;
  readonly #late: LateWindow[] = [];
  readonly #pins: ReadonlyMap<number, CpuSet>;
  readonly #offsets = new Map<number, bigint>();
  /** The host's TSC before the guest's first instruction. */
  readonly #startedTsc: bigint | undefined;

  constructor(options: LateWatchOptions, process: ProbeProcess) {
    this.#options = options;
    this.#process = process;
    this.#stopped = new StoppedWatch(options.root, process.pid, options.clock);
    const { placement } = withSetting(options.measured, options.setting);
    this.#pins = new Map(placement.vcpuPins.map((pin) => [pin.vcpu, pinCpus(pin)]));
    // KVM says so when it makes the vCPU, on whichever CPU that was, long before anybody is late.
    if (options.tracing === undefined) return;
    options.tracing.mark(startMark);
    const events = options.tracing.read(readOnlineCpus(options.root));
    this.#noteOffsets(events);
    this.#startedTsc = events.findLast((event) => event.kind === 'mark' && event.text === startMark)?.at;
    options.tracing.record();
  }

  /** To be called as soon as a window is here: the ring is being overwritten. */
  look(window: ProbeWindow, tscKhz: number): void {
    if (window.histogram.maxUs <= this.#options.thresholdUs || this.#late.length >= mostExplained) return;
    this.#late.push({ window, attributions: this.#attribute(window, tscKhz) });
  }

  /** With what is known once the guest's clock is: where the trace does not say it, that the process was stopped. */
  finish(clock: GuestClock): readonly LateWindow[] {
    return this.#late.map(({ window, attributions }) =>
      attributions[0]?.cause === 'unknown'
        ? { window, attributions: stoppedShare(window, clock, this.#stopped.spans) ?? attributions }
        : { window, attributions },
    );
  }

  [Symbol.dispose](): void {
    this.#stopped[Symbol.dispose]();
    this.#options.tracing?.pause();
  }

  #attribute({ vcpu, maxAt, from, to: end, histogram }: ProbeWindow, tscKhz: number): readonly Attribution[] {
    const { tracing, root, host, measured, setting } = this.#options;
    const tid = this.#process.vcpuThreads.get(vcpu);
    const cpus = this.#pins.get(vcpu);
    if (tracing === undefined || tid === undefined || cpus === undefined)
      return [nothing('the kernel was not traced')];
    const events = tracing.read(cpus);
    this.#noteOffsets(events);
    const seenTsc = events.reduce((latest, { at }) => (at > latest ? at : latest), 0n);
    const bounds = { from, to: end, startedTsc: this.#startedTsc ?? 0n, seenTsc, tscKhz };
    const offset = tscOffset(this.#offsets.get(tid), bounds);
    if (offset === undefined) return [nothing("it is not known how the guest's clock and the trace's are related")];
    const to = BigInt.asUintN(64, maxAt - offset);
    const fifo = withSetting(measured, setting).placement.realtimeVcpus.has(vcpu);
    const span = { tid, from: to - BigInt(Math.round((histogram.maxUs * tscKhz) / 1000)), to, tscKhz, fifo };
    return attribute(span, events, { ...host, policyOf: (thread) => policyName(root, thread) });
  }

  #noteOffsets(events: readonly TraceEvent[]): void {
    for (const event of events) if (event.kind === 'tsc-offset') this.#offsets.set(event.pid, event.offset);
  }
}

function nothing(what: string): Attribution {
  return { cause: 'unknown', what, share: 0 };
}

/** Counted only as far as it holds wherever within the clock's error the sample was. */
function stoppedShare(
  { maxAt, histogram: { maxUs } }: ProbeWindow,
  clock: GuestClock,
  spans: readonly StoppedSpan[],
): readonly Attribution[] | undefined {
  const lengthMs = maxUs / 1000;
  const shares = [0, clock.errorMs].map((early) => {
    const to = clock.hostMs(maxAt) - early;
    return (
      spans.reduce(
        (sum, { fromMs, toMs }) => sum + Math.max(0, Math.min(to, toMs) - Math.max(to - lengthMs, fromMs)),
        0,
      ) / lengthMs
    );
  });
  const share = Math.min(...shares);
  if (share < leastShare) return undefined;
  return [
    {
      cause: 'stopped',
      what: "the domain's process was stopped",
      share,
      remedy: 'find who stops the domain: a debugger, a snapshot, a signal',
    },
  ];
}
