/** Which PCI devices and virtual functions a guest gets on one host: each address once. Rule 4.12, I8. */
import type { Guest } from '../guest.ts';
import type { HostDevice } from '../host.ts';
import type { NumaNodeId } from '../ids.ts';
import type { PlacedDevice } from '../placement.ts';
import type { HostState } from './host-state.ts';
import { SearchWork } from './search-work.ts';

export interface DeviceRequest {
  /** The guest's name for it. */
  readonly name: string;
  readonly required: boolean;
  /** The network or device class that it comes from, for messages. */
  readonly source: string;
  readonly pool: readonly HostDevice[];
}

/** What a guest asks for on this host: one device per host device, one virtual function per `sriov` network. */
export function deviceRequests({ inventory }: HostState, guest: Guest): DeviceRequest[] {
  const functions = guest.networks.flatMap(({ name, network }): DeviceRequest[] => {
    const found = inventory.networks.find((candidate) => candidate.name === network);
    return found?.kind === 'sriov' ? [{ name, required: false, source: `network ${JSON.stringify(network)}`, pool: found.devices }] : [];
  });
  const devices = guest.hostDevices.map(({ name, class: className, numaAffinity }): DeviceRequest => ({
    name,
    required: numaAffinity === 'Required',
    source: `device class ${JSON.stringify(className)}`,
    pool: inventory.deviceClasses.find((candidate) => candidate.name === className)?.devices ?? [],
  }));
  return [...functions, ...devices];
}

/**
 * One free address for each request, devices on the given host NUMA nodes first. Addresses may be in several pools, so
 * this is a matching: an earlier request moves to another address where a later one would else have none.
 * @param nodes where the guest is; a guest without cells is on all of them.
 */
export function matchDevices(host: HostState, requests: readonly DeviceRequest[], nodes: readonly NumaNodeId[], work = new SearchWork()): PlacedDevice[] | undefined {
  const choices = requests.map((request) => addressesFor(host, request, nodes));
  const owner = new Map<string, number>();
  const place = (request: number, tried: Set<string>): boolean => choices[request]!.some((address) => {
    work.count(1);
    if (tried.has(address)) return false;
    tried.add(address);
    const current = owner.get(address);
    if (current !== undefined && !place(current, tried)) return false;
    owner.set(address, request);
    return true;
  });
  for (let request = 0; request < requests.length; request += 1) {
    if (!place(request, new Set())) return undefined;
  }
  const addresses = new Map([...owner].map(([address, request]) => [request, address]));
  return requests.map(({ name }, request) => ({ name, address: addresses.get(request)! }));
}

/** Where a guest without cells is: everywhere. */
export function nodeIds(host: HostState): NumaNodeId[] {
  return host.nodes.map(({ id }) => id);
}

function addressesFor(host: HostState, { required, pool }: DeviceRequest, nodes: readonly NumaNodeId[]): string[] {
  const free = pool.filter(({ address }) => !host.devices.has(address));
  const local = free.filter((device) => isLocal(host, device, nodes));
  const rest = required ? [] : free.filter((device) => !local.includes(device));
  return [...ascending(local), ...ascending(rest)];
}

/** A device whose node the firmware does not tell is local only where there is no other node. */
function isLocal(host: HostState, { numaNode }: HostDevice, nodes: readonly NumaNodeId[]): boolean {
  return numaNode === undefined ? host.nodes.length === 1 : nodes.includes(numaNode);
}

function ascending(devices: readonly HostDevice[]): string[] {
  return devices.map(({ address }) => address).sort();
}
