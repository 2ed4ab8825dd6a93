/** One turn: a probe domain started, listened to for a while, verified, and ended. */
import { dirname } from 'node:path';
import { correctThread } from '../node-agent/host/process-control.ts';
import { ProcessReader } from '../node-agent/host/process-reader.ts';
import { qemuPid } from '../node-agent/host/qemu-pid.ts';
import type { HostRoot } from '../node-agent/host/host-root.ts';
import type { LibvirtClient } from '../libvirt/client.ts';
import type { VirtType } from '../realtime/domain/domain-input.ts';
import type { DomainHostFacts } from '../realtime/domain/host-facts.ts';
import { renderProbeDomain } from '../realtime/domain/render-probe.ts';
import type { Audit } from '../realtime/finding.ts';
import { relateClocks, wrongRate } from '../realtime/latency/guest-clock.ts';
import type { ClockReading, GuestClock } from '../realtime/latency/guest-clock.ts';
import type { HeaderLine } from '../realtime/latency/probe-lines.ts';
import { ProbeReport } from '../realtime/latency/probe-report.ts';
import type { ProbeEvent, ProbeLosses, ProbeWindow, Worst } from '../realtime/latency/probe-report.ts';
import { measuredVcpus, withSetting } from '../realtime/latency/setting.ts';
import type { MeasuredGuest, Setting } from '../realtime/latency/setting.ts';
import { audit } from '../realtime/verify/audit.ts';
import { placements } from '../realtime/verify/corrections.ts';
import type { Clock, Timer } from '../runtime/clock.ts';
import { LatencyError } from './latency-error.ts';
import { ProbeDomain } from './probe-domain.ts';

export interface Sampling {
  readonly sampler: 'spin' | 'timer';
  readonly intervalUs: number;
  readonly idle: 'halt' | 'poll';
}

export interface TurnOptions {
  readonly client: LibvirtClient;
  readonly clock: Clock;
  /** The domain's; nobody else has it. */
  readonly uuid: string;
  readonly root: HostRoot;
  /** libvirt's socket; beside it libvirt keeps pid files. */
  readonly socketPath: string;
  /** Of the probe's own files; it exists. */
  readonly directory: string;
  readonly rom: string;
  readonly measured: MeasuredGuest;
  readonly setting: Setting;
  readonly sampling: Sampling;
  readonly windowMs: number;
  /** How much time of each vCPU is to be measured. */
  readonly durationMs: number;
  readonly virtType: VirtType;
  readonly host: DomainHostFacts;
  /** Called before the guest's first instruction, with the domain's process. */
  readonly watch?: ((process: ProbeProcess) => TurnWatch) | undefined;
  /** How much of the time has been measured, and the largest sample so far. */
  readonly progress: (measuredMs: number, worstUs: number) => void;
}

/** Somebody who looks at each window as soon as it is here; disposed of before the domain is ended. */
export interface TurnWatch extends Disposable {
  look(window: ProbeWindow, tscKhz: number): void;
}

export interface ProbeProcess {
  readonly pid: number;
  /** Thread of each measuring vCPU. */
  readonly vcpuThreads: ReadonlyMap<number, number>;
}

export interface Turn {
  readonly setting: Setting;
  readonly header: HeaderLine;
  /** In the order in which they were reported. */
  readonly windows: readonly ProbeWindow[];
  readonly losses: ProbeLosses;
  readonly worst: ReadonlyMap<number, Worst>;
  readonly audit: Audit;
  /** Relates the guest's TSC to the measurement's clock. */
  readonly guestClock: GuestClock;
  readonly process: ProbeProcess;
}

/** A guest that is started may have to wait for a CPU, as may whoever reads what it says. */
const patienceSeconds = 60;

/** @throws LatencyError; LibvirtError, LibvirtConnectionError. The domain is gone then, too. */
export async function takeTurn(options: TurnOptions, signal: AbortSignal): Promise<Turn> {
  const { client, clock, uuid, socketPath, setting, measured } = options;
  const name = `rtvm-latency-${uuid.slice(0, 8)}`;
  const subject = withSetting(measured, setting);
  const xml = renderProbeDomain({
    ...subject,
    name,
    uuid,
    holds: measured.placement,
    virtType: options.virtType,
    host: options.host,
    rom: options.rom,
    settings: settingsOf(options),
  });
  const domain = await ProbeDomain.create(
    client,
    { uuid, xml, directory: options.directory, socketPath, clock },
    signal,
  );
  try {
    const { pid, verdict } = await verify(name, subject, options, signal);
    const vcpuThreads = new Map(
      verdict.threads.flatMap(({ role, tid }) =>
        role.kind === 'vcpu' && measuredVcpus(measured.guest).has(role.vcpu) ? [[role.vcpu, tid] as const] : [],
      ),
    );
    const probe: ProbeProcess = { pid, vcpuThreads };
    using watch = options.watch?.(probe);
    const heard = await new Listener(options, watch).listen(domain, signal);
    return { setting, audit: verdict, process: probe, ...heard };
  } finally {
    await domain.end();
  }
}

/**
 * Reads threads and memory as an audit does, once those that the kernel made for the guest have been given their place, as the
 * agent gives it to them.
 */
async function verify(
  name: string,
  { guest, placement }: MeasuredGuest,
  { root, socketPath, clock }: TurnOptions,
  signal: AbortSignal,
): Promise<{ readonly pid: number; readonly verdict: Audit }> {
  const reader = new ProcessReader(root, clock);
  const pid = qemuPid(root, dirname(socketPath), name);
  const read = () => (pid === undefined ? undefined : reader.read(pid));
  const first = read();
  if (first !== undefined) {
    for (const correction of placements(audit(guest, placement, first))) {
      await correctThread(root, first, correction, signal);
    }
  }
  const verdict = audit(guest, placement, read());
  const errors = verdict.findings.filter(({ severity }) => severity === 'error');
  if (pid !== undefined && errors.length === 0) return { pid, verdict };
  throw new LatencyError(
    'PROBE_UNVERIFIED',
    `the probe's domain is not as it was asked for: ${errors.map(({ message }) => message).join('; ')}`,
  );
}

function settingsOf({ measured, sampling, windowMs, durationMs }: TurnOptions): string {
  return [
    `vcpus=${measuredVcpus(measured.guest).toString()}`,
    `window_ms=${windowMs}`,
    `sampler=${sampling.sampler}`,
    `interval_us=${sampling.intervalUs}`,
    `idle=${sampling.idle}`,
    'report=full',
    // Should everything else fail that ends it, it ends itself.
    `limit_s=${Math.ceil((1.5 * durationMs) / 1000) + 600}`,
  ].join(' ');
}

/** Listens to the guest until every vCPU has measured for long enough. */
class Listener {
  readonly #options: TurnOptions;
  readonly #report = new ProbeReport();
  readonly #windows: ProbeWindow[] = [];
  readonly #readings: ClockReading[] = [];
  readonly #measuredMs = new Map<number, number>();
  readonly #done = Promise.withResolvers<undefined>();
  readonly #watch: TurnWatch | undefined;
  #header: HeaderLine | undefined;
  #heardMs: number;
  #silentSeconds = 0;
  #silence: Timer | undefined;

  constructor(options: TurnOptions, watch: TurnWatch | undefined) {
    this.#options = options;
    this.#watch = watch;
    this.#heardMs = options.clock.nowMs();
  }

  async listen(
    domain: ProbeDomain,
    signal: AbortSignal,
  ): Promise<Pick<Turn, 'header' | 'windows' | 'losses' | 'worst' | 'guestClock'>> {
    await domain.listen((text) => this.#take(text), signal);
    const startedMs = this.#options.clock.nowMs();
    const abort = () => this.#done.reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    void this.#options.client.closed.then((reason) => this.#done.reject(reason));
    this.#hearSilence();
    try {
      await domain.resume(signal);
      signal.throwIfAborted();
      await this.#done.promise;
    } finally {
      this.#silence?.cancel();
      signal.removeEventListener('abort', abort);
    }
    const header = this.#header!;
    const rate = wrongRate(this.#readings, header.tscKhz);
    if (rate !== undefined)
      throw new LatencyError(
        'TSC_RATE',
        `the guest's TSC ran at ${rate.toFixed(3)} of the frequency that it states (${header.tscKhz} kHz), so its `
          + `figures would be wrong by as much: see that the host's TSC is stable (host check clock-source)`,
      );
    return {
      header,
      windows: this.#windows,
      losses: this.#report.losses,
      worst: this.#report.worst,
      guestClock: relateClocks(this.#readings, startedMs, header.tscKhz),
    };
  }

  #take(text: string): void {
    this.#heardMs = this.#options.clock.nowMs();
    this.#silentSeconds = 0;
    for (const event of this.#report.push(text)) this.#hear(event);
  }

  #hear(event: ProbeEvent): void {
    switch (event.kind) {
      case 'header':
        if (event.tscKhz === 0)
          this.#fail(
            'TSC_UNKNOWN',
            'nobody tells the guest how fast its TSC counts, and it could not measure it: nothing can be measured '
              + 'by it',
          );
        this.#header = event;
        this.#readings.push({ tsc: event.now, hostMs: this.#heardMs });
        break;
      case 'window':
        this.#windows.push(event.window);
        this.#readings.push({ tsc: event.now, hostMs: this.#heardMs });
        this.#watch?.look(event.window, this.#header!.tscKhz);
        this.#count(event.window);
        break;
      case 'restarted':
        this.#fail(
          'PROBE_ENDED',
          'the probe guest began again while it measured: something has reset it (see the log of its domain)',
        );
        break;
      case 'off':
        this.#fail('PROBE_ENDED', `the probe guest was switched off while it measured (${event.because})`);
        break;
      case 'error':
        this.#fail('PROBE_REFUSED', `the probe guest measures nothing: ${event.message}`);
        break;
    }
  }

  #count({ vcpu, from, to }: ProbeWindow): void {
    this.#measuredMs.set(vcpu, (this.#measuredMs.get(vcpu) ?? 0) + Number(to - from) / this.#header!.tscKhz);
    const least = Math.min(...this.#header!.measuring.toArray().map((each) => this.#measuredMs.get(each) ?? 0));
    this.#options.progress(least, Math.max(...[...this.#report.worst.values()].map(({ us }) => us)));
    if (least >= this.#options.durationMs) this.#done.resolve(undefined);
  }

  /**
   * Counts seconds in which this process could have read something: one that was itself held up has not waited for
   * the guest.
   */
  #hearSilence(): void {
    this.#silence = this.#options.clock.after(1000, () => {
      this.#silentSeconds += 1;
      if (this.#silentSeconds >= patienceSeconds + (4 * this.#options.windowMs) / 1000) this.#failSilent();
      else this.#hearSilence();
    });
  }

  #failSilent(): void {
    this.#fail(
      'PROBE_SILENT',
      `the probe guest has said nothing for ${this.#silentSeconds} `
        + `s${this.#header === undefined ? '' : ', having measured before'}: it does not run; see the log of its `
        + `domain, and whether its CPUs have time for it`,
    );
  }

  #fail(code: LatencyError['code'], message: string): void {
    this.#done.reject(new LatencyError(code, message));
  }
}
