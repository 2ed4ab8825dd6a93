/** Lists VMs, once or with every change. */
import type { GetOptions } from '../../commands/live/get.ts';
import { UsageError } from '../../exit.ts';
import type { ExitCode } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { formatTable } from '../../table.ts';
import { withCluster } from '../connect.ts';
import type { Live } from '../connect.ts';
import { harmless, printData } from '../harmless.ts';
import { chosenVms } from '../named-vms.ts';
import type { Vm } from '../named-vms.ts';
import { vmColumns, vmRow } from './vm-row.ts';
import { watchVms } from './watch-vms.ts';

export async function get(names: readonly string[], options: GetOptions, io: Io): Promise<ExitCode> {
  return withCluster(options, async (live): Promise<ExitCode> => {
    if (options.watch === true && names.length > 1) throw new UsageError('--watch follows one VM, or all of a namespace; several names were given');
    const vms = await chosenVms(names, live, options);
    if (options.watch === true) {
      await watchVms(vms, names.length === 1 ? vms[0] : undefined, options, live, io);
      return 0;
    }
    print(vms, names, options, live, io);
    return 0;
  });
}

function print(vms: readonly Vm[], names: readonly string[], { output, allNamespaces = false }: GetOptions, { namespace, now }: Live, io: Io): void {
  switch (output) {
    case 'json':
    case 'yaml':
      printData(names.length === 1 ? vms[0] : { apiVersion: 'v1', kind: 'List', items: vms }, output, io);
      return;
    case 'name':
      for (const { metadata } of vms) io.out(`realtimevm.rtvm.dev/${metadata.name}`);
      return;
    case 'table':
    case 'wide': {
      if (vms.length === 0) {
        io.err(allNamespaces ? 'rtvm: there is no RealtimeVM in the cluster' : `rtvm: there is no RealtimeVM in namespace ${namespace} (-A lists those of all namespaces)`);
        return;
      }
      const rows = { wide: output === 'wide', withNamespace: allNamespaces || new Set(vms.map(({ metadata }) => metadata.namespace)).size > 1, now: now() };
      io.out(formatTable(vmColumns(rows), vms.map((vm) => vmRow(harmless(vm), rows)), { width: io.columns, formatTitles: (line) => io.style('bold', line) }));
    }
  }
}
