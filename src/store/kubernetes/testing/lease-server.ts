/** An API server at the edge of the machine that keeps Leases in memory, with the preconditions of the real one, and fails as it is told. */
import type { Lease } from '../../foreign.ts';
import { TransportError } from '../transport.ts';
import type { Transport, TransportRequest, TransportResponse } from '../transport.ts';

export class LeaseServer {
  readonly #leases = new Map<string, Lease>();
  #versions = 0;
  /** What happens to requests: `lost` ones take effect, and their answers do not arrive. */
  mode: 'up' | 'down' | 'lost' = 'up';
  /** Method and name of each request that arrived. */
  readonly requests: string[] = [];

  /** A connection for one process. */
  transport(): Transport {
    return {
      server: 'https://api.test',
      send: (request) => this.#send(request),
      renewCredentials: () => undefined,
      close: () => undefined,
    };
  }

  lease(name: string): Lease | undefined {
    return this.#leases.get(name);
  }

  /** As another client does. @param annotations those of before, where they are not given. */
  put(name: string, spec: Lease['spec'], annotations = this.#leases.get(name)?.metadata.annotations): void {
    const before = this.#leases.get(name)?.metadata;
    this.#versions += 1;
    this.#leases.set(name, {
      metadata: {
        name, namespace: 'rtvm', uid: before?.uid ?? `uid-${this.#versions}`, resourceVersion: String(this.#versions),
        creationTimestamp: '2026-01-31T12:00:00Z', ...(annotations === undefined ? {} : { annotations }),
      },
      spec,
    });
  }

  remove(name: string): void {
    this.#leases.delete(name);
  }

  async #send({ method, path, body, signal, beforeSend }: TransportRequest): Promise<TransportResponse> {
    signal.throwIfAborted();
    beforeSend?.();
    const wanted = body === undefined ? undefined : JSON.parse(body) as Lease;
    const name = wanted?.metadata.name ?? path.split('/').at(-1)!;
    if (this.mode === 'down') throw new TransportError('connect ECONNREFUSED', { unsent: true, cause: undefined });
    this.requests.push(`${method} ${name}`);
    const [status, answer] = this.#answer(method, name, wanted);
    if (this.mode === 'lost') throw new TransportError('socket hang up', { unsent: false, cause: undefined });
    return Promise.resolve({ status, body: once(JSON.stringify(answer)) });
  }

  #answer(method: TransportRequest['method'], name: string, wanted: Lease | undefined): readonly [number, unknown] {
    const current = this.#leases.get(name);
    if (method === 'POST') {
      if (current !== undefined) return [409, { kind: 'Status', reason: 'AlreadyExists' }];
    } else {
      if (current === undefined) return [404, { kind: 'Status', details: { name } }];
      if (method === 'PUT' && wanted?.metadata.resourceVersion !== current.metadata.resourceVersion) return [409, { kind: 'Status', reason: 'Conflict' }];
    }
    if (wanted !== undefined) this.put(name, wanted.spec, wanted.metadata.annotations ?? {});
    return [200, this.#leases.get(name)];
  }
}

async function* once(text: string): AsyncGenerator<Uint8Array, void, undefined> {
  yield await Promise.resolve(Buffer.from(text));
}
