/** Which PCI devices and virtual functions a guest gets on one host: each address once. Rule 4.12, I8. */
import type { Guest } from '../guest.ts';
import type { HostDevice } from '../host.ts';
import type { PlacedDevice } from '../placement.ts';
import type { HostState } from './host-state.ts';
import type { NodeState } from './node-state.ts';
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
    return found?.kind === 'sriov'
      ? [{ name, required: false, source: `network ${JSON.stringify(network)}`, pool: found.devices }]
      : [];
  });
  const devices = guest.hostDevices.map(({ name, class: className, numaAffinity }): DeviceRequest => ({
    name,
    required: numaAffinity === 'Required',
    source: `device class ${JSON.stringify(className)}`,
    pool: inventory.deviceClasses.find((candidate) => candidate.name === className)?.devices ?? [],
  }));
  return [...functions, ...devices];
}

/** Farther than any distance that firmware gives: that of a device of which it does not say where it is. */
const unknownDistance = 256;

interface FreeDevice {
  readonly address: string;
  /** Where it is; undefined where the firmware does not say. */
  readonly node: NodeState | undefined;
  /** Who may have it, in the guest's order. */
  readonly requests: readonly number[];
}

export interface MatchedDevices {
  readonly devices: readonly PlacedDevice[];
  /** The sum of their distances from the nearest of the guest's nodes. */
  readonly distance: number;
}

/**
 * The free devices of a host that a guest asks for, to be matched with its requests for one choice of nodes after the
 * other.
 */
export class DeviceMatcher {
  readonly #requests: readonly DeviceRequest[];
  readonly #work: SearchWork;
  /** Ascending by address. */
  readonly #free: readonly FreeDevice[];

  constructor(host: HostState, requests: readonly DeviceRequest[], work = new SearchWork()) {
    this.#requests = requests;
    this.#work = work;
    this.#free = freeDevices(host, requests);
  }

  /** The distance of all devices together can be no less, wherever the guest is. */
  get leastDistance(): number {
    return this.#requests.reduce(
      (sum, _, request) =>
        sum +
        this.#free.reduce(
          (least, { node, requests }) =>
            requests.includes(request)
              ? Math.min(least, node === undefined ? unknownDistance : node.distances[node.index]!)
              : least,
          unknownDistance,
        ),
      0,
    );
  }

  /**
   * One free address for each request, with the least distance in all and then the lowest addresses; requests of one
   * kind get theirs in the guest's order. Addresses may be in several pools: taking the nearest first, each is kept
   * where requests can still be told apart so that all that are kept go to one, which no other choice betters.
   * @param nodes where the guest is; a guest without cells is on all of them.
   */
  match(nodes: readonly NodeState[]): MatchedDevices | undefined {
    if (this.#requests.length === 0) return { devices: [], distance: 0 };
    const near = this.#free
      .map((device) => ({
        ...device,
        isLocal: device.node !== undefined && nodes.includes(device.node),
        distance: distanceFrom(nodes, device),
      }))
      .sort((one, other) => one.distance - other.distance);
    this.#work.count(near.length * this.#requests.length);
    const deviceOf = this.#requests.map(() => -1);
    const closed = new Set<number>();
    const seat = (device: number, tried: Set<number>): boolean =>
      near[device]!.requests.some((request) => {
        this.#work.count(1);
        if (tried.has(request) || closed.has(request) || (this.#requests[request]!.required && !near[device]!.isLocal))
          return false;
        tried.add(request);
        if (deviceOf[request] !== -1 && !seat(deviceOf[request]!, tried)) return false;
        deviceOf[request] = device;
        return true;
      });
    let missing = this.#requests.length;
    for (let device = 0; device < near.length && missing > 0; device += 1) {
      const tried = new Set<number>();
      if (seat(device, tried)) missing -= 1;
      // Whoever was asked keeps to devices that nobody else can have: no later device finds a way through them.
      else for (const request of tried) closed.add(request);
    }
    if (missing > 0) return undefined;
    const ordered = this.#inOrder(deviceOf);
    return {
      devices: this.#requests.map(({ name }, request) => ({ name, address: near[ordered[request]!]!.address })),
      distance: ordered.reduce((sum, device) => sum + near[device]!.distance, 0),
    };
  }

  /** The same devices, those of requests that ask for the same given out in the order in which they are asked for. */
  #inOrder(deviceOf: readonly number[]): readonly number[] {
    const ordered = [...deviceOf];
    const alike = Map.groupBy(
      this.#requests.keys(),
      (request) => `${this.#requests[request]!.required} ${this.#requests[request]!.source}`,
    );
    for (const requests of alike.values()) {
      const devices = requests.map((request) => deviceOf[request]!).sort((one, other) => one - other);
      requests.forEach((request, index) => {
        ordered[request] = devices[index]!;
      });
    }
    return ordered;
  }
}

function freeDevices(host: HostState, requests: readonly DeviceRequest[]): readonly FreeDevice[] {
  const byAddress = new Map<string, { readonly device: HostDevice; readonly requests: number[] }>();
  for (const [request, { pool }] of requests.entries()) {
    for (const device of pool) {
      if (host.devices.has(device.address)) continue;
      const known = byAddress.get(device.address);
      if (known === undefined) byAddress.set(device.address, { device, requests: [request] });
      else if (known.requests.at(-1) !== request) known.requests.push(request);
    }
  }
  return [...byAddress.entries()]
    .map(([address, { device, requests: mayHave }]): FreeDevice => ({
      address,
      node: nodeOf(host, device),
      requests: mayHave,
    }))
    .sort((one, other) => (one.address < other.address ? -1 : 1));
}

/** A device whose node the firmware does not tell is somewhere in particular only where there is but one node. */
function nodeOf(host: HostState, { numaNode }: HostDevice): NodeState | undefined {
  if (numaNode === undefined) return host.nodes.length === 1 ? host.nodes[0] : undefined;
  return host.node(numaNode);
}

function distanceFrom(nodes: readonly NodeState[], { node }: FreeDevice): number {
  if (node === undefined) return unknownDistance;
  return nodes.reduce((least, { distances }) => Math.min(least, distances[node.index]!), unknownDistance);
}
