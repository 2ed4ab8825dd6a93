// Controllers and agents as processes that a test kills and starts again, each bundled into one file so that a start is quick.
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { MemoryHost } from '../../hollow/memory-hypervisor.ts';
import { serveHosts } from '../../hollow/host-link.ts';

const hollow = join(import.meta.dirname, '../../hollow');

/** What is run, again whenever it has ended. */
export interface Role {
  readonly name: string;
  readonly program: 'linked-agents' | 'elected-controller';
  readonly args: readonly string[];
}

export class ChaosProcesses implements AsyncDisposable {
  readonly #directory: string;
  readonly #hosts: ReadonlyMap<string, MemoryHost>;
  readonly #running = new Map<Role, ChildProcess>();
  #stopped = false;
  /** SIGKILLs that met a running process. */
  kills = 0;
  /** The end of what the processes have said. */
  readonly said: string[] = [];

  private constructor(directory: string, hosts: ReadonlyMap<string, MemoryHost>) {
    this.#directory = directory;
    this.#hosts = hosts;
  }

  static async start(directory: string, hosts: ReadonlyMap<string, MemoryHost>, roles: readonly Role[]): Promise<ChaosProcesses> {
    mkdirSync(directory, { recursive: true });
    const require = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';
    await build({
      entryPoints: [...new Set(roles.map(({ program }) => join(hollow, `${program}.ts`)))], outdir: directory, outExtension: { '.js': '.mjs' },
      bundle: true, platform: 'node', format: 'esm', target: 'node24', banner: { js: require }, logLevel: 'error',
    });
    const processes = new ChaosProcesses(directory, hosts);
    for (const role of roles) processes.#spawn(role);
    return processes;
  }

  /** At any instruction; another takes its place at once. */
  kill(role: Role): void {
    const child = this.#running.get(role);
    if (child?.kill('SIGKILL') === true) this.kills += 1;
  }

  pidOf(role: Role): number {
    return this.#running.get(role)?.pid ?? 0;
  }

  /** Stops or continues a process. */
  signal(role: Role, signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#running.get(role)?.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#running.values()].map(async (child) => new Promise((resolve) => {
      child.once('exit', resolve);
      child.kill('SIGKILL');
    })));
  }

  #spawn(role: Role): void {
    const child = fork(join(this.#directory, `${role.program}.mjs`), role.args, { serialization: 'advanced', stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    this.#running.set(role, child);
    serveHosts(child, this.#hosts);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.said.push(`${role.name}: ${text.trimEnd()}`);
      if (this.said.length > 400) this.said.shift();
    });
    child.once('exit', () => {
      this.#running.delete(role);
      if (!this.#stopped) this.#spawn(role);
    });
  }
}
