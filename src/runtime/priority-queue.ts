/** Keys in the order of their priority, and of their arrival within one: higher first, then first come. */

interface Place {
  readonly key: string;
  readonly priority: number;
  readonly arrival: number;
}

export class PriorityQueue {
  /** A binary heap, the first to be served on top; places of keys that moved up stay behind until they surface. */
  readonly #heap: Place[] = [];
  readonly #places = new Map<string, Place>();
  #arrivals = 0;

  get size(): number {
    return this.#places.size;
  }

  /** Adds a key; one that is there already moves up if the priority is higher, keeping its arrival. @returns whether it is new. */
  add(key: string, priority: number): boolean {
    const before = this.#places.get(key);
    if (before !== undefined && before.priority >= priority) return false;
    const place = { key, priority, arrival: before?.arrival ?? this.#arrivals++ };
    this.#places.set(key, place);
    this.#heap.push(place);
    this.#rise(this.#heap.length - 1);
    return before === undefined;
  }

  /** Takes the first key out of the queue. */
  take(): { readonly key: string; readonly priority: number } | undefined {
    for (let place = this.#pop(); place !== undefined; place = this.#pop()) {
      if (this.#places.get(place.key) !== place) continue;
      this.#places.delete(place.key);
      return place;
    }
    return undefined;
  }

  clear(): void {
    this.#heap.length = 0;
    this.#places.clear();
  }

  #pop(): Place | undefined {
    const top = this.#heap[0];
    const last = this.#heap.pop();
    if (top === undefined || last === undefined || this.#heap.length === 0) return top;
    this.#heap[0] = last;
    this.#sink();
    return top;
  }

  #rise(from: number): void {
    for (let index = from; index > 0;) {
      const parent = (index - 1) >> 1;
      if (!isBefore(this.#heap[index]!, this.#heap[parent]!)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #sink(): void {
    for (let index = 0; ;) {
      let first = index;
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < this.#heap.length && isBefore(this.#heap[child]!, this.#heap[first]!)) first = child;
      }
      if (first === index) return;
      this.#swap(index, first);
      index = first;
    }
  }

  #swap(one: number, other: number): void {
    [this.#heap[one], this.#heap[other]] = [this.#heap[other]!, this.#heap[one]!];
  }
}

function isBefore(one: Place, other: Place): boolean {
  return one.priority === other.priority ? one.arrival < other.arrival : one.priority > other.priority;
}
