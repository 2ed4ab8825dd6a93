/**
 * What stands on a node for the guests that run beside kubelet's books: a pod that asks for the memory and huge pages that
 * they hold, and a budget that keeps `kubectl drain` waiting while one of them must not be stopped. Pure.
 */
import { apiVersion } from '../crds/metadata.ts';
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import { stableHash } from '../realtime/domain/stable-hash.ts';
import type { ForeignDraft, Pod } from '../store/foreign.ts';
import type { Stored } from '../store/resource.ts';

export interface GuardOptions {
  /** The release's namespace. */
  readonly namespace: string;
  /** Of a container that does nothing, as Kubernetes' own pause image. */
  readonly image: string;
}

/** As much of a node's RealtimeAllocation as its guard needs. */
export type GuardedTable = Pick<Stored<'RealtimeAllocation'>, 'metadata'>;

/** Holds an evicted guard until the guests that may be stopped have been. */
export const guardFinalizer = 'rtvm.dev/guests';
/** The guard's own name, on the pod and in the budget's selector. */
export const guardLabel = 'rtvm.dev/guard';

/** At most 63 characters, as a label's value: those of a longer node name are cut, and told apart by a hash. */
export function guardName(nodeName: string): string {
  const name = `rtvm-guard-${nodeName}`;
  return name.length <= 63 ? name : `${name.slice(0, 54)}-${stableHash(nodeName).slice(0, 8)}`;
}

/** `hugepages-2Mi`, `hugepages-1Gi` and `memory`, as kubelet counts them, in {@link quantity quantities}. Both requests and limits: huge pages must have the same. */
export function guardResources(guests: readonly AllocatedGuest[]): Readonly<Record<string, string>> {
  const sums = new Map<string, number>();
  const add = (resource: string, memoryMiB: number) => sums.set(resource, (sums.get(resource) ?? 0) + memoryMiB);
  for (const { placement: { cells, extraMemoryMiB } } of guests) {
    add('memory', extraMemoryMiB);
    for (const { pageSize, memoryMiB } of cells) add(pageSize === '4Ki' ? 'memory' : `hugepages-${pageSize}`, memoryMiB);
  }
  return Object.fromEntries([...sums].sort(([one], [other]) => (one < other ? -1 : 1)).map(([resource, memoryMiB]) => [resource, quantity(memoryMiB)]));
}

const units = ['Mi', 'Gi', 'Ti', 'Pi'];

/** As the API server gives it back, whatever was written: in the largest unit of which it is a whole number. */
function quantity(memoryMiB: number): string {
  if (memoryMiB === 0) return '0';
  let [amount, unit] = [memoryMiB, 0];
  for (; amount % 1024 === 0 && unit < units.length - 1; unit += 1) amount /= 1024;
  return `${amount}${units[unit]}`;
}

/**
 * @param table of the node; the pod's controller, since `kubectl drain` evicts no pod without one unless it is forced to.
 * @param guests what runs on the node, or is to.
 */
export function guardPod({ metadata: { name: nodeName, uid } }: GuardedTable, guests: readonly AllocatedGuest[], { namespace, image }: GuardOptions): ForeignDraft<'Pod'> {
  const resources = guardResources(guests);
  return {
    metadata: {
      name: guardName(nodeName), namespace, labels: { [guardLabel]: guardName(nodeName) }, finalizers: [guardFinalizer],
      ownerReferences: [{ apiVersion, kind: 'RealtimeAllocation', name: nodeName, uid, controller: true }],
    },
    spec: {
      nodeName,
      // Nothing that is put on the node may send it away: the memory is taken all the same.
      tolerations: [{ operator: 'Exists' }],
      containers: [{
        name: 'guard', image, resources: { requests: resources, limits: resources },
        // With what is said of the pod below, all that the Pod Security Standard "restricted" wants.
        securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
      }],
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      securityContext: { runAsNonRoot: true, runAsUser: 65_534, seccompProfile: { type: 'RuntimeDefault' } },
    },
  };
}

/** Lets nobody evict the node's guard. */
export function guardBudget(nodeName: string, { namespace }: GuardOptions): ForeignDraft<'PodDisruptionBudget'> {
  return {
    metadata: { name: guardName(nodeName), namespace, labels: { [guardLabel]: guardName(nodeName) } },
    // Kubernetes counts what is unavailable only of controllers that have a scale, and a RealtimeAllocation has none.
    spec: { minAvailable: 1, selector: { matchLabels: { [guardLabel]: guardName(nodeName) } } },
  };
}

/** Kubelet has refused it, or it was ended: it stands for nothing any more. */
export function hasEnded({ status }: Pod): boolean {
  return status?.phase === 'Failed' || status?.phase === 'Succeeded';
}

/**
 * Whether the guard asks for other amounts than it should; they cannot be changed in a pod that is there. What else it asks for, as by
 * the defaults of a LimitRange, does not matter.
 */
export function asksOtherwise(pod: Pod, wanted: ForeignDraft<'Pod'>): boolean {
  const [is, should] = [pod.spec, wanted.spec].map(({ containers }) => {
    const asked = Object.entries(containers[0]?.resources?.requests ?? {}).filter(([resource]) => resource === 'memory' || resource.startsWith('hugepages-'));
    return JSON.stringify(asked.sort());
  });
  return is !== should;
}
