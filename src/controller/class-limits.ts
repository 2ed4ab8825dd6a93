/** What a class allows whom: which namespaces may use it, and how many pCPUs the VMs of one namespace may hold of it. */
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import type { RealtimeVmClass } from '../crds/realtime-vm-class.ts';
import { CpuSet } from '../realtime/cpu-set.ts';

type Selector = NonNullable<RealtimeVmClass['spec']['allowedNamespaces']>;

/** As Kubernetes reads a label selector: everything in it must hold; an empty one selects everything. */
export function selects({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Readonly<Record<string, string>>): boolean {
  const has = (key: string) => Object.hasOwn(labels, key);
  return Object.entries(matchLabels).every(([key, value]) => has(key) && labels[key] === value)
    && matchExpressions.every(({ key, operator, values = [] }) => {
      switch (operator) {
        case 'Exists':
          return has(key);
        case 'DoesNotExist':
          return !has(key);
        case 'In':
          return has(key) && values.includes(labels[key] ?? '');
        case 'NotIn':
          return !has(key) || !values.includes(labels[key] ?? '');
      }
    });
}

/** The pCPUs that an entry takes from everybody else. */
export function exclusiveCpuCount({ placement }: AllocatedGuest): number {
  return placement.vcpuPins.filter(({ cpu }) => cpu !== undefined).length + CpuSet.parse(placement.reservedCpus).size;
}

/** How many pCPUs the VMs of each class hold in each namespace, kept up change by change. */
export class ClassUse {
  readonly #byEntry = new Map<string, { readonly key: string; readonly cpus: number }>();
  readonly #byClass = new Map<string, number>();

  held(className: string, namespace: string): number {
    return this.#byClass.get(`${className}/${namespace}`) ?? 0;
  }

  set(entry: AllocatedGuest): void {
    this.remove(entry.vm.uid);
    if (entry.className === undefined) return;
    const [key, cpus] = [`${entry.className}/${entry.vm.namespace}`, exclusiveCpuCount(entry)];
    this.#byEntry.set(entry.vm.uid, { key, cpus });
    this.#byClass.set(key, (this.#byClass.get(key) ?? 0) + cpus);
  }

  remove(uid: string): void {
    const known = this.#byEntry.get(uid);
    if (known === undefined) return;
    this.#byEntry.delete(uid);
    const left = (this.#byClass.get(known.key) ?? 0) - known.cpus;
    if (left === 0) this.#byClass.delete(known.key);
    else this.#byClass.set(known.key, left);
  }
}
