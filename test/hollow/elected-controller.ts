// A real controller in a process of its own, with an election that is over in a second instead of fifteen: a test that kills
// hundreds of processes waits for many. Arguments: kubeconfig, how long a node's silence is borne in ms.
import process from 'node:process';
import { Controller } from '../../src/controller/controller.ts';
import { logTo, withFields } from '../../src/runtime/log.ts';
import { logLine } from '../../src/runtime/log-line.ts';
import { machineRuntime } from '../../src/runtime/runtime.ts';
import { loadKubeConfig } from '../../src/store/kubernetes/kube-config.ts';
import { openKubernetesStore } from '../../src/store/kubernetes/kubernetes-store.ts';
import { LeaderElection } from '../../src/store/kubernetes/leader-election.ts';
import { wrongClock } from './wrong-clock.ts';

const [kubeconfig = '', silenceMs = ''] = process.argv.slice(2);
const log = withFields(logTo((entry) => console.error(logLine(entry, wrongClock.date()))), { pid: process.pid });

process.on('disconnect', () => process.exit(1));

const store = openKubernetesStore({ loadConfig: () => loadKubeConfig({ kubeconfig }), component: 'rtvm-controller', clock: wrongClock });
const election = new LeaderElection({
  cluster: store, lease: { namespace: 'default', name: 'rtvm-controller' }, identity: String(process.pid), durationMs: 1000, renewDeadlineMs: 700, retryMs: 150, clock: wrongClock,
});
await election.run(new AbortController().signal, async ({ signal, guard, ...leadership }) => {
  const guarded = store.guarded(guard);
  const controller = new Controller({ store: guarded, cluster: { cluster: guarded, leaseNamespace: 'default', leaderLease: 'rtvm-controller', leaseMs: Number(silenceMs) }, leadership, runtime: { ...machineRuntime, clock: wrongClock }, log });
  const stop = () => controller.stop();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  await controller.run();
});
