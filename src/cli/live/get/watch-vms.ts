/** Goes on with a line, or an object, for every change of VMs. */
import type { GetOptions } from '../../commands/live/get.ts';
import type { Io } from '../../io.ts';
import { padEnd } from '../../table.ts';
import type { Live } from '../connect.ts';
import { harmless, printData } from '../harmless.ts';
import type { Vm } from '../named-vms.ts';
import { vmColumns, vmRow } from './vm-row.ts';

/** Wide enough that a column stays where it is when a VM goes through its phases; longer cells push what follows to the right. */
const leastWidths: Readonly<Record<string, number>> = { PHASE: 8, READY: 7, REALTIME: 8, NODE: 12, CPUS: 8, AGE: 5 };
const gap = '  ';

/**
 * @param first what was listed; its longest cells set the widths.
 * @param only the one VM to follow; undefined for all of the scope.
 */
export async function watchVms(first: readonly Vm[], only: Vm | undefined, { output, allNamespaces = false }: GetOptions, { store, namespace, now, signal }: Live, io: Io): Promise<void> {
  const shown = { wide: output === 'wide', withNamespace: allNamespaces };
  const columns = vmColumns(shown);
  const rowOf = (vm: Vm) => vmRow(harmless(vm), { ...shown, now: now() });
  const widths = columns.map(({ title }, index) => Math.max(title.length, leastWidths[title] ?? 0, ...first.map((vm) => rowOf(vm)[index]!.length)));
  const line = (cells: readonly string[]) => cells.map((cell, index) => (index === cells.length - 1 ? cell : padEnd(cell, widths[index]!))).join(gap).trimEnd();
  if (output === 'table' || output === 'wide') io.out(io.style('bold', line(columns.map(({ title }) => title))));

  const scope = only !== undefined ? { namespace: only.metadata.namespace, name: only.metadata.name } : allNamespaces ? {} : { namespace };
  for await (const event of store.watch('RealtimeVM', scope, signal)) {
    if (event.type === 'synced') continue;
    if (event.type === 'problems') {
      for (const { message } of event.problems) io.err(`rtvm: ${message}`);
      continue;
    }
    switch (output) {
      case 'json':
      case 'yaml':
        if (output === 'yaml') io.out('---');
        printData(event.object, output, io);
        break;
      case 'name':
        io.out(`realtimevm.rtvm.dev/${event.object.metadata.name}`);
        break;
      case 'table':
      case 'wide': {
        const row = rowOf(event.object);
        io.out(line(event.type === 'deleted' ? [...row.slice(0, -1), 'deleted'] : row));
      }
    }
  }
}
