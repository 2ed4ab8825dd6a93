/** The tables of the protocol, as docs/protocol.md shows them. */
import { guardTable } from '../../src/protocol/guard-table.ts';
import { guestTable } from '../../src/protocol/guest-table.ts';
import { nodeTable } from '../../src/protocol/node-table.ts';
import { readingTable } from '../../src/protocol/reading-table.ts';
import { restoreTable } from '../../src/protocol/restore-table.ts';
import type { Row } from '../../src/protocol/row.ts';
import { vmTable } from '../../src/protocol/vm-table.ts';
import { code, table } from './markdown.ts';

type Shown = Pick<Row<never, unknown>, 'name' | 'given' | 'does' | 'why' | 'serves'>;

/** By the name of the part of the page. */
export const protocolTables: Readonly<Record<string, readonly Shown[]>> = {
  'a VM': vmTable, 'a node': nodeTable, restores: restoreTable, 'reading a table': readingTable, 'a guest': guestTable, 'a guard': guardTable,
};

export function rowTable(rows: readonly Shown[]): string {
  return table(['row', 'where', 'then', 'why', 'for'], rows.map(({ name, given, does, why, serves }) => [code(name), given, does, why, serves.join(', ')]));
}
