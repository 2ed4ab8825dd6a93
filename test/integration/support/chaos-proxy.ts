// An HTTP proxy before the API server, one address for each process: it refuses as busy servers do, loses answers, cuts watches
// in the middle of an event, and knows whether a process has a write under way when that is killed.
import { readdirSync, readFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:https';
import type { Server } from 'node:https';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { KubeApi } from '../../testbed/kube-api.ts';

/** How often each happens to a request, in [0, 1]. */
export interface Weather {
  /** 429 with `Retry-After`, of any request. */
  readonly busy: number;
  /** 409, of a write that is then not made. */
  readonly conflict: number;
  /** The connection breaks after a write was made and before its answer. */
  readonly lostAnswer: number;
  /** Of each chunk of a watch: the connection breaks in the middle of it. */
  readonly cutWatch: number;
}

export const fair: Weather = { busy: 0.01, conflict: 0.02, lostAnswer: 0.01, cutWatch: 0.01 };
export const storm: Weather = { busy: 0.15, conflict: 0.3, lostAnswer: 0.1, cutWatch: 0.1 };

export class ChaosProxy implements AsyncDisposable {
  readonly #api: KubeApi;
  readonly #random: () => number;
  readonly #servers: Server[] = [];
  readonly #upstream = new Agent({ keepAlive: true, rejectUnauthorized: false });
  readonly #writes = new Map<string, number>();
  weather: Weather = fair;
  /** Told when a write of a process, but that of a Lease, has arrived, and when it was made and the process has not heard of it. */
  onWrite: (process: string, moment: 'write' | 'written') => void = () => undefined;
  readonly counts = { refused: 0, conflicts: 0, lostAnswers: 0, cutWatches: 0 };

  constructor(api: KubeApi, random: () => number) {
    this.#api = api;
    this.#random = random;
  }

  /** @returns the address for one process, whatever it is called. */
  async address(process: string): Promise<string> {
    const certificates = join(this.#api.dir, 'certs');
    const [cert, key] = ['.crt', '.key'].map((end) => readFileSync(join(certificates, readdirSync(certificates).find((name) => name.endsWith(end))!)));
    const server = createServer({ cert, key }, (asked, answer) => void this.#serve(process, asked, answer).catch(() => answer.destroy()));
    server.on('clientError', (_, socket) => socket.destroy());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.#servers.push(server);
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  hasWrite(process: string): boolean {
    return (this.#writes.get(process) ?? 0) > 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      server.close();
    }
    this.#upstream.destroy();
    return Promise.resolve();
  }

  async #serve(process: string, asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const isWrite = asked.method !== 'GET';
    const chunks: Buffer[] = [];
    for await (const chunk of asked) chunks.push(chunk as Buffer);
    // Leases are renewed all the time: they are no work.
    const isWork = isWrite && asked.url?.includes('/leases') !== true;
    if (isWork) this.#writes.set(process, (this.#writes.get(process) ?? 0) + 1);
    answer.once('close', () => {
      if (isWork) this.#writes.set(process, this.#writes.get(process)! - 1);
    });
    if (isWork) this.onWrite(process, 'write');
    const dice = this.#random();
    const { busy, conflict, lostAnswer } = this.weather;
    if (dice < busy) {
      this.counts.refused += 1;
      refuse(answer, 429, 'TooManyRequests', { 'retry-after': '1' });
    } else if (dice < busy + conflict && (asked.method === 'PUT')) {
      this.counts.conflicts += 1;
      refuse(answer, 409, 'Conflict', {});
    } else this.#forward(asked, Buffer.concat(chunks), answer, { loses: isWrite && dice > 1 - lostAnswer, made: () => isWork && this.onWrite(process, 'written') });
  }

  #forward(asked: IncomingMessage, body: Buffer, answer: ServerResponse, { loses, made }: { readonly loses: boolean; readonly made: () => void }): void {
    const isWatch = asked.url?.includes('watch=') === true;
    const call = request(`${this.#api.url}${asked.url ?? ''}`, { method: asked.method, headers: asked.headers, agent: this.#upstream }, (given) => {
      made();
      if (loses) {
        this.counts.lostAnswers += 1;
        given.resume();
        answer.destroy();
        return;
      }
      answer.writeHead(given.statusCode ?? 502, given.headers);
      answer.flushHeaders();
      given.on('data', (chunk: Buffer) => {
        if (!isWatch || this.#random() >= this.weather.cutWatch) {
          answer.write(chunk);
          return;
        }
        this.counts.cutWatches += 1;
        answer.write(chunk.subarray(0, Math.floor(chunk.length / 2)), () => answer.destroy());
        given.destroy();
      });
      given.on('end', () => answer.end()).on('error', () => answer.destroy());
    });
    call.on('error', () => answer.destroy());
    answer.once('close', () => call.destroy());
    call.end(body);
  }
}

function refuse(answer: ServerResponse, code: number, reason: string, headers: Readonly<Record<string, string>>): void {
  answer.writeHead(code, { 'content-type': 'application/json', ...headers });
  answer.end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message: 'the weather is bad' }));
}
