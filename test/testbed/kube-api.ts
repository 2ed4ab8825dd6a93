// Starts a real API server over a real etcd on loopback from a test, and lets the test restart, kill, freeze and roll it back.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, openSync, closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { etcdArguments, serverArguments } from './kube-api-arguments.ts';
import type { Ports } from './kube-api-arguments.ts';
import { kubeApiBinaries } from './kube-api-binaries.ts';
import type { KubeApiBinaries } from './kube-api-binaries.ts';

export { kubeApiMissing } from './kube-api-binaries.ts';

/** A start takes about 3 s on an idle machine; tests share two CPUs. */
const readyWithinMs = 60_000;

/** Starts one in a new temporary directory and waits until it answers. Any number may run side by side. */
export async function startKubeApi(): Promise<KubeApi> {
  const binaries = await kubeApiBinaries();
  const api = new KubeApi(binaries, mkdtempSync(join(tmpdir(), 'rtvm-kube-api-')), { etcd: await freePort(), etcdPeer: await freePort(), api: await freePort() });
  try {
    await api.start();
  } catch (error) {
    await api.stop();
    throw error;
  }
  return api;
}

/** A running API server; made by {@link startKubeApi}. Address and token stay the same over restarts. */
export class KubeApi implements AsyncDisposable {
  readonly kind: KubeApiBinaries['kind'];
  /** Holds kubeconfig, logs and data; removed by {@link stop}. */
  readonly dir: string;
  readonly kubeconfigPath: string;
  /** `https://127.0.0.1:PORT`; its certificate is self-signed. */
  readonly url: string;
  /** Of `admin` in `system:masters`. */
  readonly token: string;
  readonly #binaries: KubeApiBinaries;
  readonly #ports: Ports;
  #etcd: ChildProcess | undefined;
  #server: ChildProcess | undefined;

  constructor(binaries: KubeApiBinaries, dir: string, ports: Ports) {
    this.kind = binaries.kind;
    this.dir = dir;
    this.kubeconfigPath = join(dir, 'kubeconfig');
    this.url = `https://127.0.0.1:${ports.api}`;
    this.token = randomBytes(16).toString('hex');
    this.#binaries = binaries;
    this.#ports = ports;
    writeFileSync(join(dir, 'tokens.csv'), `${this.token},admin,admin,"system:masters"\n`, { mode: 0o600 });
    writeFileSync(this.kubeconfigPath, this.#kubeconfig(), { mode: 0o600 });
  }

  /** Of its data, for tests that read what is stored past the API server. */
  get etcdUrl(): string {
    return `http://127.0.0.1:${this.#ports.etcd}`;
  }

  /** The process id of the API server; another one after each restart. */
  get serverPid(): number {
    return this.#server?.pid ?? 0;
  }

  /** Starts what is not running, on the data that is there, and waits until it answers. */
  async start(): Promise<void> {
    this.#etcd ??= this.#spawn('etcd', this.#binaries.etcd, this.#etcdArguments());
    this.#server ??= this.#spawn('server', this.#binaries.server, this.#serverArguments());
    const deadline = Date.now() + readyWithinMs;
    // The namespace `default` is made a moment after the server calls itself ready.
    while (!(await this.#answers('/readyz') && await this.#answers('/api/v1/namespaces/default'))) {
      for (const [name, child] of [['etcd', this.#etcd], ['server', this.#server]] as const) {
        if (hasEnded(child)) throw new Error(`${name} ended before the API server answered; the end of its log:\n${this.#logEnd(name)}`);
      }
      if (Date.now() > deadline) throw new Error(`the API server did not answer within ${readyWithinMs} ms; the end of its log:\n${this.#logEnd('server')}`);
      await sleep(50);
    }
  }

  /** Ends the API server (SIGTERM, or as told) and leaves etcd running; {@link start} starts it again. */
  async stopServer(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await end(this.#server, signal);
    this.#server = undefined;
  }

  /** A new API server process over the same etcd, at the same address, as an upgrade does. */
  async restart(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await this.stopServer(signal);
    await this.start();
  }

  /** Hangs the API server (SIGSTOP): connections stay open, nothing answers. */
  freeze(): void {
    this.#server?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#server?.kill('SIGCONT');
  }

  /** Copies the data as it is now, for {@link rollBack}. Both processes are down for as long as that takes. */
  async saveData(): Promise<string> {
    const saved = mkdtempSync(join(this.dir, 'saved-'));
    await this.#down();
    cpSync(this.#dataDirectory, saved, { recursive: true });
    await this.start();
    return saved;
  }

  /**
   * Puts data back that {@link saveData} copied, as an administrator does who restores a backup of etcd.
   * @param before called when etcd runs on that data, and no API server does yet.
   */
  async rollBack(saved: string, before: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    await this.#down();
    rmSync(this.#dataDirectory, { recursive: true, force: true });
    cpSync(saved, this.#dataDirectory, { recursive: true });
    this.#etcd = this.#spawn('etcd', this.#binaries.etcd, this.#etcdArguments());
    await before();
    await this.start();
  }

  /** Ends both processes and removes the directory. May be called twice. */
  async stop(): Promise<void> {
    await this.#down('SIGKILL');
    rmSync(this.dir, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** @param signal for etcd. The API server holds no state; asked to end, it waits a minute for whoever watches. */
  async #down(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await this.stopServer('SIGKILL');
    await end(this.#etcd, signal);
    this.#etcd = undefined;
  }

  get #dataDirectory(): string {
    return join(this.dir, 'etcd');
  }

  /** They die with this process, however it ends. */
  #spawn(name: 'etcd' | 'server', binary: string, args: readonly string[]): ChildProcess {
    const log = openSync(join(this.dir, `${name}.log`), 'a');
    try {
      return spawn('setpriv', ['--pdeathsig', 'KILL', '--', binary, ...args], { stdio: ['ignore', log, log] });
    } finally {
      closeSync(log);
    }
  }

  #etcdArguments(): readonly string[] {
    return etcdArguments(this.#dataDirectory, this.#ports);
  }

  #serverArguments(): readonly string[] {
    const files = { certificates: join(this.dir, 'certs'), tokens: join(this.dir, 'tokens.csv'), serviceAccountKey: join(this.dir, 'service-accounts.key') };
    if (this.kind === 'kube-apiserver') {
      // Both what signs tokens and what they are checked with: a private key holds its public one.
      const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
      if (!existsSync(files.serviceAccountKey)) writeFileSync(files.serviceAccountKey, key.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 });
    }
    return serverArguments(this.kind, this.#ports, files);
  }

  #kubeconfig(): string {
    return [
      'apiVersion: v1', 'kind: Config',
      `clusters: [{name: test, cluster: {server: "${this.url}", insecure-skip-tls-verify: true}}]`,
      `users: [{name: admin, user: {token: "${this.token}"}}]`,
      'contexts: [{name: test, context: {cluster: test, user: admin, namespace: default}}]', 'current-context: test', '',
    ].join('\n');
  }

  async #answers(path: string): Promise<boolean> {
    return new Promise((resolve) => {
      const call = request(`${this.url}${path}`, { headers: { authorization: `Bearer ${this.token}` }, rejectUnauthorized: false, timeout: 2000, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      });
      call.on('timeout', () => call.destroy());
      call.on('error', () => resolve(false));
      call.end();
    });
  }

  #logEnd(name: 'etcd' | 'server'): string {
    return readFileSync(join(this.dir, `${name}.log`), 'utf8').split('\n').slice(-20).join('\n');
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function end(child: ChildProcess | undefined, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child === undefined || hasEnded(child)) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  // Frozen processes take no SIGTERM until they are thawed.
  child.kill('SIGCONT');
  await exited;
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
