/** The agent as a process: one host of a cluster, until it is told to end. */
import process from 'node:process';
import { Agent } from '../../node-agent/agent.ts';
import type { AgentObserver } from '../../node-agent/agent-observer.ts';
import { takeHostLock } from '../../node-agent/host/host-lock.ts';
import { thisHost } from '../../node-agent/host/host-root.ts';
import { readProcess } from '../../node-agent/host/process.ts';
import { kvmProblem } from '../../node-agent/host/virtualization.ts';
import { withFields } from '../../runtime/log.ts';
import type { Log } from '../../runtime/log.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { keepNodeLease } from '../../store/kubernetes/node-lease.ts';
import type { AgentCommandOptions } from '../commands/agent.ts';
import { UsageError } from '../exit.ts';
import type { ExitCode } from '../exit.ts';
import { serveHealth } from '../http/health-server.ts';
import type { Io } from '../io.ts';
import { agentMetrics } from '../metrics/agent-metrics.ts';
import { queueMetrics } from '../metrics/queue-metrics.ts';
import { newRegistry } from '../metrics/registry.ts';
import { requestMetrics } from '../metrics/request-metrics.ts';
import { agentHost } from '../process/agent-host.ts';
import { openCluster } from '../process/cluster.ts';
import { logProblems } from '../process/log-problems.ts';
import { newLogger, onChange } from '../process/logger.ts';
import { releaseStartUpMemory } from '../process/release-memory.ts';
import { readVersion } from '../process/version.ts';
import { Interrupt } from '../run/interrupt.ts';
import { ownCpusWarning } from './own-cpus.ts';

/** @throws HostError `LOCK_HELD`, CommandError `NO_CLUSTER`, `CANNOT_LISTEN`; nothing is left then. */
export async function runAgent(options: AgentCommandOptions, io: Io): Promise<ExitCode> {
  const { nodeName } = options;
  if (nodeName === undefined) throw new UsageError('--node-name NAME (or NODE_NAME) is required: the name of the Kubernetes node that this host is');
  using interrupt = new Interrupt();
  const log = withFields(newLogger(io, options.logLevel), { node: nodeName });
  const lock = takeHostLock(thisHost, options.lockFile);
  try {
    return await runLocked(nodeName, options, { log, runtime: io.runtime }, interrupt.signal);
  } finally {
    lock[Symbol.dispose]();
  }
}

async function runLocked(
  nodeName: string,
  options: AgentCommandOptions,
  { log, runtime }: { readonly log: Log; readonly runtime: Runtime },
  stopped: AbortSignal,
): Promise<ExitCode> {
  const registry = newRegistry(readVersion());
  const store = openCluster(options, 'rtvm-agent', requestMetrics(registry, 'kubernetes'));
  try {
    const host = agentHost(options, runtime);
    const { hypervisor } = host;
    const libvirtAway = onChange<unknown>(
      (error) => log.warn('libvirt is not reached; running VMs are audited all the same', { error }),
      (error) => (error instanceof Error ? error.message : String(error)),
    );
    let renewNow = (): void => undefined;
    const agent: Agent = new Agent({
      store,
      nodeName,
      nodeLabels: {},
      version: readVersion(),
      ...host,
      auditIntervalMs: 1000 * options.auditInterval,
      log,
      libvirtAway,
      stated: () => renewNow(),
      problems: (problems) => logProblems(log, problems),
      queueObserver: queueMetrics(registry),
      observer: warningOfOwnCpus(agentMetrics(registry, nodeName, { auditsOnTime: () => agent.auditsOnTime, libvirtReached: () => hypervisor.isConnected, observe: (pid) => readProcess(thisHost, pid, []) }), log),
    });
    await using server = await serveHealth({
      ...options.metricsAddress,
      // Whatever else is wrong, ending the agent would mend nothing: it goes on trying, and audits what it can.
      health: () => undefined,
      readiness: () => (!hypervisor.isConnected ? 'libvirt is not reached' : agent.auditsOnTime ? undefined : 'audits are late'),
      metrics: registry,
    });
    log.info('agent started', { url: server.url, pid: process.pid });
    releaseStartUpMemory(runtime.clock);
    if (options.virtType === 'qemu') log.warn('emulation was asked for (--virt-type qemu): guests run, but nothing here is realtime');
    else warnWithoutKvm(log);
    const ended = new AbortController();
    const lease = keepNodeLease({
      cluster: store, namespace: options.leaseNamespace, nodeName, ...runtime,
      isHealthy: () => agent.isAtWork,
      statement: () => agent.statement,
      onWake: (wake) => { renewNow = wake; },
      onError: (error) => log.warn("the node's Lease could not be renewed", { error }),
    }, AbortSignal.any([stopped, ended.signal]));
    stopped.addEventListener('abort', () => agent.stop(), { once: true });
    if (stopped.aborted) agent.stop();
    try {
      await agent.run();
    } finally {
      ended.abort();
      await lease;
    }
    log.info('agent ended; VMs run on, without audits until the next one');
    return 0;
  } finally {
    await store.close();
  }
}

function warningOfOwnCpus(observer: AgentObserver, log: Log): AgentObserver {
  const report = onChange((detail: string) => log.warn('agent may run on dedicated CPUs', { detail }), (detail) => detail);
  return {
    ...observer,
    offered: (inventory) => {
      observer.offered(inventory);
      report(ownCpusWarning(thisHost, inventory.dedicatedCpus));
    },
  };
}

function warnWithoutKvm(log: Log): void {
  const problem = kvmProblem(thisHost);
  if (problem !== undefined) log.warn('KVM cannot be used', { detail: problem });
}
