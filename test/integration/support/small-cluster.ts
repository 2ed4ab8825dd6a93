// The cluster that docs/kubectl-rtvm.md shows: three nodes, a VM that runs, one that fits nowhere, one that is halted.
import type { KubeApi } from '../../testbed/kube-api.ts';
import { kubeRequest } from '../../testbed/kube-request.ts';
import { HollowCluster } from './hollow-cluster.ts';
import { kubeCondition, paths } from './kube-objects.ts';
import type { KubeVm } from './kube-objects.ts';

/** Where its agents' Leases are. */
export const systemNamespace = 'default';

const leaderLease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'rtvm-controller' }, spec: {} };

const disks = [{ name: 'data', emptySize: '1Mi' }];
const du = { cpu: { vcpus: 2, policy: 'Mixed', coreSharing: 'Allow', realtime: { priority: 5 } }, memory: { size: '32Mi', pageSize: '2Mi' }, disks, terminationGracePeriodSeconds: 1 };
const huge = { cpu: { vcpus: 4, policy: 'Dedicated', emulatorThreads: 'Isolate', realtime: {} }, memory: { size: '64Mi', pageSize: '2Mi' }, disks };

/** Waits until every VM is where it stays. */
export async function startSmallCluster(api: KubeApi): Promise<HollowCluster> {
  const cluster = new HollowCluster(api);
  // Nobody is elected there: the Lease is there for what is written on it.
  await cluster.objects.create(paths.leases, leaderLease);
  await cluster.addNode('worker-1');
  await cluster.addNode('worker-2');
  await cluster.addNode('worker-3', { taints: [{ key: 'team', value: 'ran', effect: 'NoSchedule' }] });
  cluster.startController();
  await cluster.opened();
  const made = await kubeRequest(api, 'POST', '/api/v1/namespaces', { body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ran' } } });
  if (made.status !== 201) throw new Error(`namespace ran: ${JSON.stringify(made.body)}`);
  await create('ran', 'du-1', du, (vm) => kubeCondition(vm, 'Ready')?.status === 'True');
  await create('ran', 'du-big', huge, (vm) => kubeCondition(vm, 'Placed')?.status === 'False');
  await create('default', 'spare', { ...du, runStrategy: 'Halted' }, (vm) => vm.status?.phase === 'Stopped');
  return cluster;

  async function create(namespace: string, name: string, spec: object, until: (vm: KubeVm) => boolean): Promise<void> {
    const path = vmsIn(namespace);
    await cluster.objects.create(path, { apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeVM', metadata: { namespace, name }, spec });
    await cluster.objects.when<KubeVm>(`${path}/${name}`, (vm) => vm !== undefined && until(vm));
  }
}

/** Path of a namespace's VMs. */
export function vmsIn(namespace: string): string {
  return `/apis/rtvm.dev/v1alpha1/namespaces/${namespace}/realtimevms`;
}
