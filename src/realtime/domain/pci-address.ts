/** PCI addresses as sysfs writes them and as libvirt wants them. */
import type { Placement } from '../placement.ts';
import { DomainInputError } from './domain-input.ts';
import type { Attributes } from './element.ts';

/**
 * The attributes of `<address>` for the device that placement gave to `name`.
 * @throws DomainInputError `DEVICE_MISSING` when it gave none, `DEVICE_ADDRESS` when that is no PCI address.
 */
export function placedPciAddress(placement: Placement, name: string): Attributes {
  const device = placement.devices.find((candidate) => candidate.name === name);
  if (device === undefined) throw new DomainInputError('DEVICE_MISSING', `the placement has no device for ${JSON.stringify(name)}`);
  const parts = /^([0-9a-f]{4,8}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])$/i.exec(device.address);
  if (parts === null) {
    throw new DomainInputError('DEVICE_ADDRESS', `device ${JSON.stringify(name)} has the address ${JSON.stringify(device.address)}; accepted: a PCI address such as 0000:3b:00.1`);
  }
  const [, domain, bus, slot, pciFunction] = parts;
  return { domain: `0x${domain!}`, bus: `0x${bus!}`, slot: `0x${slot!}`, function: `0x${pciFunction!}` };
}
