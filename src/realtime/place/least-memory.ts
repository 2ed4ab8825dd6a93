/** Cells to nodes with the least small-page memory in all, where guests with `pageSize: Any` may have to spare it. */
import type { SearchWork } from './search-work.ts';

export interface CheapestAssignment {
  /** The node of each cell. */
  readonly nodes: readonly number[];
  readonly cost: number;
}

/**
 * The assignment of each cell to a node of its own with the least sum of costs, Infinity where a cell does not fit: by
 * shortest augmenting paths over reduced costs, in at most cells² × nodes looks. Undefined where there is none.
 */
export function cheapestAssignment(
  cells: number,
  nodes: number,
  cost: (cell: number, node: number) => number,
  work: SearchWork,
): CheapestAssignment | undefined {
  const cellPrices = Array.from({ length: cells }, () => 0);
  const nodePrices = Array.from({ length: nodes }, () => 0);
  const cellOf = Array.from({ length: nodes }, () => -1);
  for (let start = 0; start < cells; start += 1) {
    const reach = Array.from({ length: nodes }, () => Infinity);
    const from = Array.from({ length: nodes }, () => -1);
    const done = Array.from({ length: nodes }, () => false);
    let cell = start;
    let at = -1;
    let distance = 0;
    do {
      let next = -1;
      for (let node = 0; node < nodes; node += 1) {
        if (done[node]) continue;
        work.count(1);
        const length = distance + cost(cell, node) - cellPrices[cell]! - nodePrices[node]!;
        if (length < reach[node]!) {
          reach[node] = length;
          from[node] = at;
        }
        if (reach[node]! < (next === -1 ? Infinity : reach[next]!)) next = node;
      }
      if (next === -1) return undefined;
      distance = reach[next]!;
      done[next] = true;
      at = next;
      cell = cellOf[next]!;
    } while (cell !== -1);
    cellPrices[start] = cellPrices[start]! + distance;
    for (let node = 0; node < nodes; node += 1) {
      if (!done[node] || node === at) continue;
      const slack = distance - reach[node]!;
      nodePrices[node] = nodePrices[node]! - slack;
      cellPrices[cellOf[node]!] = cellPrices[cellOf[node]!]! + slack;
    }
    while (at !== -1) {
      const previous = from[at]!;
      cellOf[at] = previous === -1 ? start : cellOf[previous]!;
      at = previous;
    }
  }
  const chosen = Array.from({ length: cells }, () => -1);
  cellOf.forEach((cell, node) => {
    if (cell !== -1) chosen[cell] = node;
  });
  return { nodes: chosen, cost: chosen.reduce((sum, node, cell) => sum + cost(cell, node), 0) };
}
