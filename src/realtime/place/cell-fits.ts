/** What each guest cell would get on each host NUMA node, found out once for each pair that is looked at. */
import type { Demand } from './demand.ts';
import { fitCell } from './fit-cell.ts';
import type { CellFit } from './fit-cell.ts';
import type { HostState } from './host-state.ts';
import type { NodeState } from './node-state.ts';
import type { SearchWork } from './search-work.ts';

export class CellFits {
  readonly #host: HostState;
  readonly #demand: Demand;
  readonly #nodes: readonly NodeState[];
  readonly #work: SearchWork;
  /** By cell and node; null where it does not fit. */
  readonly #known: (CellFit | null | undefined)[];

  /** @param nodes of the host, in the order of preference: nodes go by their place in it. */
  constructor(host: HostState, demand: Demand, nodes: readonly NodeState[], work: SearchWork) {
    this.#host = host;
    this.#demand = demand;
    this.#nodes = nodes;
    this.#work = work;
    this.#known = [];
  }

  on(cell: number, node: number): CellFit | undefined {
    const index = cell * this.#nodes.length + node;
    let fit = this.#known[index];
    if (fit === undefined) {
      this.#work.count(1);
      fit = fitCell(this.#host, this.#nodes[node]!, this.#demand.cells[cell]!, this.#demand) ?? null;
      this.#known[index] = fit;
    }
    return fit ?? undefined;
  }
}
