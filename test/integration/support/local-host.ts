// One host for tests of the whole command line: a private libvirtd, a state directory, and rtvm as a person calls it.
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import { reserveHugepages } from '../../testbed/hugepages.ts';
import { startPrivateLibvirtd } from '../../testbed/libvirtd.ts';
import type { PrivateLibvirtd, PrivateLibvirtdOptions } from '../../testbed/libvirtd.ts';
import { usableVirtType } from '../../testbed/tiny-domain.ts';
import { leftovers } from './leftovers.ts';
import { wellSaid } from './well-running.ts';

export const repository = resolve(import.meta.dirname, '../../..');
export const rtvmPath = join(repository, 'bin/rtvm');
export const probeVm = join(repository, 'examples/probe-vm.yaml');

/** The RealtimeNode of the tests, whichever host they run on. */
export const nodeName = 'demo';

export interface CommandResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CallOptions {
  /** On top of the host's own variables; `undefined` takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: string;
  /** A program and its arguments that rtvm's command line is given to: `['unshare', '-m', '--', …]`. */
  readonly through?: readonly string[];
  /** Another rtvm than the repository's: the file that runs. */
  readonly program?: string;
}

export interface LocalHostOptions extends PrivateLibvirtdOptions {
  /** 2 MiB huge pages that must be free. Default 64. */
  readonly hugepages?: number;
  /** ROMs by name that the image root holds as `NAME.rom` beside `probe.rom`; with none it is the repository's own. */
  readonly roms?: Readonly<Record<string, Uint8Array>>;
}

/** An rtvm that is at work. */
export interface RunningRtvm {
  readonly process: ChildProcessWithoutNullStreams;
  /** All that it has said on standard error until now. */
  stderr(): string;
  /** Resolves when standard error has the text; rejects when rtvm ends without having said it. */
  said(words: string | RegExp): Promise<void>;
  readonly ended: Promise<CommandResult>;
}

/** CPU 0 shared, CPU 1 dedicated: what every test machine has. A VM of the tests fits exactly once. */
export async function startLocalHost(options: LocalHostOptions = {}): Promise<LocalHost> {
  const pages = await reserveHugepages(options.hugepages ?? 64);
  try {
    const libvirtd = await startPrivateLibvirtd(options);
    try {
      const host = new LocalHost(libvirtd, pages, options);
      await host.describeNode();
      return host;
    } catch (error) {
      await libvirtd.stop();
      throw error;
    }
  } catch (error) {
    await pages[Symbol.asyncDispose]();
    throw error;
  }
}

export class LocalHost implements AsyncDisposable {
  readonly libvirtd: PrivateLibvirtd;
  readonly virtType = usableVirtType();
  /** State directories, the node's manifest and whatever a test writes; removed at the end. */
  readonly dir: string;
  readonly imageRoot: string;
  readonly nodeFile: string;
  readonly lockFile: string;
  readonly #pages: AsyncDisposable;
  #stateDir: string;
  #states = 0;

  constructor(libvirtd: PrivateLibvirtd, pages: AsyncDisposable, { roms }: Pick<LocalHostOptions, 'roms'> = {}) {
    this.libvirtd = libvirtd;
    this.#pages = pages;
    this.dir = mkdtempSync(join(tmpdir(), 'rtvm-host-'));
    this.imageRoot = roms === undefined ? join(repository, 'guest') : imageRootWith(roms, join(this.dir, 'images'));
    this.nodeFile = join(this.dir, 'node.yaml');
    this.lockFile = join(this.dir, 'agent.lock');
    this.#stateDir = this.freshState();
  }

  get stateDir(): string {
    return this.#stateDir;
  }

  /** Goes on with a new, empty state directory. @returns its path. */
  freshState(): string {
    this.#states += 1;
    this.#stateDir = join(this.dir, `state-${this.#states}`);
    mkdirSync(this.#stateDir);
    return this.#stateDir;
  }

  /** What rtvm is told through its environment. */
  get env(): Readonly<Record<string, string>> {
    return {
      RTVM_STATE_DIR: this.#stateDir,
      RTVM_LIBVIRT_SOCKET: this.libvirtd.socketPath,
      RTVM_IMAGE_ROOT: this.imageRoot,
      RTVM_NODE_NAME: nodeName,
      RTVM_LOCK_FILE: this.lockFile,
      RTVM_VIRT_TYPE: this.virtType,
    };
  }

  /** Writes a manifest beside the state directories. @returns its path. */
  write(name: string, manifest: string): string {
    const path = join(this.dir, name);
    writeFileSync(path, manifest);
    return path;
  }

  /** Runs rtvm to its end; never rejects for what rtvm exits with. */
  async rtvm(args: readonly string[], options: CallOptions = {}): Promise<CommandResult> {
    const child = this.#spawn(args, options);
    child.stdin.on('error', () => undefined); // it may end without having read
    child.stdin.end(options.stdin ?? '');
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), child.exitCode === null ? once(child, 'exit') : undefined]);
    return { exitCode: child.exitCode, stdout, stderr };
  }

  /** `rtvm run --detach` of the node and these manifests. */
  async run(manifests: readonly string[], options: CallOptions = {}): Promise<CommandResult> {
    return this.rtvm(['run', '--detach', ...[this.nodeFile, ...manifests].flatMap((file) => ['-f', file])], options);
  }

  /** Starts rtvm and leaves it at work; whoever starts it ends it. */
  start(args: readonly string[], options: CallOptions = {}): RunningRtvm {
    const child = this.#spawn(args, options);
    child.stdin.end();
    return watched(child);
  }

  /** Fails, naming everything, when a domain, process, file or huge page of any VM is still there. */
  async nothingIsLeft(): Promise<void> {
    expect(await leftovers(this.libvirtd, this.#stateDir)).toEqual([]);
  }

  /** That the host is as good as before: a VM runs, is verified, and goes without a trace. */
  async runsAndDeletes(manifest: string = probeVm, name = 'probe'): Promise<void> {
    const ran = await this.run([manifest]);
    expect(ran).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(wellSaid(name)) as unknown });
    const deleted = await this.rtvm(['delete', name]);
    expect(deleted).toMatchObject({ exitCode: 0, stderr: expect.stringContaining(`${name}: gone, with its domain, disks and CPUs`) as unknown });
    await this.nothingIsLeft();
  }

  /** Writes the node's manifest, from what the host is now. */
  async describeNode({ dedicated, shared }: { readonly dedicated: string; readonly shared: string } = { dedicated: '1', shared: '0' }): Promise<void> {
    const { exitCode, stdout, stderr } = await this.rtvm(['host', 'inventory', '--dedicated', dedicated, '--shared', shared, '--name', nodeName]);
    if (exitCode !== 0) throw new Error(`this host cannot be described: ${stderr}`);
    writeFileSync(this.nodeFile, stdout);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.libvirtd.stop();
    await this.#pages[Symbol.asyncDispose]();
    rmSync(this.dir, { recursive: true, force: true });
  }

  #spawn(args: readonly string[], { env = {}, through = [], program = rtvmPath }: CallOptions) {
    const [first, ...rest] = [...through, program, ...args];
    return spawn(first!, rest, { env: { ...process.env, ...this.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  }
}

function imageRootWith(roms: Readonly<Record<string, Uint8Array>>, directory: string): string {
  mkdirSync(directory);
  copyFileSync(join(repository, 'guest/probe.rom'), join(directory, 'probe.rom'));
  for (const [name, content] of Object.entries(roms)) writeFileSync(join(directory, `${name}.rom`), content);
  return directory;
}

/** @param child just started. */
export function watched(child: RunningRtvm['process']): RunningRtvm {
  let stderr = '';
  const exited = once(child, 'exit');
  const stdout = text(child.stdout);
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => void (stderr += chunk));
  const ended = Promise.all([stdout, exited]).then(([out]) => ({ exitCode: child.exitCode, stdout: out, stderr }));
  return {
    process: child,
    stderr: () => stderr,
    ended,
    said: (words) => new Promise((resolve, reject) => {
      const look = () => {
        if (typeof words === 'string' ? stderr.includes(words) : words.test(stderr)) resolve();
      };
      child.stderr.on('data', look);
      look();
      void ended.then(() => reject(new Error(`rtvm ended without having said ${String(words)}; it said: ${stderr}`)));
    }),
  };
}
