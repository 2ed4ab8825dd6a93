/** Has libvirt pin the threads of a running domain again: the affinity of each, and the cpuset that it keeps them in. */
import type { LibvirtClient } from '../libvirt/client.ts';
import type { DomainRef } from '../libvirt/domain-types.ts';
import { LibvirtError } from '../libvirt/errors.ts';
import type { CallOptions } from '../libvirt/pending-call.ts';
import type { CpuSet } from '../realtime/cpu-set.ts';
import type { Correction } from '../realtime/verify/corrections.ts';
import { threadRole } from '../realtime/verify/thread-role.ts';
import { HostError } from './host/host-error.ts';
import type { HostDomain } from './hypervisor.ts';

/**
 * Only what corrections of CPUs name; the threads beside QEMU's main one that are neither vCPU nor I/O thread follow it.
 * @throws HostError `CONTROL_REFUSED` with what libvirt said; LibvirtConnectionError.
 */
export async function pinAnew(client: LibvirtClient, { uuid, name }: HostDomain, corrections: readonly Correction[], options: CallOptions): Promise<void> {
  const moved = corrections.flatMap(({ comm, cpus }) => (cpus === undefined ? [] : [{ comm, cpus }]));
  if (moved.length === 0) return;
  try {
    const domain = await client.lookupByUuid(uuid, options);
    for (const { comm, cpus } of moved) await pin(client, domain, comm, cpus, options);
  } catch (error) {
    if (!(error instanceof LibvirtError)) throw error;
    throw new HostError('CONTROL_REFUSED', `libvirt refused to pin threads of domain ${name}: ${error.libvirtMessage}`, { cause: error });
  }
}

async function pin(client: LibvirtClient, domain: DomainRef, comm: string, cpus: CpuSet, options: CallOptions): Promise<void> {
  const role = threadRole(comm);
  switch (role.kind) {
    case 'vcpu':
      return client.pinVcpu(domain, role.vcpu, cpus, 'live', options);
    case 'iothread':
      return client.pinIoThread(domain, role.iothread, cpus, 'live', options);
    case 'emulator':
    case 'vhost':
      return client.pinEmulator(domain, cpus, 'live', options);
    case 'kvm-pit':
    case 'kvm-nx-lpage-recovery':
      return;
  }
}
