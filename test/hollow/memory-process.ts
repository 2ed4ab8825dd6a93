/** The process that libvirt and QEMU would make of a domain. */
import { CpuSet } from '../../src/realtime/cpu-set.ts';
import { readXml } from '../../src/realtime/domain/xml-reader.ts';
import type { XmlNode } from '../../src/realtime/domain/xml-reader.ts';
import type { ObservedProcess, ObservedThread } from '../../src/realtime/observed.ts';

/** Read from its XML alone. */
export function processOf(xml: string, pid: number): ObservedProcess {
  const root = readXml(xml);
  const tune = child(root, 'cputune');
  const emulator = CpuSet.parse(tune === undefined ? '' : child(tune, 'emulatorpin')?.attributes.get('cpuset') ?? '');
  const thread = (tid: number, comm: string, allowedCpus: CpuSet, fifo?: number): ObservedThread => ({
    tid, comm, state: 'S', policy: fifo === undefined ? 'OTHER' : 'FIFO', priority: fifo ?? 0,
    allowedCpus, lastCpu: allowedCpus.first ?? 0,
    voluntarySwitches: 0n, involuntarySwitches: 0n, runDelayNs: 0n,
  });
  const fifo = new Map(children(tune, 'vcpusched').flatMap((node) => (
    [...CpuSet.parse(node.attributes.get('vcpus') ?? '')].map((vcpu): [number, number] =>
      [vcpu, Number(node.attributes.get('priority'))])
  )));
  const memoryKiB = 1024 * Number(child(root, 'memory')!.text);
  const huge = child(child(root, 'memoryBacking'), 'hugepages') !== undefined;
  return {
    pid,
    startTicks: BigInt(pid),
    threads: [
      thread(pid, 'qemu-system-x86', emulator),
      ...vcpuPins(root).map(({ vcpu, cpus }) => thread(pid + 1 + vcpu, `CPU ${vcpu}/KVM`, cpus, fifo.get(vcpu))),
    ],
    kernelThreads: [],
    lockedKiB: 200_000 + (huge ? 0 : memoryKiB),
    residentKiB: 100_000 + (huge ? 0 : memoryKiB),
    swappedKiB: 0,
    hugetlbKiB: huge ? memoryKiB : 0,
  };
}

function vcpuPins(root: XmlNode): readonly { readonly vcpu: number; readonly cpus: CpuSet }[] {
  return children(child(root, 'cputune'), 'vcpupin').map(({ attributes }) => ({
    vcpu: Number(attributes.get('vcpu')),
    cpus: CpuSet.parse(attributes.get('cpuset') ?? ''),
  }));
}

function children(node: XmlNode | undefined, name: string): readonly XmlNode[] {
  return node?.children.filter((candidate) => candidate.name === name) ?? [];
}

export function child(node: XmlNode | undefined, name: string): XmlNode | undefined {
  return children(node, name)[0];
}
