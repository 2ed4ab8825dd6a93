/** Networks and device classes of a RealtimeNode: the names by which guests get what the administrator opened. */
import { combineAll, unless } from '../realtime/checked.ts';
import type { HostDevice, HostDeviceClass, HostNetwork } from '../realtime/host.ts';
import { numaNodeId } from '../realtime/ids.ts';
import type { Checked, FieldProblem } from '../realtime/problem.ts';
import { accepted, refused } from '../realtime/problem.ts';
import { duplicates } from '../realtime/resolve/duplicates.ts';
import type { NodeTopology } from './realtime-node-status.ts';
import type { RealtimeNodeSpec } from './realtime-node.ts';

type PciDevices = NodeTopology['pciDevices'];
type NetworkWire = RealtimeNodeSpec['networks'][number];

const networkKinds = ['bridge', 'macvtap', 'sriov', 'vhostUser'] as const;

/** Codes: `NETWORK_TWICE`, `NETWORK_KIND` unless there is one of bridge, macvtap, sriov and vhostUser, `ADDRESS_TWICE`. */
export function networksOf(networks: readonly NetworkWire[], pciDevices: PciDevices): Checked<readonly HostNetwork[]> {
  const names = networks.map(({ name }, index) => ({ name, path: `spec.networks[${index}].name` }));
  return combineAll([
    ...duplicates(names, 'NETWORK_TWICE', 'network').map((problem) => refused(problem)),
    ...networks.map((network, index) => networkOf(network, `spec.networks[${index}]`, pciDevices)),
  ]);
}

/** Codes: `DEVICE_CLASS_TWICE`, `ADDRESS_TWICE`. */
export function deviceClassesOf(classes: RealtimeNodeSpec['deviceClasses'], pciDevices: PciDevices): Checked<readonly HostDeviceClass[]> {
  const names = classes.map(({ name }, index) => ({ name, path: `spec.deviceClasses[${index}].name` }));
  const problems: readonly FieldProblem[] = [
    ...duplicates(names, 'DEVICE_CLASS_TWICE', 'device class'),
    ...classes.flatMap(({ addresses }, index) => addressProblems(addresses, `spec.deviceClasses[${index}].addresses`)),
  ];
  return unless(problems, () => classes.map(({ name, addresses }) => ({ name, devices: devicesAt(addresses, pciDevices) })));
}

/** Every device that the administrator names, as often as it is named. */
export function deviceAddressesOf({ networks, deviceClasses }: Pick<RealtimeNodeSpec, 'networks' | 'deviceClasses'>): readonly string[] {
  return [...networks.flatMap(({ sriov }) => sriov ?? []), ...deviceClasses.flatMap(({ addresses }) => addresses)];
}

function networkOf(network: NetworkWire, path: string, pciDevices: PciDevices): Checked<HostNetwork> {
  const { name, openToInline, bridge, macvtap, sriov, vhostUser } = network;
  const given = networkKinds.filter((kind) => network[kind] !== undefined);
  if (given.length !== 1) {
    return refused({ code: 'NETWORK_KIND', path, message: `has ${given.length === 0 ? `none of ${networkKinds.join(', ')}` : given.join(' and ')}; accepted: one of ${networkKinds.join(', ')}` });
  }
  if (bridge !== undefined) return accepted({ name, openToInline, kind: 'bridge', bridge });
  if (macvtap !== undefined) return accepted({ name, openToInline, kind: 'macvtap', device: macvtap });
  if (vhostUser !== undefined) return accepted({ name, openToInline, kind: 'vhostUser', socketDirectory: vhostUser });
  const addresses = sriov ?? [];
  return unless(addressProblems(addresses, `${path}.sriov`), () => ({ name, openToInline, kind: 'sriov', devices: devicesAt(addresses, pciDevices) }));
}

function addressProblems(addresses: readonly string[], path: string): readonly FieldProblem[] {
  return duplicates(addresses.map((name, index) => ({ name, path: `${path}[${index}]` })), 'ADDRESS_TWICE', 'device in this list', 'address');
}

function devicesAt(addresses: readonly string[], pciDevices: PciDevices): readonly HostDevice[] {
  return addresses.map((address) => {
    const known = pciDevices.find((device) => device.address === address);
    return known === undefined ? { address } : { address, numaNode: numaNodeId(known.numaNode) };
  });
}
