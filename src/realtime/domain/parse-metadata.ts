/** Reads back what metadata.ts wrote, out of the XML that libvirt gives for a domain. */
import type { VmUid } from '../ids.ts';
import { vmUid } from '../ids.ts';
import { metadataNamespace } from './metadata.ts';
import { readXml, XmlReadError } from './xml-reader.ts';
import type { XmlNode } from './xml-reader.ts';

export interface DomainMetadata {
  readonly namespace: string;
  readonly name: string;
  readonly uid: VmUid;
  /** metadata.generation of the spec that the domain was made from. */
  readonly generation: number;
  readonly payload: string;
}

/** Undefined for a domain that is not ours: without our element, with one that lacks a part, or unreadable. */
export function parseDomainMetadata(domainXml: string): DomainMetadata | undefined {
  const ours = findOurs(domainXml);
  const generation = ours?.attributes.get('generation') ?? '';
  const [namespace, name, uid] = ['namespace', 'name', 'uid'].map((attribute) => ours?.attributes.get(attribute));
  const payload = ours?.children.find((child) => localName(child) === 'payload')?.text;
  if (namespace === undefined || name === undefined || uid === undefined || payload === undefined || !/^\d{1,15}$/.test(generation)) return undefined;
  return { namespace, name, uid: vmUid(uid), generation: Number(generation), payload };
}

/** Prefixes are libvirt's to choose; what counts is the namespace that they are declared for. */
function findOurs(domainXml: string): XmlNode | undefined {
  const metadata = readOrUndefined(domainXml)?.children.find((child) => child.name === 'metadata');
  return metadata?.children.find((node) => {
    const prefix = node.name.includes(':') ? node.name.slice(0, node.name.indexOf(':')) : undefined;
    const declaration = prefix === undefined ? 'xmlns' : `xmlns:${prefix}`;
    return localName(node) === 'domain' && (node.attributes.get(declaration) ?? metadata.attributes.get(declaration)) === metadataNamespace;
  });
}

function localName({ name }: XmlNode): string {
  return name.slice(name.indexOf(':') + 1);
}

function readOrUndefined(xml: string): XmlNode | undefined {
  try {
    return readXml(xml);
  } catch (error) {
    if (error instanceof XmlReadError) return undefined;
    throw error;
  }
}
