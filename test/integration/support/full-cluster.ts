// Objects of a cluster in which much goes on, as controllers and agents would have written them, with none running: the product's
// own placement says who has which CPU.
import { Readable, Writable } from 'node:stream';
import { makePlan } from '../../../src/cli/plan/make-plan.ts';
import type { ManifestPlanItem } from '../../../src/cli/plan/make-plan.ts';
import { Io } from '../../../src/cli/io.ts';
import { guestToWire } from '../../../src/crds/guest-wire.ts';
import { placementToWire } from '../../../src/crds/placement-wire.ts';
import { CpuSet } from '../../../src/realtime/cpu-set.ts';
import type { KubeApi } from '../../testbed/kube-api.ts';
import { kubeRequest } from '../../testbed/kube-request.ts';

const ours = '/apis/rtvm.dev/v1alpha1';
const apiVersion = 'rtvm.dev/v1alpha1';
/** Requests under way at once. */
const clients = 24;

/** What is the matter with some of the nodes, by their number. */
const cordoned = 17;
const silent = 42;
const failedCheck = 63;
const orphaned = 80;

export interface FullCluster {
  readonly nodes: number;
  readonly vms: number;
  readonly pending: number;
  /** A VM that an audit found wanting. */
  readonly violated: string;
}

/** Two sockets of 16 cores with two threads each; eight CPUs are the host's own and shared. */
function nodeManifest(index: number) {
  const numa = (id: number) => ({
    id, cpus: `${id * 16}-${id * 16 + 15},${32 + id * 16}-${32 + id * 16 + 15}`, memoryMiB: 262_144, distances: id === 0 ? [10, 21] : [21, 10],
    hugepages: [{ size: '1Gi', total: 160, free: 160 }, { size: '2Mi', total: 8192, free: 8192 }],
  });
  return {
    apiVersion, kind: 'RealtimeNode', metadata: { name: `node-${String(index).padStart(3, '0')}`, labels: { 'rtvm.dev/realtime': 'true' } },
    spec: { dedicatedCpus: '4-15,20-31,36-47,52-63', sharedCpus: '2-3,18-19,34-35,50-51' },
    status: {
      topology: { numaNodes: [numa(0), numa(1)], cores: Array.from({ length: 32 }, (_, core) => `${core},${core + 32}`), caches: [] },
      versions: { kernel: '6.12.74-rt', libvirt: '11.3.0', qemu: '10.0.2', rtvm: '0.1.0' },
      orphans: [],
    },
  };
}

/** The three kinds of realtime guests that such clusters run, and a plain one. */
const shapes = [
  { namespace: 'ran', prefix: 'du', spec: { cpu: { vcpus: 20, policy: 'Dedicated', threadPolicy: 'Require', emulatorThreads: 'Isolate', realtime: { mask: '^0-1', priority: 10 } }, memory: { size: '32Gi', pageSize: '1Gi' } } },
  { namespace: 'core', prefix: 'upf', spec: { cpu: { vcpus: 14, policy: 'Dedicated', realtime: { mask: '^0', priority: 5 } }, memory: { size: '16Gi', pageSize: '1Gi' } } },
  { namespace: 'factory', prefix: 'plc', spec: { cpu: { vcpus: 1, policy: 'Dedicated', threadPolicy: 'Isolate', emulatorThreads: 'Isolate', realtime: { priority: 20 } }, memory: { size: '512Mi', pageSize: '2Mi' } } },
] as const;
const tooLarge = { cpu: { vcpus: 40, policy: 'Dedicated', realtime: { mask: '^0' } }, memory: { size: '8Gi', pageSize: '1Gi' }, numa: { nodes: 1 } };

function vmManifest(namespace: string, name: string, spec: object) {
  return { apiVersion, kind: 'RealtimeVM', metadata: { namespace, name }, spec: { ...spec, disks: [{ name: 'data', emptySize: '1Gi' }] } };
}

async function planned(documents: readonly object[]): Promise<readonly ManifestPlanItem[]> {
  const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() });
  const io = new Io({ stdin: Readable.from([documents.map((document) => JSON.stringify(document)).join('\n---\n')]), stdout: nowhere(), stderr: nowhere(), env: {} });
  return (await makePlan({ file: ['-'] }, io)).items;
}

/** Of each three VMs, one is of each shape; four more fit nowhere. */
export async function fillCluster(api: KubeApi, { nodes: nodeCount, vms: vmCount, leaseNamespace }: { readonly nodes: number; readonly vms: number; readonly leaseNamespace: string }): Promise<FullCluster> {
  const nodes = Array.from({ length: nodeCount }, (_, index) => nodeManifest(index));
  const vms = Array.from({ length: vmCount }, (_, index) => {
    const { namespace, prefix, spec } = shapes[index % shapes.length]!;
    return vmManifest(namespace, `${prefix}-${Math.floor(index / shapes.length)}`, spec);
  });
  const pending = Array.from({ length: 4 }, (_, index) => vmManifest('ran', `cu-${index}`, tooLarge));
  const items = await planned([...nodes, ...vms, ...pending]);
  const writer = new Writer(api);
  for (const name of ['ran', 'core', 'factory', leaseNamespace]) await writer.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });

  const tables = new Map<string, { readonly guests: object[]; readonly reports: object[] }>(nodes.map(({ metadata: { name } }) => [name, { guests: [], reports: [] }]));
  let violated: string | undefined;
  const writes: (() => Promise<unknown>)[] = items.map((item) => async () => {
    const { namespace, name } = item.vm;
    const plural = `${ours}/namespaces/${namespace}/realtimevms`;
    const manifest = vms.find((vm) => vm.metadata.namespace === namespace && vm.metadata.name === name) ?? pending.find((vm) => vm.metadata.name === name)!;
    const vm = await writer.create(plural, manifest);
    const { uid } = vm.metadata;
    const { decision, guest } = item;
    if (decision.kind === 'refused') {
      await writer.status(`${plural}/${name}`, vm, waitingStatus(decision.groups.map(({ hosts, message }) => `${hosts.length} nodes: ${message}`).join('; ')));
      return;
    }
    const placement = placementToWire(decision.placement);
    // Two VMs whose audit found something.
    const bad = name === 'du-3' || name === 'upf-40';
    if (bad) violated ??= `${namespace}/${name}`;
    const table = tables.get(placement.nodeName)!;
    table.guests.push({ vm: { namespace, name, uid }, generation: 1, desired: 'Running', guest: guestToWire(guest), placement });
    table.reports.push({ uid, phase: 'Running', audit: bad ? { verdict: 'Violated', findings: [findingOf(placement)] } : { verdict: 'Verified', findings: [] } });
    await writer.status(`${plural}/${name}`, vm, runningStatus(placement, bad));
  });
  await writer.all(writes);

  const [fresh, old] = [new Date(), new Date(Date.now() - 3_600_000)].map((date) => date.toISOString().replace('Z', '000Z'));
  await writer.all(nodes.map(({ metadata, spec, status, ...rest }, index) => async () => {
    const { name } = metadata;
    await writer.create('/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { ...metadata }, spec: { unschedulable: index === cordoned } });
    const node = await writer.create(`${ours}/realtimenodes`, { ...rest, metadata, spec });
    await writer.status(`${ours}/realtimenodes/${name}`, node, { ...status, ...(index === failedCheck ? { checks: [check] } : {}), ...(index === orphaned ? { orphans: [orphan] } : {}) });
    await writer.create(`/apis/coordination.k8s.io/v1/namespaces/${leaseNamespace}/leases`, {
      apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace: leaseNamespace }, spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime: index === silent ? old : fresh },
    });
    const { guests, reports } = tables.get(name)!;
    if (guests.length === 0) return;
    const table = await writer.create(`${ours}/realtimeallocations`, { apiVersion, kind: 'RealtimeAllocation', metadata: { name }, spec: { guests } });
    await writer.status(`${ours}/realtimeallocations/${name}`, table, { guests: reports });
  }));
  return { nodes: nodeCount, vms: vms.length, pending: pending.length, violated: violated ?? '' };
}

/** As the API server gave it back. */
interface Created {
  readonly metadata: { readonly uid: string };
}

class Writer {
  readonly #api: KubeApi;

  constructor(api: KubeApi) {
    this.#api = api;
  }

  async create(path: string, body: object): Promise<Created> {
    return this.#send('POST', path, body);
  }

  async status(path: string, created: Created, status: object): Promise<void> {
    await this.#send('PUT', `${path}/status`, { ...created, status });
  }

  async all(writes: readonly (() => Promise<unknown>)[]): Promise<void> {
    const waiting = [...writes].reverse();
    await Promise.all(Array.from({ length: clients }, async () => {
      for (let write = waiting.pop(); write !== undefined; write = waiting.pop()) await write();
    }));
  }

  async #send(method: string, path: string, body: object): Promise<Created> {
    const { status, body: answer } = await kubeRequest<Created>(this.#api, method, path, { body });
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(answer)}`);
    return answer;
  }
}

const at = '2026-11-22T08:00:00Z';
const condition = (type: string, status: string, reason: string, message: string) => ({ type, status, reason, message, lastTransitionTime: at });

function runningStatus(placement: ReturnType<typeof placementToWire>, bad: boolean) {
  const finding = findingOf(placement);
  const cpus = CpuSet.from(placement.vcpuPins.flatMap(({ cpu }) => cpu ?? [])).toString();
  return {
    phase: 'Running', observedGeneration: 1, placement, cpus, findings: bad ? [finding] : [],
    conditions: [
      condition('Placed', 'True', 'Placed', `on ${placement.nodeName}`), condition('Running', 'True', 'Running', 'the domain runs'),
      bad ? condition('RealtimeVerified', 'False', 'Violated', finding.message) : condition('RealtimeVerified', 'True', 'Verified', 'every thread and all memory was read and is as asked for'),
      bad ? condition('Ready', 'False', 'NotVerified', finding.message) : condition('Ready', 'True', 'RunningVerified', 'it runs, and its threads and memory are as asked for'),
    ],
  };
}

function waitingStatus(message: string) {
  return { phase: 'Pending', observedGeneration: 1, conditions: [condition('Placed', 'False', 'DoesNotFit', message), condition('Ready', 'False', 'DoesNotFit', message)] };
}

const findingOf = ({ priority }: ReturnType<typeof placementToWire>) => ({
  code: 'ThreadPolicy', severity: 'error', subject: 'CPU 3/KVM (tid 48213)', expected: `FIFO ${priority}`, observed: 'OTHER',
  message: `vCPU 3 runs OTHER instead of FIFO ${priority}: any other thread on its CPU can take the CPU from it`,
});
const check = { name: 'rt-throttling', result: 'Fail', observed: 'kernel.sched_rt_runtime_us is 950000', wanted: '-1', remedy: 'sysctl -w kernel.sched_rt_runtime_us=-1' };
const orphan = { domain: 'rtvm-lab-old-probe', uuid: 'b7a1f1d2-6f0e-4f6e-9a55-0d9f6f2f7c11' };
