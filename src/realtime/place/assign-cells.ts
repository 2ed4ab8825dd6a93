/** Which host NUMA node each guest cell goes to. Rules 4.2, 4.14 and 4.16. */
import type { PlacedDevice } from '../placement.ts';
import { CellFits } from './cell-fits.ts';
import { CellMatching } from './cell-matching.ts';
import { alike } from './demand.ts';
import type { Demand } from './demand.ts';
import { DeviceMatcher } from './devices.ts';
import type { DeviceRequest } from './devices.ts';
import type { CellFit } from './fit-cell.ts';
import type { HostState } from './host-state.ts';
import { cheapestAssignment } from './least-memory.ts';
import { isNearer } from './nearness.ts';
import type { Nearness } from './nearness.ts';
import { NearnessBound } from './nearness-bound.ts';
import type { SoFar } from './nearness-bound.ts';
import { preferredNodes } from './node-order.ts';
import type { NodeState } from './node-state.ts';
import { smallMemoryMiB } from './pages.ts';
import { searchLimit, SearchWork } from './search-work.ts';

export interface Assignment {
  readonly kind: 'found';
  /** In the order of the guest's cells. */
  readonly cells: readonly CellFit[];
  readonly devices: readonly PlacedDevice[];
  /** Whether no other is preferred; false where the search ended at its limit. */
  readonly proven: boolean;
}

export interface NoAssignment {
  readonly kind: 'none';
  /** False where the search for devices ended at its limit: then there may be one. */
  readonly proven: boolean;
}

type Found = Pick<Assignment, 'cells' | 'devices'> & { readonly nearness: Nearness };

/**
 * The first assignment in the order of preference; none only where there is none, but for what {@link NoAssignment}
 * says.
 */
export function assignCells(
  host: HostState,
  demand: Demand,
  requests: readonly DeviceRequest[],
  work = new SearchWork(),
): Assignment | NoAssignment {
  if (demand.cells.length === 0) {
    const matched = new DeviceMatcher(host, requests, work).match(host.nodes);
    return matched === undefined
      ? { kind: 'none', proven: true }
      : { kind: 'found', cells: [], devices: matched.devices, proven: true };
  }
  const nodes = preferredNodes(host, demand, requests);
  const fits = new CellFits(host, demand, nodes, work);
  const first = isIndifferent(host, demand, requests) ? firstOfEach(demand.cells.length, nodes.length, fits, work) : undefined;
  return first === undefined
    ? new CellSearch(host, demand, requests, nodes, fits, work).run()
    : { kind: 'found', cells: first, devices: [], proven: true };
}

/** Whether no assignment is nearer than another, nor takes what another leaves: then the first is the one. */
function isIndifferent(host: HostState, demand: Demand, requests: readonly DeviceRequest[]): boolean {
  const { isUneven, isDivided } = host.nearness;
  const hasDevices = requests.length > 0 || host.freeDevices > 0;
  return !isUneven && !isDivided && !hasDevices && demand.mostSmallMemoryMiB <= host.smallFreeMiB;
}

/** Cell by cell the first node that is left; undefined where a later cell finds none, which an earlier one may have. */
function firstOfEach(cells: number, nodes: number, fits: CellFits, work: SearchWork): readonly CellFit[] | undefined {
  const chosen: CellFit[] = [];
  for (let cell = 0; cell < cells; cell += 1) {
    let found: CellFit | undefined;
    for (let node = 0; node < nodes && found === undefined; node += 1) {
      work.count(1);
      const fit = fits.on(cell, node);
      if (fit !== undefined && !chosen.some((other) => other.node === fit.node)) found = fit;
    }
    if (found === undefined) return undefined;
    chosen.push(found);
  }
  return chosen;
}

const nothing: SoFar = { groups: 0, distance: 0, withDevices: 0, room: 0 };

class CellSearch {
  readonly #demand: Demand;
  readonly #work: SearchWork;
  /** In the order of preference; cells are put on nodes by their place in it. */
  readonly #nodes: readonly NodeState[];
  readonly #fits: CellFits;
  readonly #matching: CellMatching;
  readonly #devices: DeviceMatcher;
  readonly #bound: NearnessBound;
  /** What the host as a whole has for the cells, where that may be too little: Infinity elsewhere. */
  readonly #smallFreeMiB: number;
  readonly #isTaken: boolean[];
  /** Of the cells that are fixed now, in their order. */
  readonly #chosen: number[] = [];
  #best: Found | undefined;

  constructor(
    host: HostState,
    demand: Demand,
    requests: readonly DeviceRequest[],
    nodes: readonly NodeState[],
    fits: CellFits,
    work: SearchWork,
  ) {
    this.#demand = demand;
    this.#work = work;
    this.#nodes = nodes;
    this.#fits = fits;
    this.#matching = new CellMatching(
      demand.cells.length,
      nodes.length,
      (cell, node) => fits.on(cell, node) !== undefined,
      work,
    );
    this.#devices = new DeviceMatcher(host, requests, work);
    this.#bound = new NearnessBound(
      host,
      demand,
      nodes,
      requests.length === 0 ? undefined : this.#devices.leastDistance,
      work,
    );
    this.#smallFreeMiB = demand.mostSmallMemoryMiB <= host.smallFreeMiB ? Infinity : host.smallFreeMiB;
    this.#isTaken = nodes.map(() => false);
  }

  run(): Assignment | NoAssignment {
    if (!this.#matching.complete()) return { kind: 'none', proven: true };
    const sparing = this.#smallFreeMiB === Infinity ? undefined : this.#withLeastMemory();
    if (sparing !== undefined && sparing.cost > this.#smallFreeMiB) return { kind: 'none', proven: true };
    this.#work.limit(searchLimit);
    this.#visit(0, 0, nothing);
    const proven = !this.#work.isSpent;
    if (this.#best === undefined && !proven && sparing !== undefined) this.#keep(sparing.nodes, nothing);
    return this.#best === undefined
      ? { kind: 'none', proven }
      : { kind: 'found', cells: this.#best.cells, devices: this.#best.devices, proven };
  }

  #withLeastMemory() {
    return cheapestAssignment(
      this.#demand.cells.length,
      this.#nodes.length,
      (cell, node) => {
        const fit = this.#fits.on(cell, node);
        return fit === undefined ? Infinity : smallMemoryMiB(fit.cell, fit.pageSizeKiB);
      },
      this.#work,
    );
  }

  /**
   * Tries the nodes of one cell, those before it being fixed, and so on to the last, where what is found may yet be
   * bettered.
   */
  #visit(cell: number, smallMiB: number, soFar: SoFar): void {
    const { cells } = this.#demand;
    // Of cells that ask for the same, the later one has the later node: to swap them would change nothing.
    const first = cell > 0 && alike(cells[cell - 1]!, cells[cell]!) ? this.#chosen[cell - 1]! + 1 : 0;
    const bound = this.#bound.below(this.#chosen, this.#isTaken);
    for (let node = first; node < this.#nodes.length && !this.#work.isSpent; node += 1) {
      this.#work.count(1);
      if (this.#isTaken[node] || !this.#mayBetter(bound.at(node, soFar))) continue;
      const fit = this.#fits.on(cell, node);
      if (fit === undefined) continue;
      const taken = smallMiB + smallMemoryMiB(fit.cell, fit.pageSizeKiB);
      const { moreGroups } = fit.pick;
      if (
        taken > this.#smallFreeMiB ||
        !this.#mayBetter(bound.after(node, soFar, moreGroups)) ||
        !this.#matching.fix(cell, node)
      )
        continue;
      const sum = bound.sum(node, soFar, moreGroups);
      this.#chosen.push(node);
      this.#isTaken[node] = true;
      if (cell + 1 < cells.length) this.#visit(cell + 1, taken, sum);
      else this.#keep(this.#chosen, sum);
      this.#isTaken[node] = false;
      this.#chosen.pop();
    }
  }

  /** What comes later in the order of nodes must be nearer to be preferred. */
  #mayBetter(atBest: Nearness): boolean {
    return this.#best === undefined || isNearer(atBest, this.#best.nearness);
  }

  /** Takes these nodes, where they have the devices, and nothing that was found before is as near. */
  #keep(nodes: readonly number[], sum: SoFar): void {
    const cells = nodes.map((node, cell) => this.#fits.on(cell, node)!);
    const matched = this.#devices.match(cells.map(({ node }) => node));
    if (matched === undefined) return;
    const nearness = { ...sum, devices: matched.distance };
    if (this.#mayBetter(nearness)) this.#best = { cells, devices: matched.devices, nearness };
  }
}
