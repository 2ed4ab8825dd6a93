/** Follows a watch in a test: what it told, in a few words each, and waiting for what it will tell. */
import { onTestFinished } from 'vitest';
import { formatProblems } from '../../crds/document-problem.ts';
import type { Identified } from '../subscription.ts';
import type { WatchEvent } from '../watch-event.ts';

/** Far above what anything takes on a busy machine. */
const patienceMs = 60_000;

export interface Followed {
  /** `added host-a`, `synced`, `problems: …`, in order. */
  readonly told: string[];
  /** What is there, by namespace and name, as told. */
  readonly objects: ReadonlyMap<string, Identified>;
  readonly until: (what: string, holds: () => boolean) => Promise<void>;
  readonly stop: AbortController;
  /** Resolves when the watch has ended. */
  readonly ended: Promise<void>;
}

/** @param watch begins the watch; it is ended with the test. */
export function follow(watch: (signal: AbortSignal) => AsyncIterable<WatchEvent<Identified>>): Followed {
  const stop = new AbortController();
  const told: string[] = [];
  const objects = new Map<string, Identified>();
  let wake: () => void = () => undefined;
  const ended = (async () => {
    for await (const event of watch(stop.signal)) {
      told.push(describe(event));
      if ('object' in event) {
        const key = describeKey(event.object);
        if (event.type === 'deleted') objects.delete(key);
        else objects.set(key, event.object);
      }
      wake();
    }
  })();
  onTestFinished(async () => {
    stop.abort();
    await ended;
  });
  const until = async (what: string, holds: () => boolean) => {
    const untilMs = Date.now() + patienceMs;
    while (!holds()) {
      if (Date.now() > untilMs) throw new Error(`waited in vain until ${what}; told: ${told.slice(-20).join('; ')}`);
      const { promise, resolve } = Promise.withResolvers<undefined>();
      wake = () => resolve(undefined);
      const timer = setTimeout(wake, 200);
      await promise;
      clearTimeout(timer);
    }
  };
  return { told, objects, until, stop, ended };
}

function describe(event: WatchEvent<Identified>): string {
  switch (event.type) {
    case 'synced':
      return 'synced';
    case 'problems':
      return `problems: ${formatProblems(event.problems)}`;
    default:
      return `${event.type} ${describeKey(event.object)}`;
  }
}

function describeKey({ metadata: { namespace, name } }: Identified): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}
