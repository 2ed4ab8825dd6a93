// Starts the controller of `controller-process.ts` from a test.
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { KubeApi } from '../testbed/kube-api.ts';

export interface Weight {
  readonly heapBytes: number;
  readonly rssBytes: number;
}

export interface WeighedController extends AsyncDisposable {
  /** All that it has logged; undefined for as long as it runs. One that has lost its Lease is started again, as kubelet does. */
  ended(): string | undefined;
  /** How often it was started again: on a busy machine a renewal may come too late. */
  readonly restarts: number;
  /** After a forced collection. */
  weigh(): Promise<Weight>;
}

/** Resolves when it leads. */
export async function startWeighedController(api: KubeApi, leaseNamespace: string): Promise<WeighedController> {
  let restarts = 0;
  let isWanted = true;
  let ended: string | undefined;
  let running = start(api, leaseNamespace);
  const follow = async () => {
    for (;;) {
      const log = await running.exited;
      if (!isWanted) return;
      if (!log.includes('leadership is lost')) {
        ended = log;
        return;
      }
      restarts += 1;
      running = start(api, leaseNamespace);
    }
  };
  const followed = follow();
  await running.leads;
  return {
    ended: () => ended,
    get restarts() { return restarts; },
    weigh: async () => {
      const { child } = running;
      const answer = once(child, 'message');
      child.send('weigh');
      const [{ heapUsed, rss }] = await answer as [{ heapUsed: number; rss: number }];
      return { heapBytes: heapUsed, rssBytes: rss };
    },
    [Symbol.asyncDispose]: async () => {
      isWanted = false;
      if (running.child.connected) running.child.send('stop');
      await followed;
    },
  };
}

interface RunningController {
  readonly child: ChildProcess;
  /** Rejects when it ends before. */
  readonly leads: Promise<undefined>;
  /** All that it has logged. */
  readonly exited: Promise<string>;
}

function start(api: KubeApi, leaseNamespace: string): RunningController {
  const options = ['--kubeconfig', api.kubeconfigPath, '--lease-namespace', leaseNamespace, '--metrics-address', '127.0.0.1:0'];
  const child = fork(join(import.meta.dirname, 'controller-process.ts'), options, {
    execArgv: ['--expose-gc'], stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let log = '';
  const leads = Promise.withResolvers<undefined>();
  leads.promise.catch(() => undefined);
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    log += chunk;
    if (log.includes('this controller leads')) leads.resolve(undefined);
  });
  const exited = once(child, 'exit').then(() => {
    leads.reject(new Error(`the controller has ended: ${log}`));
    return log;
  });
  return { child, leads: leads.promise, exited };
}
