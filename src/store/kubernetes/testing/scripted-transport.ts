/** An API server at the edge of the machine that answers each request as the test says, in order; when the script has ended it is silent. */
import { TransportError } from '../transport.ts';
import type { Transport, TransportRequest, TransportResponse } from '../transport.ts';

export type Answer = (request: TransportRequest) => Promise<TransportResponse>;

export interface Script {
  readonly transport: Transport;
  /** Method, path and body of each request that was sent. */
  readonly sent: string[];
  /** How often credentials were made anew. */
  readonly renewals: () => number;
}

export function scripted(answers: readonly Answer[]): Script {
  const sent: string[] = [];
  let renewals = 0;
  const transport: Transport = {
    server: 'https://api.test:6443',
    send: async (request) => {
      request.beforeSend?.();
      const answer = answers[sent.length];
      sent.push(`${request.method} ${decodeURIComponent(request.path)}${request.body === undefined ? '' : ` ${request.body}`}`);
      return answer === undefined ? silence()(request) : answer(request);
    },
    renewCredentials: () => { renewals += 1; },
    close: () => undefined,
  };
  return { transport, sent, renewals: () => renewals };
}

export function json(status: number, value: unknown, retryAfter?: string): Answer {
  return text(status, JSON.stringify(value), retryAfter);
}

export function text(status: number, body: string, retryAfter?: string): Answer {
  return () => Promise.resolve({ status, retryAfter, body: chunks([body]) });
}

/** No answer: the connection is refused, or breaks once the request was sent. */
export function broken(unsent: boolean): Answer {
  return () => Promise.reject(new TransportError(unsent ? 'connect ECONNREFUSED' : 'socket hang up', { unsent, cause: undefined }));
}

/** Nothing, until whoever waits gives up. */
export function silence(): Answer {
  return ({ signal }) => untilAborted(signal);
}

/** The events of a watch, a chunk each, and how it ends: properly, cut off, or not at all. */
export function events(lines: readonly (object | string)[], end: 'end' | 'cut' | 'silence' = 'silence'): Answer {
  return ({ signal }) => Promise.resolve({ status: 200, body: watchBody(lines, end, signal) });
}

async function* watchBody(lines: readonly (object | string)[], end: 'end' | 'cut' | 'silence', signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  yield* chunks(lines.map((line) => (typeof line === 'string' ? line : `${JSON.stringify(line)}\n`)));
  if (end === 'cut') throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
  if (end === 'silence') await untilAborted(signal);
}

async function* chunks(texts: readonly string[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const part of texts) yield await Promise.resolve(Buffer.from(part));
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}
