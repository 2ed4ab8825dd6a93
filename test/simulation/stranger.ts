/** A domain that is none of ours: a person starts it by hand on CPUs that are for guests alone, where nobody has them. */
import { claimsOf } from '../integration/support/domain-claims.ts';
import { dedicatedCpus } from './machine-facts.ts';
import { longestMs } from './world.ts';
import type { Happens } from './world.ts';

const uuid = '5712a000-0000-4000-8000-000000000001';

const domainOn = (cpus: readonly number[]) => `<domain type='kvm'>
  <name>stranger</name><uuid>${uuid}</uuid><memory unit='MiB'>64</memory><vcpu>1</vcpu>
  <cputune><vcpupin vcpu='0' cpuset='${cpus.join(',')}'/><emulatorpin cpuset='0-1'/></cputune>
</domain>`;

export const stranger: Happens = (world, { node, how }) => {
  const host = world.cluster.hosts.get(node)!;
  // Nothing keeps a person from starting it between a look and a start: that is nobody's breach.
  if (!host.daemonRuns || host.find(uuid) !== undefined || world.startsSoon(node)) return;
  const taken = host.running().flatMap(({ xml }) => claimsOf(xml, dedicatedCpus).cpus);
  const free = dedicatedCpus.filter((cpu) => !taken.includes(cpu));
  if (free.length === 0) return;
  host.define(domainOn(free));
  host.start(uuid);
  world.lasts(`stranger on ${node}`, how * longestMs, () => {
    host.end(uuid, 'shutdown');
    host.undefine(uuid);
  });
};
