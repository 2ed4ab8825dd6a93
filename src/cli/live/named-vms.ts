/** Finds the VMs that a person names on the command line. */
import { nearest } from '../../realtime/nearest.ts';
import { isStoreError } from '../../store/errors.ts';
import type { Stored } from '../../store/resource.ts';
import { CommandError, UsageError } from '../exit.ts';
import type { Live } from './connect.ts';

export type Vm = Stored<'RealtimeVM'>;

/** @returns those of the namespace, or of all of them; by namespace and name. */
export async function listVms({ store, namespace, signal }: Live, allNamespaces: boolean): Promise<readonly Vm[]> {
  const vms = await store.list('RealtimeVM', allNamespaces ? { signal } : { namespace, signal });
  return vms.toSorted((one, other) => (vmName(one) < vmName(other) ? -1 : 1));
}

/** As {@link listVms} without names, else those that are named, in their order. @throws as {@link findVm}. */
export async function chosenVms(names: readonly string[], live: Live, { allNamespaces = false }: { readonly allNamespaces?: boolean }): Promise<readonly Vm[]> {
  if (names.length === 0) return listVms(live, allNamespaces);
  if (allNamespaces) throw new UsageError('names and --all-namespaces exclude each other: NAMESPACE/NAME names a VM of any namespace');
  return Promise.all(names.map((name) => findVm(name, live)));
}

/**
 * @param name of the namespace that is meant, or `namespace/name`.
 * @throws CommandError `VM_MISSING` with the name that may have been meant.
 */
export async function findVm(name: string, live: Live): Promise<Vm> {
  const key = keyFrom(name, live.namespace);
  const vm = await live.store.get('RealtimeVM', key, live.signal);
  if (vm !== undefined) return vm;
  const meant = nearest(key.name, await namesIn(key.namespace, live));
  const hint = meant === undefined ? `kubectl rtvm get -n ${key.namespace} lists those that there are` : `did you mean ${meant}?`;
  throw new CommandError('VM_MISSING', `there is no RealtimeVM ${key.namespace}/${key.name}; ${hint}`);
}

/** Those who may read one VM need not be allowed to list them. */
async function namesIn(namespace: string, { store, signal }: Live): Promise<readonly string[]> {
  try {
    return (await store.list('RealtimeVM', { namespace, signal })).map(({ metadata }) => metadata.name);
  } catch (error) {
    if (isStoreError(error, 'FORBIDDEN')) return [];
    throw error;
  }
}

function keyFrom(name: string, namespace: string): { readonly namespace: string; readonly name: string } {
  const [first = '', second, ...more] = name.replace(/^(rtvm|realtimevms?)\//i, '').split('/');
  if (more.length > 0 || first === '' || second === '') throw new UsageError(`${name}: names no VM; accepted: NAME or NAMESPACE/NAME`);
  return second === undefined ? { namespace, name: first } : { namespace: first, name: second };
}

/** `namespace/name`. */
export function vmName({ metadata: { namespace, name } }: { readonly metadata: Vm['metadata'] }): string {
  return `${namespace}/${name}`;
}

export function conditionOf({ status }: Vm, type: string) {
  return status?.conditions?.find((condition) => condition.type === type);
}
