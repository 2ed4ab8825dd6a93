/** Prints this host as a RealtimeNode. */
import { fromInventory } from '../../crds/from-inventory.ts';
import { thisHost } from '../../node-agent/host/host-root.ts';
import type { HostRoot } from '../../node-agent/host/host-root.ts';
import { readKernelVersion } from '../../node-agent/host/versions.ts';
import type { InventoryOptions } from '../commands/host.ts';
import { CommandError } from '../exit.ts';
import type { ExitCode } from '../exit.ts';
import { printWarnings } from '../input/print-problems.ts';
import type { Io } from '../io.ts';
import { formatData } from '../output/formats.ts';
import { chosenCpus } from './chosen-cpus.ts';
import { readThisHost } from './this-host.ts';

/** Fields that are options here. */
const optionOf: Readonly<Record<string, string>> = { 'spec.dedicatedCpus': '--dedicated', 'spec.sharedCpus': '--shared' };

/**
 * @throws UsageError for what is not a CPU list; CommandError `HOST_REFUSED` for CPUs that the host does not have.
 */
export function printInventory(options: InventoryOptions, io: Io, root: HostRoot = thisHost): ExitCode {
  const checked = readThisHost({
    name: options.name,
    ...chosenCpus(options),
  }, root);
  if (!checked.ok) {
    throw new CommandError('HOST_REFUSED', checked.problems.map(({ path, message }) => `${optionOf[path] ?? path}: ${message}`).join('\n'));
  }
  printWarnings(checked.warnings, io);
  io.out(formatData(fromInventory(checked.value, { versions: { kernel: readKernelVersion(root).release } }), options.output));
  return 0;
}
