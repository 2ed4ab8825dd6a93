// A web server whose one file comes byte by byte until the test lets it go on: a download of it lasts until then.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An agent gives up a download of which no byte has come for a minute. */
const byteEveryMs = 2_000;

export class SlowImage implements AsyncDisposable {
  readonly sha256: string;
  readonly #content: Uint8Array;
  readonly #server = createServer((_request, response) => this.#answer(response));
  /** How many bytes each download has been sent. */
  readonly #waiting = new Map<ServerResponse, number>();
  readonly #timer = setInterval(() => this.#sendByte(), byteEveryMs);
  #released = false;

  private constructor(content: Uint8Array) {
    this.#content = content;
    this.sha256 = createHash('sha256').update(content).digest('hex');
  }

  /** On loopback. */
  static async serve(content: Uint8Array): Promise<SlowImage> {
    const image = new SlowImage(content);
    image.#server.listen(0, '127.0.0.1');
    await once(image.#server, 'listening');
    return image;
  }

  /** What an agent's `--allow-url` lets it fetch. */
  get folder(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  get url(): string {
    return `${this.folder}slow.rom`;
  }

  /** Downloads that are under way now. */
  get fetching(): number {
    return this.#waiting.size;
  }

  /** Lets all downloads end, those under way and those to come. */
  release(): void {
    this.#released = true;
    for (const [response, sent] of this.#waiting) response.end(this.#content.subarray(sent));
    this.#waiting.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #answer(response: ServerResponse): void {
    response.writeHead(200, { 'content-length': this.#content.length });
    if (this.#released) {
      response.end(this.#content);
      return;
    }
    response.flushHeaders();
    this.#waiting.set(response, 0);
    response.on('close', () => this.#waiting.delete(response));
  }

  #sendByte(): void {
    for (const [response, sent] of this.#waiting) {
      response.write(this.#content.subarray(sent, sent + 1));
      this.#waiting.set(response, sent + 1);
    }
  }
}
