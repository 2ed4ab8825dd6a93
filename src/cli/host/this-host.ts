/** The inventory of the host that rtvm runs on. */
import process from 'node:process';
import type { CpuSet } from '../../realtime/cpu-set.ts';
import type { HostInventory } from '../../realtime/host.ts';
import type { Checked } from '../../realtime/problem.ts';
import { thisHost } from '../../node-agent/host/host-root.ts';
import type { HostRoot } from '../../node-agent/host/host-root.ts';
import { makeInventory } from '../../node-agent/host/inventory.ts';
import { readTopology } from '../../node-agent/host/topology.ts';
import { defaultNodeName } from '../../node-agent/node-report.ts';
import { CommandError } from '../exit.ts';

export interface HostChoices {
  readonly name?: string | undefined;
  readonly dedicatedCpus?: CpuSet | undefined;
  readonly sharedCpus?: CpuSet | undefined;
}

/**
 * Reads sysfs and procfs.
 * @throws CommandError `NOT_LINUX`; HostError where they cannot be read.
 */
export function readThisHost({ name = defaultNodeName(), dedicatedCpus, sharedCpus }: HostChoices, root: HostRoot = thisHost): Checked<HostInventory> {
  if (process.platform !== 'linux') {
    throw new CommandError('NOT_LINUX', `the inventory of this host cannot be read, since it runs ${process.platform}; give hosts with --host FILE, as "rtvm host inventory" prints them on a Linux host`);
  }
  return makeInventory(readTopology(root), { name, labels: { 'rtvm.dev/realtime': 'true' } }, { dedicatedCpus, sharedCpus });
}
