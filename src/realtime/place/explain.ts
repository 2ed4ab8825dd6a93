/** Why a guest does not fit on a host: the first thing that stands in its way, with figures and what would help. */
import type { RefusalReason } from '../decision.ts';
import { assignCells } from './assign-cells.ts';
import type { CellDemand, Demand } from './demand.ts';
import { deviceRequests } from './devices.ts';
import { cellObstacle } from './explain-cell.ts';
import type { CellObstacle } from './explain-cell.ts';
import { hostChecks } from './host-checks.ts';
import type { HostState } from './host-state.ts';
import { remediesThatHelp } from './remedies.ts';
import type { Remedy } from './remedies.ts';
import { searchLimit } from './search-work.ts';

export interface Refusal {
  readonly reason: RefusalReason;
  readonly message: string;
  /** What would fit on the host, were it asked for. */
  readonly helps: readonly string[];
}

interface Obstacle extends Omit<Refusal, 'helps'> {
  readonly remedies: readonly Remedy[];
}

/** Only for a guest that does not fit on this host. */
export function explainHost(host: HostState, demand: Demand): Refusal {
  const { reason, message, remedies } = obstacleOn(host, demand);
  return { reason, message, helps: remediesThatHelp(host, demand, remedies) };
}

function obstacleOn(host: HostState, demand: Demand): Obstacle {
  const failed = hostChecks.find((check) => !check.holds(host, demand));
  if (failed !== undefined)
    return { reason: failed.reason, message: failed.message(host, demand), remedies: failed.remedies ?? [] };
  for (const cell of demand.cells) {
    const nearest = nearestObstacle(host, cell, demand);
    if (nearest !== undefined) return { ...nearest, message: nearest.message() };
  }
  const required = deviceRequests(host, demand.guest).filter((request) => request.required);
  if (required.length > 0 && assignCells(host, demand, []).kind === 'found') {
    const assignment = assignCells(host, demand, deviceRequests(host, demand.guest));
    const sources = [...new Set(required.map(({ source }) => source))].join(' and ');
    const limit =
      assignment.kind === 'none' && !assignment.proven ? `, as far as a search of ${searchLimit} steps can say` : '';
    return {
      reason: 'DeviceMissing',
      message: `no free device of ${sources} on the host NUMA nodes that the guest fits on${limit}`,
      remedies: ['numaAffinity'],
    };
  }
  // A single cell that fits on a node can only fail by what guests without cells hold of the host as a whole.
  if (demand.cells.length === 1) {
    return {
      reason: 'TooLittleMemory',
      message: `${host.smallFreeMiB} MiB of small-page memory free on the host as a whole, `
        + 'too little for guest cell 0 with the pages that its node has left',
      remedies: ['nodes'],
    };
  }
  return {
    reason: 'CellsDoNotFitTogether',
    message: `each of the ${demand.cells.length} guest cells fits on some host NUMA node, `
      + 'but not all at once on nodes of their own',
    remedies: ['nodes'],
  };
}

/**
 * What stands in the way of a cell on the node that comes nearest to holding it (of several, the one with most free
 * CPUs); undefined where some node holds it.
 */
function nearestObstacle(host: HostState, cell: CellDemand, demand: Demand): CellObstacle | undefined {
  let nearest: CellObstacle | undefined;
  let mostFree = -1;
  for (const node of host.nodes) {
    const obstacle = cellObstacle(host, node, cell, demand);
    if (obstacle === undefined) return undefined;
    if (
      nearest !== undefined &&
      (obstacle.stage < nearest.stage || (obstacle.stage === nearest.stage && node.freeCpus <= mostFree))
    )
      continue;
    nearest = obstacle;
    mostFree = node.freeCpus;
  }
  return nearest;
}
