// Starts a private libvirtd (see private-libvirtd beside this file) from a test and lets the test restart, kill and freeze it.
import { execFile, spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const script = join(import.meta.dirname, 'private-libvirtd');
const run = promisify(execFile);

export interface PrivateLibvirtdOptions {
  /** `refuse` keeps the machine's memory-lock limit, so that `<locked/>` fails where it cannot be raised. Default `permit`. */
  readonly memlock?: 'permit' | 'refuse';
  /** Leave libvirt the cpu cgroup controller, so that SCHED_FIFO fails on kernels with RT_GROUP_SCHED and cgroup v1. */
  readonly cpuCgroup?: boolean;
}

/** Starts one in a new temporary directory and waits until it answers. Rejects when it ends before that; its stderr is ours. */
export async function startPrivateLibvirtd(options: PrivateLibvirtdOptions = {}): Promise<PrivateLibvirtd> {
  const dir = mkdtempSync(join(tmpdir(), 'rtvm-libvirtd-'));
  const child = spawn(script, [dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      PRIVATE_LIBVIRTD_MEMLOCK: options.memlock ?? 'permit',
      PRIVATE_LIBVIRTD_CPU_CGROUP: options.cpuCgroup === true ? '1' : '',
    },
  });
  const libvirtd = new PrivateLibvirtd(dir, child);
  try {
    await libvirtd.nextReady();
  } catch (error) {
    await libvirtd.stop();
    throw error;
  }
  return libvirtd;
}

/** A running private libvirtd; made by {@link startPrivateLibvirtd}. */
export class PrivateLibvirtd implements AsyncDisposable {
  /** Holds run, lib, etc, log and cache of this libvirtd; removed by {@link stop}. */
  readonly dir: string;
  /** The socket to give to a client, as seen from outside the daemon's namespace. */
  readonly socketPath: string;
  readonly #script: ChildProcessByStdio<null, Readable, null>;
  readonly #exited: Promise<unknown>;
  #readyWaiters: (() => void)[] = [];

  constructor(dir: string, child: ChildProcessByStdio<null, Readable, null>) {
    this.dir = dir;
    this.socketPath = join(dir, 'run', 'libvirt-sock');
    this.#script = child;
    this.#exited = once(child, 'exit');
    createInterface({ input: child.stdout }).on('line', () => {
      const waiters = this.#readyWaiters;
      this.#readyWaiters = [];
      for (const wake of waiters) wake();
    });
  }

  /** The process id of the libvirtd itself; another one after each restart. */
  get pid(): number {
    return Number(readFileSync(join(this.dir, 'run', 'libvirtd.pid'), 'utf8'));
  }

  /** The process id of the QEMU of a running domain. */
  qemuPid(domainName: string): number {
    return Number(readFileSync(join(this.dir, 'run', 'qemu', `${domainName}.pid`), 'utf8'));
  }

  /** Resolves when libvirtd answers after its next start; rejects when the script ends instead. */
  async nextReady(): Promise<void> {
    const ready = new Promise<'ready'>((resolve) => this.#readyWaiters.push(() => resolve('ready')));
    if ((await Promise.race([ready, this.#exited])) !== 'ready') {
      throw new Error(`private-libvirtd ended before libvirtd answered; what it said is above, libvirtd's log was in ${this.dir}/log`);
    }
  }

  /** Stops libvirtd and starts it anew with the same directories, as an upgrade does; running QEMUs go on. */
  async restart(): Promise<void> {
    const ready = this.nextReady();
    this.#script.kill('SIGHUP');
    await ready;
  }

  /** Kills libvirtd (SIGKILL) and waits until it is gone; {@link restart} starts it again. */
  async kill9(): Promise<void> {
    const { pid } = this;
    process.kill(pid, 'SIGKILL');
    while (!isOver(pid)) await sleep(10);
  }

  /** As {@link restart}, with SIGKILL instead of a clean stop. */
  async kill9AndRestart(): Promise<void> {
    await this.kill9();
    await this.restart();
  }

  /** Hangs libvirtd (SIGSTOP): its socket still accepts, nothing answers. */
  freeze(): void {
    process.kill(this.pid, 'SIGSTOP');
  }

  thaw(): void {
    process.kill(this.pid, 'SIGCONT');
  }

  /** Runs virsh against this libvirtd, for looking at it by other eyes than the product's. Gives its standard output. */
  async virsh(...args: readonly string[]): Promise<string> {
    const { stdout } = await run('virsh', ['-q', '-c', `qemu:///system?socket=${this.socketPath}`, ...args]);
    return stdout;
  }

  /** Ends libvirtd and every QEMU it started, and removes the directory. May be called twice. */
  async stop(): Promise<void> {
    if (this.#script.exitCode === null && this.#script.signalCode === null) {
      this.#script.kill('SIGTERM');
      await this.#exited;
    }
    rmSync(this.dir, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Whether a process is gone, or is one that nobody has waited for yet: before that its sockets may still be open, though its memory is not. */
function isOver(pid: number): boolean {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}
