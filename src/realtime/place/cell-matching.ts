/**
 * A matching of guest cells with host NUMA nodes, one for each, kept whole while cells are fixed one after the other:
 * so a search never goes where the rest of the cells cannot follow.
 */
import type { SearchWork } from './search-work.ts';

const none = -1;

export class CellMatching {
  readonly #nodes: number;
  readonly #fits: (cell: number, node: number) => boolean;
  readonly #work: SearchWork;
  readonly #nodeOf: Int32Array;
  readonly #cellOf: Int32Array;

  constructor(cells: number, nodes: number, fits: (cell: number, node: number) => boolean, work: SearchWork) {
    this.#nodes = nodes;
    this.#fits = fits;
    this.#work = work;
    this.#nodeOf = new Int32Array(cells).fill(none);
    this.#cellOf = new Int32Array(nodes).fill(none);
  }

  /**
   * Finds a node for every cell; false where there are not enough, whatever is tried. At most 2 × cells² × nodes
   * looks.
   */
  complete(): boolean {
    return this.#nodeOf.every((node, cell) => node !== none || this.#augment(cell, 0, new Set()));
  }

  /**
   * Puts a cell on a node that it fits on, with those before it staying where they are, and finds other nodes for
   * those after it; false, with nothing changed, where there are none. At most 2 × cells × nodes looks.
   */
  fix(cell: number, node: number): boolean {
    const before = this.#nodeOf[cell]!;
    if (before === node) return true;
    const other = this.#cellOf[node]!;
    this.#cellOf[before] = none;
    this.#put(cell, node);
    if (other === none) return true;
    if (other > cell && this.#augment(other, cell + 1, new Set([node]))) return true;
    this.#put(other, node);
    this.#put(cell, before);
    return false;
  }

  #put(cell: number, node: number): void {
    this.#nodeOf[cell] = node;
    this.#cellOf[node] = cell;
  }

  /**
   * A node for this cell, others making room where they can; cells below `from` stay, and nodes in `seen` are not for
   * it.
   */
  #augment(cell: number, from: number, seen: Set<number>): boolean {
    for (let node = 0; node < this.#nodes; node += 1) {
      this.#work.count(1);
      if (this.#cellOf[node] !== none || seen.has(node) || !this.#fits(cell, node)) continue;
      this.#put(cell, node);
      return true;
    }
    for (let node = 0; node < this.#nodes; node += 1) {
      this.#work.count(1);
      const other = this.#cellOf[node]!;
      if (other < from || seen.has(node) || !this.#fits(cell, node)) continue;
      seen.add(node);
      if (!this.#augment(other, from, seen)) continue;
      this.#put(cell, node);
      return true;
    }
    return false;
  }
}
