// A process that stands for election and, while it leads, writes as fast as it can: `leader-process.ts KUBECONFIG IDENTITY [listens]`.
// Each write makes an object of its own, so that nothing but the guard keeps a leader of yesterday from writing: the signal that tells
// it to stop is heard only by one that `listens`.
// Tells what happens on standard output, a word a line: `leading N`, `wrote`, `lost`, `refused`. SIGTERM ends it gracefully.
import { setTimeout as sleep } from 'node:timers/promises';
import { loadKubeConfig } from '../../../src/store/kubernetes/kube-config.ts';
import { openKubernetesStore } from '../../../src/store/kubernetes/kubernetes-store.ts';
import { LeaderElection } from '../../../src/store/kubernetes/leader-election.ts';
import { NotLeaderError } from '../../../src/store/kubernetes/leadership.ts';
import type { Leadership } from '../../../src/store/kubernetes/leadership.ts';

const [kubeconfig, identity, listens] = process.argv.slice(2) as [string, string, string?];
const store = openKubernetesStore({ loadConfig: () => loadKubeConfig({ kubeconfig }), component: 'rtvm-test' });
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
const tell = (text: string) => process.stdout.write(`${text}\n`);

let terms = 0;
let writes = 0;

async function lead({ signal, guard }: Leadership): Promise<void> {
  terms += 1;
  const term = `${identity}-${terms}`;
  tell(`leading ${term}`);
  const fenced = store.guarded(guard);
  try {
    for (;;) {
      writes += 1;
      await fenced.createForeign('Lease', { metadata: { namespace: 'default', name: `write-${term}-${writes}`, labels: { written: 'true', term } }, spec: {} }, listens === undefined ? undefined : signal);
      tell('wrote');
      await sleep(5);
      if (stop.signal.aborted) return;
    }
  } catch (error) {
    if (!(error instanceof NotLeaderError)) throw error;
    tell(`refused ${signal.aborted ? 'and told to stop' : 'only'}`);
    throw error;
  }
}

const election = new LeaderElection({
  cluster: store,
  lease: { namespace: 'default', name: 'leader' },
  identity,
  durationMs: 5_000,
  renewDeadlineMs: 3_000,
  retryMs: 1_000,
  onChange: (change) => tell(change.type === 'lost' ? `lost: ${change.reason.message}` : change.type),
});
await election.run(stop.signal, lead);
await store.close();
