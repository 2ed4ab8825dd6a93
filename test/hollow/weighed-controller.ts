// Starts the controller of `controller-process.ts` from a test.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { KubeApi } from '../testbed/kube-api.ts';

export interface Weight {
  readonly heapBytes: number;
  readonly rssBytes: number;
}

export interface WeighedController extends AsyncDisposable {
  /** All that it has logged; undefined for as long as it runs. */
  ended(): string | undefined;
  /** After a forced collection. */
  weigh(): Promise<Weight>;
}

/** Resolves when it leads. */
export async function startWeighedController(api: KubeApi, leaseNamespace: string): Promise<WeighedController> {
  const child = fork(join(import.meta.dirname, 'controller-process.ts'), ['--kubeconfig', api.kubeconfigPath, '--lease-namespace', leaseNamespace, '--metrics-address', '127.0.0.1:0'], {
    execArgv: ['--expose-gc'], stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let log = '';
  const leads = Promise.withResolvers<undefined>();
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    log += chunk;
    if (log.includes('this controller leads')) leads.resolve(undefined);
  });
  const exited = once(child, 'exit');
  void exited.then(() => leads.reject(new Error(`the controller has ended: ${log}`)));
  await leads.promise;
  return {
    ended: () => (child.exitCode === null && child.signalCode === null ? undefined : log),
    weigh: async () => {
      const answer = once(child, 'message');
      child.send('weigh');
      const [{ heapUsed, rss }] = await answer as [{ heapUsed: number; rss: number }];
      return { heapBytes: heapUsed, rssBytes: rss };
    },
    [Symbol.asyncDispose]: async () => {
      if (child.connected) child.send('stop');
      await exited;
    },
  };
}
