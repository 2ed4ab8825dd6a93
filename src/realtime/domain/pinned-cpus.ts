/** Reads out of any domain's XML, whoever made it, which pCPUs it is pinned to. */
import { CpuListError, CpuSet, unionOf } from '../cpu-set.ts';
import { probeMarkIn } from './probe-mark.ts';
import { readXml, XmlReadError } from './xml-reader.ts';
import type { XmlNode } from './xml-reader.ts';

/**
 * The pCPUs that `<vcpu cpuset>`, `<vcpupin>`, `<emulatorpin>` and `<iothreadpin>` name, as libvirt writes them: in the kernel's notation.
 * A list of all of the host's CPUs pins nothing. A probe of rtvm's own says in its metadata what it holds, wherever its threads may run.
 * @returns undefined where nothing is pinned, or where it cannot be read: another's domain must not keep ours from being looked after.
 */
export function pinnedCpusOf(domainXml: string, hostCpus: CpuSet): CpuSet | undefined {
  try {
    return pinsIn(readXml(domainXml), hostCpus);
  } catch (error) {
    if (error instanceof XmlReadError || error instanceof CpuListError) return undefined;
    throw error;
  }
}

function pinsIn(domain: XmlNode, hostCpus: CpuSet): CpuSet | undefined {
  const probe = probeMarkIn(domain);
  if (probe !== undefined) return probe.cpus;
  const { children } = domain;
  const pins = children.filter(({ name }) => name === 'cputune').flatMap((tune) => tune.children).filter(({ name }) => pinning.has(name));
  const lists = [...children.filter(({ name }) => name === 'vcpu'), ...pins].flatMap(({ attributes }) => attributes.get('cpuset') ?? []);
  const cpus = unionOf(lists.map((list) => CpuSet.parse(list)).filter((list) => !hostCpus.isSubsetOf(list)));
  return cpus.size === 0 ? undefined : cpus;
}

const pinning: ReadonlySet<string> = new Set(['vcpupin', 'emulatorpin', 'iothreadpin']);
