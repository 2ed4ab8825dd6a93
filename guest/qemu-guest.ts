/** A QEMU of the tests' own that runs the probe ROM: its serial lines, its monitor, its exit, the CPU time of its vCPUs. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const romPath = fileURLToPath(new URL('probe.rom', import.meta.url));

const qemu = 'qemu-system-x86_64';

/** What differs from test to test; the values go to QEMU's options of these names. */
export interface QemuMachine {
  readonly accel: 'kvm' | 'tcg';
  readonly machine: 'q35' | 'pc' | 'isapc';
  readonly cpu: string;
  readonly smp: string;
  /** The fw_cfg string opt/rtvm/probe; absent: no such file. */
  readonly config?: string;
  /** RAM in QEMU's notation; 4 MiB where not given. */
  readonly memory?: string;
  /** Where the serial port leads instead of to `line()`. */
  readonly serial?: string;
}

/** A running guest. Disposing of it ends QEMU and removes its socket. */
export class QemuGuest implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #directory: string;
  readonly #lines: AsyncIterator<string>;
  #errors = '';

  private constructor(child: ChildProcess, directory: string) {
    this.#process = child;
    this.#directory = directory;
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    child.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
      this.#errors += chunk;
    });
  }

  /** Starts QEMU; `signal` (a test's own) kills it. Throws if QEMU is missing. */
  static async start(machine: QemuMachine, signal: AbortSignal): Promise<QemuGuest> {
    const directory = await mkdtemp(join(tmpdir(), 'rtvm-probe-'));
    const config = machine.config?.replaceAll(',', ',,'); // QEMU's own quoting
    const child = spawn(qemu, [
      '-nodefaults', '-no-user-config', '-display', 'none', '-m', machine.memory ?? '4M',
      '-M', machine.machine, '-accel', machine.accel, '-cpu', machine.cpu, '-smp', machine.smp,
      ...(config === undefined ? [] : ['-fw_cfg', `name=opt/rtvm/probe,string=${config}`]),
      '-bios', romPath, '-serial', machine.serial ?? 'stdio', '-qmp', `unix:${directory}/qmp,server=on,wait=off`,
    ], { stdio: ['ignore', 'pipe', 'pipe'], signal, killSignal: 'SIGKILL' });
    try {
      await once(child, 'spawn');
    } catch (cause) {
      await rm(directory, { recursive: true });
      throw new Error(`Cannot start ${qemu}: apt-get install -y --no-install-recommends qemu-system-x86`, { cause });
    }
    child.on('error', () => undefined); // an abort shows as the exit
    return new QemuGuest(child, directory);
  }

  /** The next line on the serial port. Throws, with what QEMU said, if QEMU ends first. */
  async line(): Promise<string> {
    const next = await this.#lines.next();
    if (next.done === true) throw new Error(`QEMU ended before the next line. It said: ${this.#errors.trim()}`);
    return next.value;
  }

  /** Presses the ACPI power button; → the lines until QEMU's end, and its exit status. */
  async pressPowerButton(): Promise<{ readonly lines: readonly string[]; readonly exitCode: number | null }> {
    const ended = this.ended();
    await this.#monitor('system_powerdown');
    return ended;
  }

  /** Waits for the guest to switch off; → the lines until QEMU's end, and its exit status. */
  async ended(): Promise<{ readonly lines: readonly string[]; readonly exitCode: number | null }> {
    const exited = this.#exited();
    const lines: string[] = [];
    for (let next = await this.#lines.next(); next.done !== true; next = await this.#lines.next()) lines.push(next.value);
    await exited;
    return { lines, exitCode: this.#process.exitCode };
  }

  /** CPU time that each vCPU's thread has used so far, in clock ticks, by QEMU's (and so libvirt's) vCPU number. */
  async vcpuTicks(): Promise<readonly number[]> {
    const vcpus = await this.#monitor('query-cpus-fast') as readonly { 'cpu-index': number; 'thread-id': number }[];
    const ticks: number[] = [];
    for (const vcpu of vcpus) {
      const stat = await readFile(`/proc/${this.#process.pid!}/task/${vcpu['thread-id']}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // from field 3 of proc_pid_stat(5)
      ticks[vcpu['cpu-index']] = Number(fields[11]) + Number(fields[12]); // utime and stime
    }
    return ticks;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = this.#exited();
    this.#process.kill('SIGKILL');
    await exited;
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #exited(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) await once(this.#process, 'close');
  }

  /** One QMP command, on a connection of its own. */
  async #monitor(command: string): Promise<unknown> {
    using socket = await connect(join(this.#directory, 'qmp'));
    const replies = createInterface({ input: socket })[Symbol.asyncIterator]();
    let result: unknown;
    for (const execute of ['qmp_capabilities', command]) {
      socket.write(`${JSON.stringify({ execute })}\n`);
      result = await reply(replies);
    }
    return result;
  }
}

/** Connects once QEMU listens. */
async function connect(path: string): Promise<Socket & Disposable> {
  for (let attempt = 1; ; attempt += 1) {
    const socket = createConnection(path);
    try {
      await once(socket, 'connect');
      return Object.assign(socket, { [Symbol.dispose]: () => void socket.destroy() });
    } catch (cause) {
      if (attempt === 100) throw new Error(`QEMU's monitor does not answer on ${path}`, { cause });
      await sleep(50);
    }
  }
}

/** The next reply, past the greeting and any events. */
async function reply(replies: AsyncIterator<string>): Promise<unknown> {
  for (let next = await replies.next(); next.done !== true; next = await replies.next()) {
    const message = JSON.parse(next.value) as { return?: unknown; error?: { desc: string } };
    if (message.error !== undefined) throw new Error(`QEMU's monitor: ${message.error.desc}`);
    if ('return' in message) return message.return;
  }
  throw new Error("QEMU's monitor closed before it replied");
}
