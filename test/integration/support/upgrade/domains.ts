// The domains of a host as libvirt and the kernel have them: whether anybody has touched one shows in any of it.
import { claimsOf } from '../domain-claims.ts';
import { identityOf, threadsOf, cpusIn } from '../live-process.ts';
import type { LocalHost } from '../local-host.ts';

export interface DomainOnHost {
  /** libvirt's number of this run of it. */
  readonly id: string;
  /** Process and start time of its QEMU. */
  readonly qemu: string | undefined;
  /** With all that libvirt has filled in. */
  readonly xml: string;
}

export type DomainsByVm = ReadonlyMap<string, DomainOnHost>;

const named = /^rtvm-default-(?<vm>.+)-[0-9a-f]+$/;

/** Those that libvirt defines and does not run are there too. To be called while none comes or goes. */
export async function domainsOn(host: LocalHost): Promise<DomainsByVm> {
  return new Map(await Promise.all((await namesOn(host)).map(async (name) => {
    const id = (await host.libvirtd.virsh('domid', name)).trim();
    const xml = await host.libvirtd.virsh('dumpxml', name);
    const qemu = id === '-' ? undefined : identityOf(host.libvirtd.qemuPid(name));
    return [vmOf(name), { id, qemu, xml }] as const;
  })));
}

/** The XML of a VM's domain, whatever happens to others; undefined where the host has none. */
export async function domainXml(host: LocalHost, vm: string): Promise<string | undefined> {
  const name = (await namesOn(host)).find((one) => vmOf(one) === vm);
  return name === undefined ? undefined : host.libvirtd.virsh('dumpxml', name);
}

async function namesOn(host: LocalHost): Promise<readonly string[]> {
  return (await host.libvirtd.virsh('list', '--all', '--name')).split('\n').filter((name) => name !== '');
}

function vmOf(domain: string): string {
  return named.exec(domain)?.groups?.['vm'] ?? domain;
}

/** Dedicated CPUs of a host that two domains are pinned to, or that vCPUs of two of its VMs may run on. */
export function cpusTwice(domains: DomainsByVm, dedicated: readonly number[]): readonly string[] {
  const running = [...domains.values()].filter(({ qemu }) => qemu !== undefined);
  const pinned = running.flatMap(({ xml }) => claimsOf(xml, dedicated).cpus);
  const used = running.flatMap((domain) => vcpuCpus(qemuPid(domain)).filter((cpu) => dedicated.includes(cpu)));
  return [
    ...twice(pinned).map((cpu) => `two domains are pinned to CPU ${cpu}`),
    ...twice(used).map((cpu) => `vCPUs of two VMs may run on CPU ${cpu}`),
  ];
}

/** Of a domain that runs. */
export function qemuPid({ qemu }: DomainOnHost): number {
  return Number(qemu!.split('@')[0]);
}

function vcpuCpus(pid: number): readonly number[] {
  const vcpus = threadsOf(pid).filter(({ name }) => name.startsWith('CPU '));
  return [...new Set(vcpus.flatMap(({ cpus }) => cpusIn(cpus)))];
}

function twice<Value>(values: readonly Value[]): readonly Value[] {
  return values.filter((value, index) => values.indexOf(value) !== index);
}
