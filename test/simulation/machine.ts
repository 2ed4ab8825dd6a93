/** The host that every node of the simulation is. */
import { unpackHost } from '../fixtures/hosts/host-fixture.ts';
import type { UnpackedHost } from '../fixtures/hosts/host-fixture.ts';
import { syntheticHost } from '../fixtures/hosts/synthetic-host.ts';

/** Eight CPUs on two NUMA nodes, two threads a core, four of them isolated; 256 huge pages on each node; KVM. */
export function unpackSimulatedMachine(): UnpackedHost {
  return unpackHost(new Map([
    ...syntheticHost({
      online: '0-7', present: '0-7', isolated: '2-3,6-7', cores: ['0-1', '2-3', '4-5', '6-7'], level3: ['0-3', '4-7'],
      nodes: [
        { id: 0, cpus: '0-3', memoryMiB: 8192, distances: '10 21', hugepages: { 2048: 256 } },
        { id: 1, cpus: '4-7', memoryMiB: 8192, distances: '21 10', hugepages: { 2048: 256 } },
      ],
      memoryMiB: 16_384, hugepages: {},
    }),
    ['proc/sys/kernel/osrelease', '6.12.0-rt'],
    ['proc/sys/kernel/version', '#1 SMP PREEMPT_RT'],
    ['sys/class/misc/kvm/dev', '10:232'],
  ]));
}
