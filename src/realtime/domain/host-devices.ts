/** Devices of the host that the guest gets whole. */
import type { HostDeviceSpec } from '../spec.ts';
import type { Placement } from '../placement.ts';
import { element } from './element.ts';
import type { XmlElement } from './element.ts';
import { placedPciAddress } from './pci-address.ts';

/**
 * One `<hostdev>` per device. `managed`: libvirt takes the device from its host driver at start and gives it back at the end.
 * @throws DomainInputError as {@link placedPciAddress} does.
 */
export function hostDevices(devices: readonly HostDeviceSpec[], placement: Placement): readonly XmlElement[] {
  return devices.map((device) => element('hostdev', { mode: 'subsystem', type: 'pci', managed: 'yes' }, [
    element('source', {}, [element('address', placedPciAddress(placement, device.name))]),
  ]));
}
