/** The probe ROM in real QEMUs: what it prints, whom it measures, how it ends. Figures are checked for sense, never for speed. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtempDisposable, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { TestContext } from 'vitest';
import { merge, samplesOf } from '../src/realtime/latency/histogram.ts';
import type { HeaderLine, Sampler } from '../src/realtime/latency/probe-lines.ts';
import { ProbeReport } from '../src/realtime/latency/probe-report.ts';
import type { ProbeEvent } from '../src/realtime/latency/probe-report.ts';
import { QemuGuest, romPath } from './qemu-guest.ts';
import type { QemuMachine } from './qemu-guest.ts';

const kvmUsable = (() => {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return true;
  } catch {
    console.warn('\n*** /dev/kvm is missing or not ours to use: the probe ROM is tested under TCG (emulation) ONLY. ***\n');
    return false;
  }
})();

// arch-capabilities: some nested hosts offer it but refuse the MSR behind it; the probe needs neither.
const kvm = { accel: 'kvm', machine: 'q35', cpu: 'host,arch-capabilities=off' } as const;
const kvmWithoutX2apic = { ...kvm, cpu: `${kvm.cpu},x2apic=off` } as const;
const tcg = { accel: 'tcg', machine: 'q35', cpu: 'max' } as const;
const tcgOldCpu = { ...tcg, cpu: 'qemu64' } as const;

interface Window {
  readonly window: number;
  readonly vcpu: number;
  readonly maxUs: number;
  readonly samples: number;
}

interface Header {
  readonly vcpus: number;
  readonly tscKhz: number;
  readonly windowMs: number;
  readonly measuring: string;
}

function parseHeader(line: string): Header {
  const match = /^rtvm-probe 1 vcpus=(\d+) tsc_khz=(\d+) tsc_from=(?:cpuid|pmtimer) window_ms=(\d+) measuring=([\d,-]+)$/.exec(line);
  expect(match, `header line: ${line}`).not.toBeNull();
  return { vcpus: Number(match![1]), tscKhz: Number(match![2]), windowMs: Number(match![3]), measuring: match![4]! };
}

function parseWindow(line: string): Window {
  const match = /^window=(\d+) vcpu=(\d+) max_us=(\d+\.\d{3}) samples=(\d+)$/.exec(line);
  expect(match, `window line: ${line}`).not.toBeNull();
  const [window, vcpu, maxUs, samples] = match!.slice(1).map(Number) as [number, number, number, number];
  return { window, vcpu, maxUs, samples };
}

/** Checks that every measured vCPU's windows count 1, 2, 3, … and that each holds figures which can be true. */
function expectPlausible(windows: readonly Window[], measured: readonly number[], windowMs: number): void {
  const byVcpu = Map.groupBy(windows, ({ vcpu }) => vcpu);
  expect([...byVcpu.keys()].sort((a, b) => a - b)).toEqual(measured);
  for (const own of byVcpu.values()) {
    expect(own.map(({ window }) => window)).toEqual(own.map((_, index) => index + 1));
    expect(own.reduce((sum, { samples }) => sum + samples, 0)).toBeGreaterThan(1000);
  }
  for (const { vcpu, maxUs, samples } of windows) {
    expect(samples).toBeGreaterThan(0);
    expect(maxUs).toBeGreaterThan(0);
    // The largest gap is no less than the mean one (the half: rounding). Not so for vCPU 0, whose printing is not counted.
    if (vcpu !== 0) expect(maxUs).toBeGreaterThan(0.5 * windowMs * 1000 / samples);
  }
}

/** Starts a guest for this test, or skips the test, aloud, where KVM is what it needs and what is not there. */
async function start(machine: QemuMachine, { signal, skip }: TestContext): Promise<QemuGuest> {
  skip(machine.accel === 'kvm' && !kvmUsable, '/dev/kvm is missing or not ours to use');
  return QemuGuest.start(machine, signal);
}

interface Case {
  readonly name: string;
  readonly machine: QemuMachine;
  readonly measured: readonly number[];
  readonly header: Omit<Header, 'tscKhz'>;
}

/** A guest with default settings, or with windows of 200 ms, and the vCPUs that it should measure. */
function expected(name: string, machine: QemuMachine, measured: readonly number[], measuring: string): Case {
  const windowMs = machine.config === undefined ? 1000 : 200;
  return { name, machine, measured, header: { vcpus: Number(machine.smp), windowMs, measuring } };
}

const config = 'window_ms=200';
const cases: readonly Case[] = [
  expected('q35, KVM', { ...kvm, smp: '3' }, [1, 2], '1-2'),
  expected('q35, TCG', { ...tcg, smp: '3' }, [1, 2], '1-2'),
  expected('xAPIC, KVM', { ...kvmWithoutX2apic, smp: '2', config }, [1], '1'),
  expected('pc, KVM', { ...kvm, machine: 'pc', smp: '2', config }, [1], '1'),
  expected('pc, TCG', { ...tcgOldCpu, machine: 'pc', smp: '2', config }, [1], '1'),
  expected('one vCPU, KVM', { ...kvm, smp: '1' }, [0], '0'),
  expected('one vCPU, TCG', { ...tcg, smp: '1', config }, [0], '0'),
  expected('sixteen vCPUs, TCG', { ...tcg, smp: '16' }, Array.from({ length: 15 }, (_, index) => index + 1), '1-15'),
  {
    name: 'chosen vCPUs, the printing one among them',
    machine: { ...tcg, smp: '6', config: ' window_ms=100  vcpus=0,2-3,5\n' },
    measured: [0, 2, 3, 5],
    header: { vcpus: 6, windowMs: 100, measuring: '0,2-3,5' },
  },
];

const refusal = (detail: string, found: string): string => `rtvm-probe error: opt/rtvm/probe: ${detail}, found "${found}"`;
const unknownSetting = 'expected vcpus=LIST, window_ms=N, sampler=spin or timer, interval_us=N, idle=halt or poll, report=full or limit_s=N';
const badInterval = 'interval_us must be a number from 10 to 500000';
const badWindow = 'window_ms must be a number from 10 to 60000';
const badList = 'vcpus must be a list of numbers and rising ranges, as 1-3,5';
const absentVcpu = 'vcpus must name vCPUs that this guest has, 0 to 2';

const refusals: readonly (readonly [config: string, line: string])[] = [
  ['windows=5', refusal(unknownSetting, 'windows=5')],
  ['vcpus=1 "\u00e9\u0007', refusal(unknownSetting, '????')],
  ['window_ms=', refusal(badWindow, 'window_ms=')],
  ['window_ms=9', refusal(badWindow, 'window_ms=9')],
  ['window_ms=60001 vcpus=1', refusal(badWindow, 'window_ms=60001 vcpus=1')],
  ['window_ms=4294967396', refusal(badWindow, 'window_ms=4294967396')],
  ['window_ms=100ms', refusal(badWindow, 'window_ms=100ms')],
  ['sampler=timer interval_us=9', refusal(badInterval, 'interval_us=9')],
  ['interval_us=500001', refusal(badInterval, 'interval_us=500001')],
  ['sampler=cyclic', refusal(unknownSetting, 'sampler=cyclic')],
  ['report=fuller', refusal(unknownSetting, 'report=fuller')],
  ['limit_s=0', refusal('limit_s must be a number from 1 to 999999', 'limit_s=0')],
  ['vcpus=', refusal(badList, 'vcpus=')],
  ['vcpus=1,', refusal(badList, 'vcpus=1,')],
  ['vcpus=2-1', refusal(badList, 'vcpus=2-1')],
  ['vcpus=^0', refusal(badList, 'vcpus=^0')],
  ['vcpus=3', refusal(absentVcpu, 'vcpus=3')],
  ['vcpus=1-256', refusal(absentVcpu, 'vcpus=1-256')],
  ['x'.repeat(256), refusal('at most 255 bytes are read', 'x'.repeat(255))],
];

const full = 'window_ms=100 report=full';
const timer = { kind: 'timer', intervalUs: 2000, idle: 'halt', timer: 'tsc-deadline' } as const;

const fullReports: readonly { readonly name: string; readonly machine: QemuMachine; readonly sampler: Sampler }[] = [
  { name: 'spinning, KVM', machine: { ...kvm, smp: '3', config: full }, sampler: { kind: 'spin' } },
  { name: 'spinning, TCG', machine: { ...tcg, smp: '3', config: full }, sampler: { kind: 'spin' } },
  { name: 'woken up from HLT, KVM', machine: { ...kvm, smp: '2', config: `${full} sampler=timer interval_us=2000` }, sampler: timer },
  { name: 'woken up from HLT, xAPIC, KVM', machine: { ...kvmWithoutX2apic, smp: '2', config: `${full} sampler=timer interval_us=2000` }, sampler: timer },
  { name: 'woken up from spinning, KVM', machine: { ...kvm, smp: '2', config: `${full} sampler=timer interval_us=2000 idle=poll` }, sampler: { ...timer, idle: 'poll' } },
  { name: 'woken up without a TSC deadline, KVM', machine: { ...kvm, cpu: `${kvm.cpu},tsc-deadline=off`, smp: '2', config: `${full} sampler=timer interval_us=2000` }, sampler: { ...timer, timer: 'apic' } },
  { name: 'woken up from HLT, TCG', machine: { ...tcgOldCpu, smp: '2', config: `${full} sampler=timer interval_us=2000` }, sampler: { ...timer, timer: 'apic' } },
];

describe('the probe ROM', () => {
  test('is what its sources build to', async () => {
    const { stdout } = await promisify(execFile)(fileURLToPath(new URL('check', import.meta.url)));
    expect(stdout).toBe('guest/check: probe.rom matches its sources\n');
    expect((await stat(romPath)).size).toBe(65536);
  });

  test.for(cases)('measures, and answers the power button: $name', async ({ machine, measured, header }, context) => {
    await using guest = await start(machine, context);
    const { tscKhz, ...rest } = parseHeader(await guest.line());
    expect(rest).toEqual(header);
    expect(tscKhz).toBeGreaterThan(100_000);

    const windows: Window[] = [];
    while (!measured.every((vcpu) => windows.some((window) => window.vcpu === vcpu && window.window >= 2))) {
      windows.push(parseWindow(await guest.line()));
    }
    expectPlausible(windows, measured, header.windowMs);

    const { lines, exitCode } = await guest.pressPowerButton();
    expect(lines.at(-1)).toBe('rtvm-probe power button: off');
    for (const line of lines.slice(0, -1)) parseWindow(line);
    expect(exitCode).toBe(0);
  });

  test.for(refusals)('refuses the settings %j, and still answers the power button', async ([config, line], context) => {
    await using guest = await start({ ...tcg, smp: '3', config }, context);
    expect(await guest.line()).toBe(line);
    expect(await guest.pressPowerButton()).toEqual({ lines: ['rtvm-probe power button: off'], exitCode: 0 });
  });

  test('answers the power button though nobody reads the serial port', async (context) => {
    await using directory = await mkdtempDisposable(join(tmpdir(), 'rtvm-console-'));
    const path = join(directory.path, 'serial');
    const server = createServer({ pauseOnConnect: true }).listen(path);
    const connected = once(server, 'connection') as Promise<[Socket]>;
    await using guest = await start({ ...tcg, smp: '3', config: 'window_ms=10', serial: `unix:${path}` }, context);
    const [port] = await connected;
    await sleep(3000); // the socket is full after some ten lines, and the probe's patience ends 0.8 s later
    expect(await guest.pressPowerButton()).toEqual({ lines: [], exitCode: 0 });

    const printed = (await text(port)).split('\r\n');
    expect(parseHeader(printed[0]!)).toMatchObject({ windowMs: 10 });
    expect(printed).not.toContain('rtvm-probe power button: off');
    server.close();
  });

  test.for(fullReports)('reports every sample: $name', async ({ machine, sampler }, context) => {
    await using guest = await start(machine, context);
    const report = new ProbeReport();
    const events: ProbeEvent[] = [];
    const windows = () => events.flatMap((event) => (event.kind === 'window' ? [event.window] : []));
    while (windows().length < 6) events.push(...report.push(`${await guest.line()}\n`));

    const [header] = events;
    expect(header).toMatchObject({ kind: 'header', sampler });
    const { tscKhz } = header as HeaderLine;
    expect(report.losses).toEqual({ garbledLines: 0, windows: 0, samples: 0 });
    for (const own of Map.groupBy(windows(), ({ vcpu }) => vcpu).values()) {
      expect(own.map(({ window }) => window)).toEqual(own.map((_, index) => index + 1));
      const all = merge(own.map(({ histogram }) => histogram));
      expect(samplesOf(all)).toBeGreaterThan(sampler.kind === 'spin' ? 1000 : 5);
      expect(report.worst.get(own[0]!.vcpu)!.us).toBe(all.maxUs);
      for (const [index, { from, to, maxAt, histogram }] of own.entries()) {
        if (index > 0) expect(from).toBe(own[index - 1]!.to);
        expect(maxAt).toBeGreaterThan(from);
        expect(maxAt).toBeLessThanOrEqual(to);
        // As many samples as there was time for: all gaps of a spinning vCPU together are its time.
        if (sampler.kind === 'spin') expect(histogram.minUs * samplesOf(histogram)).toBeLessThanOrEqual(Number(to - from) * 1000 / tscKhz);
      }
    }
    expect(await guest.pressPowerButton()).toMatchObject({ exitCode: 0 });
  });

  test('loses no sample to a reader that stops, and goes on where it was', async (context) => {
    await using directory = await mkdtempDisposable(join(tmpdir(), 'rtvm-console-'));
    const path = join(directory.path, 'serial');
    const server = createServer({ pauseOnConnect: true }).listen(path);
    const connected = once(server, 'connection') as Promise<[Socket]>;
    await using guest = await start({ ...tcg, smp: '2', config: 'window_ms=10 report=full', serial: `unix:${path}` }, context);
    const [port] = await connected;
    const report = new ProbeReport();
    const events: ProbeEvent[] = [];
    port.setEncoding('latin1').on('data', (text: string) => events.push(...report.push(text)));
    port.resume();
    const windows = () => events.flatMap((event) => (event.kind === 'window' ? [event.window] : []));
    const seen = async (count: number) => {
      while (windows().length < count) await sleep(20, undefined, { signal: context.signal });
    };
    await seen(3);
    port.pause();
    await sleep(5000); // it fills the socket, and then has nowhere to report to
    port.resume();
    await seen(windows().length + 100);
    const own = windows();
    expect(own.map(({ window }) => window)).toEqual(own.map((_, index) => index + 1));
    expect(report.losses).toMatchObject({ windows: 0, samples: 0 });
    for (const [index, { from }] of own.slice(1).entries()) expect(from).toBe(own[index]!.to);
    expect(report.worst.get(1)!.us).toBe(merge(own.map(({ histogram }) => histogram)).maxUs);
    expect(await guest.pressPowerButton()).toMatchObject({ exitCode: 0 });
    server.close();
  });

  test('switches off by itself when its time is over', async (context) => {
    await using guest = await start({ ...tcg, smp: '2', config: 'limit_s=1' }, context);
    const { lines, exitCode } = await guest.ended();
    expect(lines.at(-1)).toBe('rtvm-probe limit_s: off');
    expect(exitCode).toBe(0);
  });

  test('says how much memory its vCPUs need', async (context) => {
    await using guest = await start({ ...tcg, smp: '16', memory: '1M' }, context);
    expect(await guest.line()).toBe('rtvm-probe error: this many vCPUs need 1396 KiB of RAM, found 1024 KiB');
  });

  test('says which chipsets it needs', async (context) => {
    await using guest = await start({ ...tcg, machine: 'isapc', cpu: 'qemu64', smp: '1' }, context);
    expect(await guest.line()).toBe('rtvm-probe error: no ICH9 (q35) or PIIX4 (pc) power management found: use one of these machine types');
  });

  test('numbers vCPUs as QEMU does where APIC ids have holes, and lets the others rest', async (context) => {
    const holes = '12,sockets=2,cores=3,threads=2';
    await using guest = await start({ ...tcg, cpu: 'max,topoext=on', smp: holes, config: 'vcpus=7 window_ms=100' }, context);
    expect(parseHeader(await guest.line())).toMatchObject({ vcpus: 12, measuring: '7' });
    parseWindow(await guest.line());
    const before = await guest.vcpuTicks();
    await sleep(2000);
    const used = (await guest.vcpuTicks()).map((ticks, vcpu) => ticks - before[vcpu]!);
    expect(used.indexOf(Math.max(...used))).toBe(7);
    expect(used.filter((ticks, vcpu) => vcpu !== 0 && vcpu !== 7 && ticks > 0)).toEqual([]);
  });
});
