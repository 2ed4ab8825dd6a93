// Every revision of every RealtimeAllocation, by a watch of the test's own that is taken up where it was cut.
import type { ClientRequest } from 'node:http';
import { request } from 'node:https';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeApi } from '../../testbed/kube-api.ts';
import type { TableGuest } from './chaos-checker.ts';
import { paths } from './kube-objects.ts';

interface Table {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly spec: { readonly guests: readonly TableGuest[] };
}

type Seen = (node: string, revision: string, guests: readonly TableGuest[] | undefined) => void;

/** Tells every revision in order until the signal aborts; after data that has gone back, what is there then. */
export async function followTables(api: KubeApi, seen: Seen, signal: AbortSignal): Promise<void> {
  let from: string | undefined;
  while (!signal.aborted) {
    try {
      from ??= await list(api, seen);
      from = await watch(api, from, seen, signal);
    } catch {
      // Away, or not there yet.
    }
    await sleep(100);
  }
}

async function list(api: KubeApi, seen: Seen): Promise<string> {
  const { items, metadata } = await new Promise<{ items: readonly Table[]; metadata: { resourceVersion: string } }>((resolve, reject) => {
    get(api, paths.tables, undefined, (text) => resolve(JSON.parse(text) as never), () => reject(new Error('the tables cannot be listed')));
  });
  for (const table of items) seen(table.metadata.name, table.metadata.resourceVersion, table.spec.guests);
  return metadata.resourceVersion;
}

/** @returns where to go on; undefined where that is too old, or from a future that has been taken back. */
async function watch(api: KubeApi, from: string, seen: Seen, signal: AbortSignal): Promise<string | undefined> {
  let last: string | undefined = from;
  const take = (line: string) => {
    const { type, object } = parsed(line) ?? {};
    if (type === undefined || object === undefined || last === undefined) return;
    if (type === 'ERROR') last = undefined;
    else {
      last = object.metadata.resourceVersion;
      seen(object.metadata.name, last, type === 'DELETED' ? undefined : object.spec.guests);
    }
  };
  await new Promise<void>((resolve) => {
    const call = get(api, `${paths.tables}?watch=true&resourceVersion=${from}`, take, () => resolve(), (refused) => {
      if (refused) last = undefined;
      resolve();
    });
    signal.addEventListener('abort', () => call.destroy(), { once: true });
  });
  return last;
}

/** Undefined for a line that was cut off: it comes again. */
function parsed(line: string): { readonly type: string; readonly object: Table } | undefined {
  try {
    return JSON.parse(line) as { readonly type: string; readonly object: Table };
  } catch {
    return undefined;
  }
}

/** @param failed told whether the server has answered, and refused. */
function get(api: KubeApi, path: string, line: ((text: string) => void) | undefined, done: (text: string) => void, failed: (refused: boolean) => void): ClientRequest {
  const call = request(`${api.url}${path}`, { headers: { authorization: `Bearer ${api.token}` }, rejectUnauthorized: false, agent: false }, (response) => {
    response.on('error', () => failed(false));
    if (response.statusCode !== 200) {
      response.resume();
      failed(true);
      return;
    }
    const lines: string[] = [];
    const reader = createInterface({ input: response });
    reader.on('error', () => failed(false));
    reader.on('line', line ?? ((text) => lines.push(text)));
    reader.on('close', () => done(lines.join('\n')));
  });
  call.on('error', () => failed(false));
  call.end();
  return call;
}
