/**
 * How a domain says that it is a probe of `rtvm latency` and no VM: an element of its own in the metadata, without
 * any VM's UID.
 */
import { CpuListError, CpuSet } from '../cpu-set.ts';
import { element } from './element.ts';
import type { XmlElement } from './element.ts';
import { readXml, XmlReadError } from './xml-reader.ts';
import type { XmlNode } from './xml-reader.ts';

const namespace = 'https://rtvm.dev/probe/v1';

export interface ProbeMark {
  /** The domain's UUID, once more: a mark that was copied to another domain is none. */
  readonly uuid: string;
  /** The pCPUs that it takes from everybody else, those that are to stay idle beside it among them. */
  readonly cpus: CpuSet;
}

export function probeMark({ uuid, cpus }: ProbeMark): XmlElement {
  return element('metadata', {}, [element('rtvm:probe', { 'xmlns:rtvm': namespace, uuid, cpus: cpus.toString() })]);
}

/** Undefined for any domain that is no probe of ours, or is not marked as itself. */
export function parseProbeMark(domainXml: string): ProbeMark | undefined {
  try {
    return probeMarkIn(readXml(domainXml));
  } catch (error) {
    if (error instanceof XmlReadError) return undefined;
    throw error;
  }
}

export function probeMarkIn(domain: XmlNode): ProbeMark | undefined {
  const metadata = domain.children.find(({ name }) => name === 'metadata');
  const mark = metadata?.children.find((node) => {
    const [prefix, local] = node.name.includes(':') ? node.name.split(':') : [undefined, node.name];
    const declaration = prefix === undefined ? 'xmlns' : `xmlns:${prefix}`;
    return (
      local === 'probe' && (node.attributes.get(declaration) ?? metadata.attributes.get(declaration)) === namespace
    );
  });
  const [uuid, list] = [mark?.attributes.get('uuid'), mark?.attributes.get('cpus')];
  const own = domain.children.find(({ name }) => name === 'uuid')?.text.trim();
  if (uuid === undefined || list === undefined || uuid !== own) return undefined;
  try {
    return { uuid, cpus: CpuSet.parse(list) };
  } catch (error) {
    if (error instanceof CpuListError) return undefined;
    throw error;
  }
}
