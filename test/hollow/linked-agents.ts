// Real agents of a few nodes in a process of their own, whose hosts are in the process that has forked this one.
// Arguments: kubeconfig, directory of the host's files, directory for state, then the nodes.
import { join } from 'node:path';
import process from 'node:process';
import { Agent } from '../../src/node-agent/agent.ts';
import { hostRootAt } from '../../src/node-agent/host/host-root.ts';
import { filesOnDisk } from '../../src/node-agent/files-on-disk.ts';
import { logTo, withFields } from '../../src/runtime/log.ts';
import { logLine } from '../../src/runtime/log-line.ts';
import { machineRuntime } from '../../src/runtime/runtime.ts';
import { loadKubeConfig } from '../../src/store/kubernetes/kube-config.ts';
import { openKubernetesStore } from '../../src/store/kubernetes/kubernetes-store.ts';
import { keepNodeLease } from '../../src/store/kubernetes/node-lease.ts';
import { LinkedHypervisor } from './host-link.ts';
import { wrongClock } from './wrong-clock.ts';

const [kubeconfig = '', hostDirectory = '', stateDirectory = '', ...names] = process.argv.slice(2);

process.on('disconnect', () => process.exit(1));

const root = hostRootAt(hostDirectory);
const runtime = { ...machineRuntime, clock: wrongClock };

for (const nodeName of names) {
  const store = openKubernetesStore({ loadConfig: () => loadKubeConfig({ kubeconfig }), component: 'rtvm-agent', clock: wrongClock });
  const log = withFields(logTo((entry) => console.error(logLine(entry, wrongClock.date()))), { node: nodeName });
  let renewNow: () => void = () => undefined;
  const agent = new Agent({
    store, nodeName, version: 'test', nodeLabels: {}, hypervisor: new LinkedHypervisor(nodeName), root, runtime,
    files: filesOnDisk({
      root, stateDirectory: join(stateDirectory, nodeName), imageRoot: join(stateDirectory, 'images'), allowedUrls: [], runtime,
    }),
    // Such a host has no device files, so KVM is not asked for.
    virtType: 'qemu', auditIntervalMs: 2000, log,
    stated: () => renewNow(),
  });
  void keepNodeLease({
    cluster: store, namespace: 'default', nodeName, isHealthy: () => agent.isAtWork, statement: () => agent.statement, renewMs: 2000,
    onWake: (wake) => { renewNow = wake; }, clock: wrongClock,
    onError: (error) => log.warn('its Lease', { error }),
  }, new AbortController().signal);
  void agent.run();
}
