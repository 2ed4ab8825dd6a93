// `rtvm latency` on this machine: what is counted, what is left, who comes first, and what kept a vCPU from running.
// Of figures only
// what holds however slow the machine is.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LatencyReport } from '../../src/realtime/latency/report.ts';
import { probeVm, startLocalHost } from './support/local-host.ts';
import type { CallOptions, CommandResult, LocalHost } from './support/local-host.ts';
import { until } from './support/until.ts';
import { hasKvm } from './support/well-running.ts';

let host: LocalHost;
beforeAll(async () => void (host = await startLocalHost()));
afterAll(() => host[Symbol.asyncDispose]());

const latency = (...args: readonly string[]) => ['latency', '-f', host.nodeFile, '-f', probeVm, ...args];

/** With the kernel's trace, where this machine lets it be mounted: in a mount namespace of its own. */
const traced: CallOptions = {
  through: [
    'unshare',
    '-m',
    '--propagation',
    'private',
    'sh',
    '-c',
    'mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null; exec "$@"',
    'sh',
  ],
};
const canTrace = (() => {
  try {
    execFileSync(
      'unshare',
      [
        '-m',
        'sh',
        '-c',
        'mount -t tracefs tracefs /sys/kernel/tracing && test -d '
          + '/sys/kernel/tracing/events/kvm/kvm_write_tsc_offset && test "$(cat '
          + '/sys/kernel/tracing/current_tracer)" = nop',
      ],
      { stdio: 'ignore' },
    );
    return true;
  } catch {
    return false;
  }
})();
const [major, minor] = execFileSync('uname', ['-r'], { encoding: 'utf8' }).split('.').map(Number) as [number, number];
const hasFairServer = major > 6 || (major === 6 && minor >= 12);

function reportOf({ exitCode, stdout, stderr }: CommandResult): LatencyReport {
  expect(exitCode, stderr).toBe(0);
  return JSON.parse(stdout) as LatencyReport;
}

/** The pid of the probe's QEMU, once it is there. */
const probePid = () =>
  until('the probe runs', () => {
    const directory = join(host.libvirtd.dir, 'run/qemu');
    const file = readdirSync(directory).find((name) => /^rtvm-latency-.*\.pid$/.test(name));
    return file === undefined ? undefined : Number(readFileSync(join(directory, file), 'utf8'));
  });

const stateOf = (pid: number) => /^\d+ \(.*\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];

/** CPU time of a process in user mode, in hundredths of a second. */
const userTicksOf = (pid: number) => Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[11]);

describe('a measurement', () => {
  it('counts every sample, says under which conditions, writes its report, and leaves nothing', async () => {
    const page = join(host.dir, 'report.html');
    const report = reportOf(await host.rtvm(latency('--duration', '2s', '-o', 'json', '--html', page)));
    expect(report).toMatchObject({
      format: 'rtvm.dev/latency/v1',
      guest: {
        source: 'RealtimeVM default/probe',
        measuredVcpus: '1',
        fifoPriority: 1,
        vcpuPins: [
          { vcpu: 0, cpus: '0' },
          { vcpu: 1, cpus: '1' },
        ],
      },
      method: { sampler: 'spin', turns: 1, secondsPerTurn: 2, load: 'none', emulated: !hasKvm },
      settings: [{ setting: 'realtime', verified: true, lost: { windows: 0, samples: 0, garbledLines: 0 } }],
    });
    const [{ all, vcpus, turns }] = report.settings as [LatencyReport['settings'][number]];
    for (const figures of [all, vcpus[0]!, turns[0]!.figures]) {
      expect(figures.samples).toBeGreaterThan(0);
      expect(figures.buckets.reduce((sum, [, , count]) => sum + count, 0)).toBe(figures.samples);
      const last = figures.buckets.at(-1)!;
      expect(figures.maxUs).toBeGreaterThanOrEqual(last[0]);
      expect(figures.maxUs).toBeLessThan(last[1] ?? Infinity);
    }
    expect(turns[0]!.windowMaxUs.length).toBeGreaterThanOrEqual(2);
    expect(readFileSync(page, 'utf8')).toContain('<h1>Latency of RealtimeVM default/probe');
    expect(existsSync(`${page}.new`)).toBe(false);
    await host.nothingIsLeft();
  });

  it('of a timer has a sample for each time that it woke up', async () => {
    const report = reportOf(
      await host.rtvm(latency('--duration', '1s', '--sampler', 'timer', '--interval', '2000', '-o', 'json')),
    );
    expect(report.method).toMatchObject({ sampler: 'timer', intervalUs: 2000, idle: 'halt' });
    expect(report.settings[0]!.all.samples).toBeGreaterThan(0);
    // No wake-up comes early, so that there are no more than there was time for; windows are a second, and may be
    // longer.
    const seconds = report.settings[0]!.turns[0]!.windowMaxUs.length;
    expect(report.settings[0]!.all.samples).toBeLessThanOrEqual(1000 * 60 * seconds);
  });

  it('says FAIL, and exits with 1, where a sample is beyond the limit', async () => {
    const { exitCode, stdout } = await host.rtvm(latency('--duration', '1s', '--limit', '1'));
    // One microsecond is less than what any host here takes; where it is not, that is a pass to be proud of.
    expect([exitCode, /^(PASS|FAIL): the limit is 1 µs$/m.exec(stdout)?.[1]]).toEqual(
      exitCode === 1 ? [1, 'FAIL'] : [0, 'PASS'],
    );
  });

  it('compares settings turn by turn, and keeps every turn', async () => {
    const report = reportOf(
      await host.rtvm(
        latency(
          '--compare',
          'floating',
          'realtime',
          '--turns',
          '6',
          '--duration',
          '1s',
          '--load',
          'cpu',
          '-o',
          'json',
        ),
      ),
    );
    expect(report.settings.map(({ setting, turns }) => [setting, turns.length])).toEqual([
      ['floating', 6],
      ['realtime', 6],
    ]);
    const starts = report.settings.map(({ turns }) => turns.map(({ startedAt }) => startedAt));
    for (let turn = 0; turn < 6; turn += 1) {
      expect(starts[0]![turn]! < starts[1]![turn]!).toBe(true);
      if (turn > 0) expect(starts[1]![turn - 1]! < starts[0]![turn]!).toBe(true);
    }
    const [{ base, other, ratios }] = report.comparisons as [LatencyReport['comparisons'][number]];
    expect([base, other]).toEqual(['floating', 'realtime']);
    expect(ratios.map(({ figure }) => figure).slice(-2)).toEqual(['window-max', 'max']);
    for (const { perTurn, between } of ratios) {
      expect(perTurn).toHaveLength(6);
      expect(between).toEqual([Math.min(...perTurn), Math.max(...perTurn)]);
    }
    await host.nothingIsLeft();
  });
});

describe('why it was late', () => {
  // An emulated vCPU of another test beside it leaves the probe no CPU to begin on.
  it.runIf(hasKvm)('is that the domain was stopped, for as long and when it was (skipped where there is no KVM)', async () => {
    const rtvm = host.start(latency('--duration', '10s', '--why', '1000000', '-o', 'json'), traced);
    const pid = await probePid();
    await sleep(4000); // it starts to measure
    process.kill(pid, 'SIGSTOP');
    await until('the probe is stopped', () => stateOf(pid) === 'T');
    const stoppedMs = Date.now();
    await sleep(2000);
    const continuedMs = Date.now();
    process.kill(pid, 'SIGCONT');
    const report = reportOf(await rtvm.ended);
    const late = report.late.find(({ us }) => us >= 1000 * (continuedMs - stoppedMs));
    expect(late, JSON.stringify(report.late)).toBeDefined();
    // Reports are rounded to it.
    const roundedMs = 1;
    // It was over after the go-ahead, and had begun before the stop was seen.
    const overMs = Date.parse(late!.time);
    expect(overMs).toBeGreaterThanOrEqual(continuedMs - roundedMs);
    expect(overMs - late!.errorMs - late!.us / 1000).toBeLessThanOrEqual(stoppedMs + roundedMs);
    if (canTrace) expect(late!.attributions).toMatchObject([{ cause: 'stopped' }]);
  });

  // The kernel's trace and an emulated guest have no clock in common.
  it.runIf(canTrace && hasKvm)(
    'is a thread of higher priority, by name and priority, and the fair server (skipped where no KVM or no trace)',
    async () => {
      const rtvm = host.start(latency('--duration', '8s', '--why', '20000', '--load', 'cpu', '-o', 'json'), traced);
      await probePid();
      await sleep(4000);
      // FIFO before it moves to the vCPU's CPU: an ordinary thread would not get to run there.
      const hog = spawn('chrt', ['-f', '50', 'taskset', '-c', '1', 'sh', '-c', 'while :; do :; done'], { stdio: 'ignore' });
      try {
        await until('it has had the CPU for 200 ms', () => userTicksOf(hog.pid!) >= 20);
      } finally {
        hog.kill('SIGKILL');
      }
      const report = reportOf(await rtvm.ended);
      const seen = report.late.flatMap(({ attributions }) =>
        attributions.map(({ cause, what }) => `${cause}: ${what}`),
      );
      expect(seen).toContainEqual(expect.stringMatching(/^thread: sh \(pid \d+, (FIFO|realtime) 50\)$/));
      if (hasFairServer) expect(seen).toContainEqual(expect.stringMatching(/^fair-server: the fair server ran /));
      for (const { attributions } of report.late) {
        const explained = attributions.reduce((sum, { share }) => sum + share, 0);
        if (attributions[0]!.cause !== 'unknown') expect(explained).toBeGreaterThanOrEqual(0.75);
      }
    },
  );

  it.skipIf(!canTrace)("leaves the kernel's trace as it was (skipped where there is none)", () => {
    const look = (command: string) =>
      execFileSync(
        'unshare',
        ['-m', 'sh', '-c', `mount -t tracefs tracefs /sys/kernel/tracing && cd /sys/kernel/tracing && ${command}`],
        { encoding: 'utf8' },
      );
    expect(look('ls instances; cat current_tracer; cat set_event')).toBe('nop\n');
  });
});

describe('a VM comes first', () => {
  it('and no VM is started beside a measurement; killed, the probe is gone, and the VM starts', async () => {
    const rtvm = host.start(latency('--duration', '5m'));
    await probePid();
    const beside = await host.run([probeVm]);
    expect(beside.exitCode).toBe(1);
    expect(beside.stderr).toMatch(/rtvm-latency-|TooFewDedicatedCpus/);
    expect(await host.rtvm(latency('--duration', '1s'))).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('another "rtvm latency" is measuring') as unknown,
    });

    rtvm.process.kill('SIGKILL');
    await rtvm.ended;
    await until(
      'libvirt has ended the probe',
      async () => (await host.libvirtd.virsh('list', '--all', '--name')).trim() === '',
    );
    await host.runsAndDeletes();
  });

  it('and nothing is measured beside a realtime VM, unless a person says so, and never on its CPUs', async () => {
    expect(await host.run([probeVm])).toMatchObject({ exitCode: 0 });
    const refused = await host.rtvm(latency('--duration', '1s'));
    expect(refused).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringContaining('VM default/probe runs realtime on this host') as unknown,
    });
    const taken = await host.rtvm(latency('--duration', '1s', '--beside-running', '--disturb'));
    expect(taken).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringContaining('VM default/probe: CPUs 1') as unknown,
    });
    expect(await host.rtvm(['delete', 'probe'])).toMatchObject({ exitCode: 0 });
    await host.nothingIsLeft();
  });

  it('and a measurement that is interrupted reports nothing', async () => {
    const rtvm = host.start(latency('--duration', '5m', '-o', 'json'));
    await probePid();
    rtvm.process.kill('SIGTERM');
    expect(await rtvm.ended).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringContaining('nothing of what it measured is reported') as unknown,
    });
    await host.nothingIsLeft();
  });
});

describe('what is asked for', () => {
  it.each([
    [['--duration', '0s'], '1s to 7d'],
    [['--duration', '-5s'], '1s to 7d'],
    [['--duration', '999999999d'], '1s to 7d'],
    [['--duration', '5'], '1s to 7d'],
    [['--limit', '0'], '1 to 10000000'],
    [['--turns', '0'], '1 to 1000'],
    [['--interval', '5'], '10 to 500000'],
    [['--vm', 'nobody'], 'there is no RealtimeVM nobody'],
  ])('is refused where it makes no sense: %j', async (args, accepted) => {
    const { exitCode, stdout, stderr } = await host.rtvm(latency(...args));
    expect([exitCode, stdout]).not.toEqual([0, expect.anything()]);
    expect(stderr).toContain(accepted);
  });
});
