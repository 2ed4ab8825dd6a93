// Every revision of every RealtimeAllocation, RealtimeNode and RealtimeVM, in the order of etcd's own transactions: told by etcd itself, so
// that nothing is missed while the API server is away, and the order of two objects' revisions is known.
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterEvent, TableGuest, TableReport } from './chaos-events.ts';
import { until } from './until.ts';

/** Under the prefix of API servers, wherever it keeps custom resources: they are stored as JSON. */
const everything = { key: base64('/registry/'), range_end: base64('/registry0') };
const ours = /\/rtvm\.dev\/(realtimeallocations|realtimenodes|realtimevms)\/(?:[^/]+\/)?([^/]+)$/;

interface KeyValue {
  readonly key: string;
  readonly value?: string | undefined;
  readonly mod_revision: string;
}

interface Changes {
  readonly result?: { readonly events?: readonly { readonly type?: 'PUT' | 'DELETE'; readonly kv: KeyValue; readonly prev_kv?: KeyValue }[] };
}

interface Table {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly guests?: readonly TableGuest[]; readonly term?: string; readonly session?: string; readonly fenced?: boolean };
  readonly status?: { readonly guests?: readonly TableReport[] };
}

interface Node {
  readonly status?: { readonly term?: string };
}

interface Vm {
  readonly metadata: { readonly uid: string; readonly generation: number; readonly deletionTimestamp?: string };
  readonly spec: { readonly runStrategy?: string; readonly restartedAt?: string };
  readonly status?: { readonly observedGeneration?: number };
}

export class ClusterLog {
  readonly #url: string;
  readonly #seen: (event: ClusterEvent) => void;
  #last = 0n;
  #stop = new AbortController();
  #running: Promise<void>;

  /** Begins at once, with the first revision. */
  constructor(etcdUrl: string, seen: (event: ClusterEvent) => void) {
    this.#url = etcdUrl;
    this.#seen = seen;
    this.#running = this.#follow(this.#stop.signal);
  }

  /** Resolves when all has been told that is stored. To be called while nobody writes. */
  async caughtUp(): Promise<void> {
    const { revision } = await this.#read();
    while (this.#last < revision) await sleep(20);
  }

  /** To be called when etcd runs on older data and nobody has written yet: tells what is there, and goes on from that. */
  async wentBack(): Promise<void> {
    await this.stop();
    this.#seen({ type: 'rolledBack' });
    const { revision, stored } = await this.#read();
    for (const kv of stored) this.#tell(kv, undefined);
    this.#seen({ type: 'restored' });
    this.#last = revision;
    this.#stop = new AbortController();
    this.#running = this.#follow(this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Goes on where it was whenever etcd has been away. */
  async #follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const watch = { create_request: { ...everything, start_revision: String(this.#last + 1n), prev_kv: true } };
        const response = await fetch(`${this.#url}/v3/watch`, { method: 'POST', body: JSON.stringify(watch), signal });
        for await (const line of createInterface({ input: Readable.fromWeb(response.body!) })) {
          const { events = [] } = (JSON.parse(line) as Changes).result ?? {};
          for (const { type = 'PUT', kv, prev_kv: before } of events) {
            this.#tell(type === 'PUT' ? kv : { ...kv, value: undefined }, before);
            this.#last = BigInt(kv.mod_revision);
          }
        }
      } catch {
        // Away, or not there yet.
      }
      await sleep(20);
    }
  }

  async #read(): Promise<{ readonly revision: bigint; readonly stored: readonly KeyValue[] }> {
    return until('etcd answers', async () => {
      const response = await fetch(`${this.#url}/v3/kv/range`, { method: 'POST', body: JSON.stringify(everything) });
      const { header, kvs = [] } = await response.json() as { readonly header: { readonly revision: string }; readonly kvs?: readonly KeyValue[] };
      return { revision: BigInt(header.revision), stored: kvs };
    });
  }

  #tell({ key, value, mod_revision: revision }: KeyValue, before: KeyValue | undefined): void {
    const [, kind, name = ''] = ours.exec(text(key)) ?? [];
    if (kind === undefined) return;
    if (kind === 'realtimeallocations') {
      const { spec, status }: Partial<Table> = value === undefined ? {} : JSON.parse(text(value)) as Table;
      this.#seen({ type: 'table', node: name, revision, guests: value === undefined ? undefined : spec?.guests ?? [], reports: status?.guests ?? [], term: spec?.term, session: spec?.session, fenced: spec?.fenced });
      return;
    }
    if (kind === 'realtimenodes') {
      if (value !== undefined) this.#seen({ type: 'node', node: name, term: (JSON.parse(text(value)) as Node).status?.term });
      return;
    }
    const { metadata, spec, status } = JSON.parse(text(value ?? before?.value ?? '')) as Vm;
    this.#seen({
      type: 'vm', uid: metadata.uid, generation: metadata.generation, observedGeneration: status?.observedGeneration ?? 0,
      endsIt: spec.runStrategy === 'Halted' || metadata.deletionTimestamp !== undefined, restartedAt: spec.restartedAt, gone: value === undefined,
    });
  }
}

function base64(plain: string): string {
  return Buffer.from(plain).toString('base64');
}

function text(encoded: string): string {
  return Buffer.from(encoded, 'base64').toString('utf8');
}
