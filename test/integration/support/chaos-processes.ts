// Controllers and agents as processes that a test kills and starts again, each bundled into one file so that a start is quick.
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { MemoryHost } from '../../hollow/memory-hypervisor.ts';
import { serveHosts } from '../../hollow/host-link.ts';
import type { ChaosProxy } from './chaos-proxy.ts';

const hollow = join(import.meta.dirname, '../../hollow');
/** Where nobody has anything to do for so long, somebody is killed idle. */
const awaitedMs = 800;

/** What is run, again whenever it has ended. */
export interface Role {
  readonly name: string;
  readonly program: 'linked-agents' | 'elected-controller';
  readonly args: readonly string[];
}

export interface ChaosProcessesOptions {
  readonly directory: string;
  readonly hosts: ReadonlyMap<string, MemoryHost>;
  readonly roles: readonly Role[];
  readonly proxy: ChaosProxy;
  /** By how many milliseconds the wall clock of the next process is wrong. */
  readonly clockErrorMs: () => number;
}

/** When a process is killed: at once, when a write has left it, when that is made and not answered, or before and after an act on a host. */
export type KillMoment = 'now' | 'write' | 'written' | 'act' | 'acted';

export class ChaosProcesses implements AsyncDisposable {
  readonly #options: ChaosProcessesOptions;
  readonly #running = new Map<Role, ChildProcess>();
  readonly #acts = new Map<ChildProcess, number>();
  #awaited: { readonly moment: KillMoment; readonly met: (role: Role) => void } | undefined;
  #stopped = false;
  /** SIGKILLs that met a running process, and how many of them in the middle of a write or of an act on a host. */
  readonly kills = { all: 0, midWork: 0 };
  /** The end of what the processes have said. */
  readonly said: string[] = [];

  private constructor(options: ChaosProcessesOptions) {
    this.#options = options;
  }

  static async start(options: ChaosProcessesOptions): Promise<ChaosProcesses> {
    const { directory, roles } = options;
    mkdirSync(directory, { recursive: true });
    const require = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';
    await build({
      entryPoints: [...new Set(roles.map(({ program }) => join(hollow, `${program}.ts`)))], outdir: directory, outExtension: { '.js': '.mjs' },
      bundle: true, platform: 'node', format: 'esm', target: 'node24', banner: { js: require }, logLevel: 'error',
    });
    const processes = new ChaosProcesses(options);
    options.proxy.onWrite = (name, moment) => {
      const role = roles.find((candidate) => candidate.name === name);
      if (role !== undefined) processes.#meet(role, moment);
    };
    for (const role of roles) processes.#spawn(role);
    return processes;
  }

  /**
   * Kills that one of some processes whose moment comes first; another takes its place at once.
   * @param skipped so many such moments are let pass first.
   */
  async killFirst(roles: readonly Role[], moment: KillMoment, skipped: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<Role | undefined>();
    let left = skipped;
    this.#awaited = {
      moment,
      met: (role) => {
        if (!roles.includes(role)) return;
        if (left === 0) this.#kill(role);
        if (left === 0) resolve(role);
        left -= 1;
      },
    };
    const timer = setTimeout(() => resolve(undefined), moment === 'now' ? 0 : awaitedMs);
    const met = await promise;
    clearTimeout(timer);
    this.#awaited = undefined;
    if (met === undefined) this.#kill(roles[skipped % roles.length]!);
  }

  pidOf(role: Role): number {
    return this.#running.get(role)?.pid ?? 0;
  }

  /** Stops or continues a process. */
  signal(role: Role, signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#running.get(role)?.kill(signal);
  }

  /** Sets the wall clock of a running process wrong by so much, as a time daemon or an administrator does. */
  setClock(role: Role, errorMs: number): void {
    this.#running.get(role)?.send({ clockErrorMs: errorMs }, () => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#running.values()].map(async (child) => new Promise((resolve) => {
      child.once('exit', resolve);
      child.kill('SIGKILL');
    })));
  }

  #kill(role: Role): void {
    const child = this.#running.get(role);
    if (child === undefined) return;
    const midWork = this.#options.proxy.hasWrite(role.name) || (this.#acts.get(child) ?? 0) > 0;
    if (!child.kill('SIGKILL')) return;
    this.kills.all += 1;
    if (midWork) this.kills.midWork += 1;
  }

  #meet(role: Role, moment: KillMoment): void {
    if (this.#awaited?.moment === moment) this.#awaited.met(role);
  }

  #spawn(role: Role): void {
    const child = fork(join(this.#options.directory, `${role.program}.mjs`), role.args, {
      serialization: 'advanced', stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, CLOCK_ERROR_MS: String(this.#options.clockErrorMs()), NODE_COMPILE_CACHE: join(this.#options.directory, 'compiled') },
    });
    this.#running.set(role, child);
    serveHosts(child, this.#options.hosts, (moment) => {
      if (moment === 'act') this.#acts.set(child, (this.#acts.get(child) ?? 0) + 1);
      this.#meet(role, moment);
      if (moment === 'acted') this.#acts.set(child, this.#acts.get(child)! - 1);
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.said.push(`${role.name}: ${text.trimEnd()}`);
      if (this.said.length > 400) this.said.shift();
    });
    child.once('exit', () => {
      this.#running.delete(role);
      this.#acts.delete(child);
      if (!this.#stopped) this.#spawn(role);
    });
  }
}
