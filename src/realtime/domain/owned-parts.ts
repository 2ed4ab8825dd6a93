/** Reads out of any domain's XML, whoever made it, which devices and files of the host it has to itself. */
import { readXml, XmlReadError } from './xml-reader.ts';
import type { XmlNode } from './xml-reader.ts';

export interface OwnedParts {
  /** PCI addresses as placements write them, `0000:3b:00.1`. */
  readonly devices: readonly string[];
  /** Files and block devices behind its disks. */
  readonly disks: readonly string[];
}

const nothing: OwnedParts = { devices: [], disks: [] };

/** Nothing where it cannot be read: another's domain must not keep ours from being looked after. */
export function ownedPartsOf(domainXml: string): OwnedParts {
  try {
    const parts = all(readXml(domainXml), 'devices');
    const hostdevs = [...all(parts, 'hostdev'), ...all(parts, 'interface')];
    return {
      devices: all(all(hostdevs, 'source'), 'address').flatMap(pciAddress),
      disks: all(all(parts, 'disk'), 'source').flatMap(({ attributes }) => attributes.get('file') ?? attributes.get('dev') ?? []),
    };
  } catch (error) {
    if (error instanceof XmlReadError) return nothing;
    throw error;
  }
}

function all(nodes: XmlNode | readonly XmlNode[], name: string): readonly XmlNode[] {
  return [nodes].flat().flatMap(({ children }) => children.filter((child) => child.name === name));
}

/** libvirt writes each part in hexadecimal, `0x3b`. */
function pciAddress({ attributes }: XmlNode): readonly string[] {
  const part = (name: string, digits: number) => {
    const value = attributes.get(name);
    return value === undefined || !/^(0x)?[0-9a-f]+$/i.test(value) ? undefined : Number(value).toString(16).padStart(digits, '0');
  };
  const [domain = '0000', bus, slot, fn = '0'] = [part('domain', 4), part('bus', 2), part('slot', 2), part('function', 1)];
  return bus === undefined || slot === undefined ? [] : [`${domain}:${bus}:${slot}.${fn}`];
}
