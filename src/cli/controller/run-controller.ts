/** The controller as a process: stands for election, and works for as long as it leads. */
import { hostname } from 'node:os';
import process from 'node:process';
import { Controller } from '../../controller/controller.ts';
import type { KubernetesStore } from '../../store/kubernetes/kubernetes-store.ts';
import { LeaderElection } from '../../store/kubernetes/leader-election.ts';
import type { LeadershipChange } from '../../store/kubernetes/leader-election.ts';
import type { Leadership } from '../../store/kubernetes/leadership.ts';
import type { GuardsObserver } from '../../controller/guards.ts';
import type { Log } from '../../runtime/log.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { WorkQueueObserver } from '../../runtime/work-queue.ts';
import type { ControllerCommandOptions } from '../commands/controller.ts';
import type { ExitCode } from '../exit.ts';
import { serveHealth } from '../http/health-server.ts';
import type { Io } from '../io.ts';
import { guardMetrics } from '../metrics/guard-metrics.ts';
import { invariantMetrics } from '../metrics/invariant-metrics.ts';
import type { InvariantMetrics } from '../metrics/invariant-metrics.ts';
import { leaderMetric } from '../metrics/leader-metric.ts';
import { queueMetrics } from '../metrics/queue-metrics.ts';
import { newRegistry } from '../metrics/registry.ts';
import { requestMetrics } from '../metrics/request-metrics.ts';
import { followVms, vmMetrics } from '../metrics/vm-metrics.ts';
import type { VmMetrics } from '../metrics/vm-metrics.ts';
import { openCluster } from '../process/cluster.ts';
import { logProblems } from '../process/log-problems.ts';
import { newLogger } from '../process/logger.ts';
import { releaseStartUpMemory } from '../process/release-memory.ts';
import { readVersion } from '../process/version.ts';
import { Interrupt } from '../run/interrupt.ts';
import { ClusterFeed } from '../ui/cluster-feed.ts';
import { pageHandler } from '../ui/page-handler.ts';
import { leaderLease } from './leader-lease.ts';
import { nodeLeaseMs } from './node-lease-ms.ts';

/** @returns 1 where leadership was lost: another controller leads then, and this process begins anew. */
export async function runController(options: ControllerCommandOptions, io: Io): Promise<ExitCode> {
  using interrupt = new Interrupt();
  const log = newLogger(io, options.logLevel);
  const registry = newRegistry(readVersion());
  const countRequest = requestMetrics(registry, 'kubernetes');
  const store = openCluster(options, 'rtvm-controller', countRequest);
  // With connections of its own: a renewal must not wait behind the work that it is for.
  const leases = openCluster(options, 'rtvm-controller', countRequest);
  try {
    const setLeads = leaderMetric(registry, leaderLease);
    const metrics = vmMetrics(registry, io.runtime.clock);
    const invariants = invariantMetrics(registry);
    const countQueue = queueMetrics(registry);
    const queueObserver = countQueue('vms');
    const guardsObserver: GuardsObserver = { queue: countQueue('guards'), counted: guardMetrics(registry) };
    await using feed = new ClusterFeed({
      store,
      cluster: { cluster: store, leaseNamespace: options.leaseNamespace, leaseMs: nodeLeaseMs },
    }, io.runtime.clock);
    const page = options.ui ? pageHandler({ feed, hello: { version: readVersion(), title: '' }, hosts: options.uiHost.map((name) => name.toLowerCase()) }) : undefined;
    await using server = await serveHealth({ ...options.metricsAddress, health: () => undefined, readiness: () => undefined, metrics: registry, page });
    const identity = `${hostname()}_${io.runtime.random.uuid()}`;
    log.info('controller started', { identity, url: server.url, pid: process.pid });
    releaseStartUpMemory(io.runtime.clock);
    const lost = new AbortController();
    const election = new LeaderElection({
      cluster: leases,
      lease: { namespace: options.leaseNamespace, name: leaderLease },
      identity,
      onChange: (change) => {
        // A renewal that failed ends no term; only time does.
        if (change.type !== 'failed') setLeads(change.type === 'leading');
        report(change, log);
        if (change.type === 'lost') lost.abort();
      },
    });
    const work: Work = {
      store, metrics, invariants, queueObserver, guardsObserver, options, log, runtime: io.runtime,
    };
    await election.run(AbortSignal.any([interrupt.signal, lost.signal]), (leadership) => lead(leadership, work));
    log.info('controller ended');
    return lost.signal.aborted ? 1 : 0;
  } finally {
    await Promise.all([store.close(), leases.close()]);
  }
}

/** What a term works with. */
interface Work {
  readonly store: KubernetesStore;
  readonly metrics: VmMetrics;
  readonly invariants: InvariantMetrics;
  readonly queueObserver: WorkQueueObserver;
  readonly guardsObserver: GuardsObserver;
  readonly options: ControllerCommandOptions;
  readonly log: Log;
  readonly runtime: Runtime;
}

/** One term: works until it ends, and writes nothing after that. */
async function lead({ signal, guard, ...leadership }: Leadership, work: Work): Promise<void> {
  const { store, metrics, invariants, queueObserver, guardsObserver, options, log, runtime } = work;
  const guarded = store.guarded(guard);
  const controller = new Controller({
    store: guarded,
    cluster: { cluster: guarded, leaseNamespace: options.leaseNamespace, leaderLease, leaseMs: nodeLeaseMs },
    leadership,
    ...(options.guard === undefined ? {} : { guard: options.guard, guardsObserver }),
    runtime,
    queueObserver,
    invariants,
    log,
    problems: (problems) => logProblems(log, problems),
  });
  const stop = () => controller.stop();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    await Promise.all([controller.run(), followVms(guarded, metrics, signal)]);
  } finally {
    // What the next leader keeps is not this one's to tell.
    guardsObserver.counted(0, 0);
    invariants.termEnded();
    signal.removeEventListener('abort', stop);
  }
}

function report(change: LeadershipChange, log: Log): void {
  switch (change.type) {
    case 'leading':
      log.info('this controller leads');
      break;
    case 'following':
      log.info('another controller leads', { leader: change.leader });
      break;
    case 'lost':
      log.error('leadership is lost', { error: change.reason });
      break;
    case 'failed':
      log.warn('the Lease could not be read or written', { error: change.error });
      break;
  }
}
