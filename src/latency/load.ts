/**
 * Work that is put beside the guest on its own CPUs, so that there is something to keep it from running. It ends
 * with this process.
 */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { CpuSet } from '../realtime/cpu-set.ts';
import type { Clock } from '../runtime/clock.ts';
import { LatencyError } from './latency-error.ts';

export const loads = ['none', 'cpu', 'irq', 'memory', 'disk'] as const;
export type Load = (typeof loads)[number];

/** What stress-ng is asked for. `irq`: timers and sockets, whose work is done in interrupts. */
const stressors: Readonly<Record<Exclude<Load, 'none'>, (cpus: CpuSet, directory: string) => readonly string[]>> = {
  cpu: (cpus) => ['--cpu', String(cpus.size)],
  irq: (cpus) => ['--timer', String(cpus.size), '--timer-freq', '10000', '--sock', '1'],
  memory: (cpus) => ['--stream', String(cpus.size), '--vm', '1', '--vm-bytes', '128M'],
  disk: (_, directory) => ['--hdd', '1', '--hdd-bytes', '128M', '--temp-path', directory],
};

export interface RunningLoad extends AsyncDisposable {
  /** For the report: what runs where. */
  readonly description: string;
}

/**
 * @param cpus where it runs, and nowhere else. @param directory for files of a disk load.
 * @throws LatencyError `LOAD_UNAVAILABLE` where a program is missing that it takes.
 */
export function startLoad(load: Load, cpus: CpuSet, directory: string, clock: Clock): RunningLoad {
  if (load === 'none') return { description: 'none', [Symbol.asyncDispose]: () => Promise.resolve() };
  for (const program of ['setpriv', 'taskset']) {
    if (!isThere(program))
      throw new LatencyError('LOAD_UNAVAILABLE', `--load ${load} needs ${program}: apt-get install util-linux`);
  }
  if (isThere('stress-ng')) {
    const list = cpus.toString();
    const command = ['stress-ng', ...stressors[load](cpus, directory), '--taskset', list];
    return new ChildLoad(command.join(' '), [bound(list, command)], clock);
  }
  if (load !== 'cpu')
    throw new LatencyError(
      'LOAD_UNAVAILABLE',
      `--load ${load} needs stress-ng: apt-get install stress-ng; --load cpu does without`,
    );
  return new ChildLoad(
    `a busy loop on each of CPUs ${cpus.toString()}`,
    cpus.toArray().map((cpu) => bound(String(cpu), ['sh', '-c', 'while :; do :; done'])),
    clock,
  );
}

/** Killed by the kernel when this process ends, however it does. */
function bound(cpus: string, command: readonly string[]): ChildProcess {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', 'taskset', '--cpu-list', cpus, ...command], {
    stdio: 'ignore',
  });
  child.on('error', () => undefined); // shows as an exit
  return child;
}

function isThere(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
}

class ChildLoad implements RunningLoad {
  readonly description: string;
  readonly #children: readonly ChildProcess[];
  readonly #clock: Clock;

  constructor(description: string, children: readonly ChildProcess[], clock: Clock) {
    this.description = description;
    this.#children = children;
    this.#clock = clock;
  }

  /** stress-ng cleans up behind itself when it is asked to end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const exited = once(child, 'exit');
        child.kill('SIGTERM');
        const late = this.#clock.after(5000, () => child.kill('SIGKILL'));
        await exited;
        late.cancel();
      }),
    );
  }
}
