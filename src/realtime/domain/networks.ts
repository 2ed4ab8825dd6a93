/** The guest's network interfaces, by the kind of host network that each is attached to. */
import type { HostNetwork } from '../host.ts';
import type { VmUid } from '../ids.ts';
import type { NetworkSpec } from '../spec.ts';
import { DomainInputError } from './domain-input.ts';
import type { DomainInput } from './domain-input.ts';
import { element } from './element.ts';
import type { XmlElement } from './element.ts';
import { placedPciAddress } from './pci-address.ts';
import { stableHash } from './stable-hash.ts';

/**
 * One `<interface>` per network of the guest, in its order.
 * @throws DomainInputError `NETWORK_MISSING`, `NETWORK_MODEL`, `SOCKET_PATH`, or as {@link placedPciAddress} does.
 */
export function networks(input: DomainInput): readonly XmlElement[] {
  return input.guest.networks.map((network) => {
    const hostNetwork = hostNetworkOf(network, input.networks);
    const mac = element('mac', { address: network.mac ?? derivedMac(input.vm.uid, network.name) });
    const model = element('model', { type: network.model });
    switch (hostNetwork.kind) {
      case 'bridge':
        return element('interface', { type: 'bridge' }, [mac, element('source', { bridge: hostNetwork.bridge }), model]);
      case 'macvtap':
        return element('interface', { type: 'direct' }, [mac, element('source', { dev: hostNetwork.device, mode: 'bridge' }), model]);
      case 'sriov':
        return element('interface', { type: 'hostdev', managed: 'yes' }, [
          mac,
          element('source', {}, [element('address', { type: 'pci', ...placedPciAddress(input.placement, network.name) })]),
        ]);
      case 'vhostUser': {
        if (network.model !== 'virtio') {
          throw new DomainInputError('NETWORK_MODEL', `network ${JSON.stringify(network.name)} is vhost-user, which has no model ${network.model}; accepted: virtio`);
        }
        const path = vhostUserSocketPath(hostNetwork.socketDirectory, input.vm.uid, network.name);
        return element('interface', { type: 'vhostuser' }, [mac, element('source', { type: 'unix', path, mode: 'server' }), model]);
      }
    }
  });
}

/** Whether another process (a vhost-user switch) maps the guest's memory. */
export function sharesMemory(input: DomainInput): boolean {
  return input.guest.networks.some((network) => hostNetworkOf(network, input.networks).kind === 'vhostUser');
}

/**
 * The socket at which QEMU listens for the switch: it waits for it at start, and the switch can then be restarted at any time.
 * The same path for the life of a VM.
 * @throws DomainInputError `SOCKET_PATH` when the directory's name leaves too little of the 107 bytes that a socket's path may have.
 */
export function vhostUserSocketPath(socketDirectory: string, uid: VmUid, networkName: string): string {
  const path = `${socketDirectory.replace(/\/+$/, '')}/rtvm-${stableHash(uid, networkName)}.sock`;
  const bytes = new TextEncoder().encode(path).length;
  if (bytes > 107) throw new DomainInputError('SOCKET_PATH', `the socket path ${path} has ${bytes} bytes; accepted: at most 107, so a shorter socketDirectory`);
  return path;
}

/**
 * A MAC address that stays the same over restarts and re-creation with the same UID: locally administered, unicast, with
 * 40 bits of hash (libvirt would make a new one of 24 random bits at each definition).
 */
function derivedMac(uid: VmUid, networkName: string): string {
  return `02:${stableHash(uid, networkName, 'mac').slice(0, 10).match(/../g)!.join(':')}`;
}

function hostNetworkOf(network: NetworkSpec, hostNetworks: readonly HostNetwork[]): HostNetwork {
  const found = hostNetworks.find((candidate) => candidate.name === network.network);
  if (found === undefined) throw new DomainInputError('NETWORK_MISSING', `the host has no network ${JSON.stringify(network.network)}, which the guest's ${JSON.stringify(network.name)} is attached to`);
  return found;
}
