// A TCP proxy before the API server of a test, which cuts and freezes connections as networks do.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export class CutProxy {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [client: Socket, upstream: Socket]>();
  #frozen = false;
  /** Bytes from the server after which each connection is cut; none while undefined. */
  #cutAfter: number | undefined;

  constructor(upstreamPort: number) {
    this.#server = createServer((client) => {
      const upstream = connect(upstreamPort, '127.0.0.1');
      const pair = [client, upstream] as const;
      this.#pairs.add(pair);
      const end = () => {
        this.#pairs.delete(pair);
        client.destroy();
        upstream.destroy();
      };
      for (const socket of pair) socket.on('close', end).on('error', end);
      client.on('data', (data) => this.#pass(upstream, data));
      upstream.on('data', (data) => {
        if (this.#cutAfter === undefined) {
          this.#pass(client, data);
          return;
        }
        client.write(data.subarray(0, this.#cutAfter), () => client.resetAndDestroy());
        upstream.destroy();
      });
    });
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  get connections(): number {
    return this.#pairs.size;
  }

  /** Resets all connections. */
  cut(): void {
    for (const [client, upstream] of this.#pairs) {
      client.resetAndDestroy();
      upstream.destroy();
    }
  }

  /** From now on each connection is reset after so many bytes of what the server sends next; undefined ends that. */
  cutAfter(bytes: number | undefined): void {
    this.#cutAfter = bytes;
  }

  /** What comes from now on is lost, on connections that stay open: a half-open connection. New ones are half-open too. */
  freeze(): void {
    this.#frozen = true;
  }

  /** New connections work again; those that were frozen stay so, since what they carried was lost. */
  thaw(): void {
    for (const [client, upstream] of this.#pairs) {
      client.removeAllListeners('data').resume();
      upstream.removeAllListeners('data').resume();
    }
    this.#frozen = false;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #pass(to: Socket, data: Buffer): void {
    if (!this.#frozen) to.write(data);
  }
}

/** A proxy before a server, closed after the test. @returns it, and the address to use in place of the server's. */
export async function cutProxy(serverUrl: string): Promise<{ readonly proxy: CutProxy; readonly url: string }> {
  const proxy = new CutProxy(Number(new URL(serverUrl).port));
  const port = await proxy.listen();
  onTestFinished(() => proxy.close());
  return { proxy, url: `https://127.0.0.1:${port}` };
}
