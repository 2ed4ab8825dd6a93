/** Whether a guest fits on one host, and what it would get there. Changes nothing. */
import type { PlacedDevice } from '../placement.ts';
import { assignCells } from './assign-cells.ts';
import type { Demand } from './demand.ts';
import { deviceRequests } from './devices.ts';
import type { CellFit } from './fit-cell.ts';
import { hostChecks } from './host-checks.ts';
import type { HostState } from './host-state.ts';

export interface HostFit {
  readonly host: HostState;
  /** In the order of the guest's cells; empty for a guest without. */
  readonly cells: readonly CellFit[];
  readonly devices: readonly PlacedDevice[];
  /** Whether nothing on this host is preferred to it. */
  readonly proven: boolean;
}

export function fitHost(host: HostState, demand: Demand): HostFit | undefined {
  if (host.freeCpus < demand.dedicatedCpus) return undefined;
  for (const check of hostChecks) if (!check.holds(host, demand)) return undefined;
  const assignment = assignCells(host, demand, deviceRequests(host, demand.guest));
  return assignment.kind === 'none'
    ? undefined
    : { host, cells: assignment.cells, devices: assignment.devices, proven: assignment.proven };
}
