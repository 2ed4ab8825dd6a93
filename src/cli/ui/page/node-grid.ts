/** All nodes that match, by name. */
import { NodeCard } from './node-card.ts';
import type { Size } from './cpu-map.ts';
import { el, setAttribute, setText } from './dom.ts';
import type { Model } from './model.ts';
import { nodeMatches } from './query.ts';
import type { Query } from './query.ts';
import { grouped } from './words.ts';

/** How far from being seen a node is drawn. */
const nearBy = '500px';
/** A node that was brought into view has come to rest when it stays so for this many frames; not everything does. */
const steadyFrames = 6;
const mostFrames = 60;
/** Up to this many CPUs in all, each has room for its label. */
const mostLargeCpus = 640;

export class NodeGrid {
  readonly #element: HTMLElement;
  readonly #count: HTMLElement;
  readonly #nothing = el('p', { class: 'empty', hidden: true });
  readonly #model: Model;
  readonly #cards = new Map<string, NodeCard>();
  readonly #near: IntersectionObserver;
  #query: Query;
  #selected: string | undefined;
  #size: Size = 'large';
  /** Chosen by the person; by the number of CPUs otherwise. */
  #wantedSize: Size | undefined;

  constructor(element: HTMLElement, count: HTMLElement, model: Model, query: Query) {
    this.#element = element;
    this.#count = count;
    this.#model = model;
    this.#query = query;
    element.after(this.#nothing);
    this.#near = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) this.#cards.get((target as HTMLElement).dataset['name'] ?? '')?.setNear(isIntersecting);
    }, { rootMargin: nearBy });
  }

  get size(): Size {
    return this.#size;
  }

  wantSize(size: Size): void {
    this.#wantedSize = size;
    this.update(this.#model.nodes.keys());
  }

  search(query: Query): void {
    this.#query = query;
    this.update(this.#model.nodes.keys());
  }

  /** Highlights the CPUs of a VM. */
  select(vmKey: string | undefined): void {
    const before = this.#selected;
    this.#selected = vmKey;
    this.update([before, vmKey].flatMap((key) => (key === undefined ? [] : [...this.#model.nodesOf(key)])));
  }

  /** Brings a node into view: again while the nodes around it are being drawn, and with that find their heights. */
  show(name: string): void {
    const card = this.#cards.get(name);
    if (card === undefined) return;
    card.setNear(true);
    let steady = 0;
    let lastTop = NaN;
    const step = (left: number) => {
      card.element.scrollIntoView({ block: 'nearest' });
      const { top } = card.element.getBoundingClientRect();
      steady = top === lastTop ? steady + 1 : 0;
      lastTop = top;
      if (left > 0 && steady < steadyFrames) requestAnimationFrame(() => step(left - 1));
    };
    step(mostFrames);
  }

  update(names: Iterable<string>): void {
    const size = this.#wantedSize ?? (this.#cpus() <= mostLargeCpus ? 'large' : 'small');
    const all = size === this.#size ? names : this.#model.nodes.keys();
    this.#size = size;
    this.#element.dataset['size'] = size;
    const added: string[] = [];
    for (const name of all) {
      const node = this.#model.nodes.get(name);
      const card = this.#cards.get(name);
      if (node === undefined) this.#remove(name);
      else if (card === undefined) added.push(name);
      else {
        card.update(node, size, this.#selected);
        setAttribute(card.element, 'hidden', !nodeMatches(this.#query, node, this.#model));
      }
    }
    this.#add(added);
    this.#tellCount();
  }

  #cpus(): number {
    let cpus = 0;
    for (const { numa } of this.#model.nodes.values()) for (const { cores } of numa) for (const core of cores) cpus += core.length;
    return cpus;
  }

  #add(names: readonly string[]): void {
    if (names.length === 0) return;
    for (const name of names) {
      const node = this.#model.nodes.get(name)!;
      const card = new NodeCard(node, this.#size, this.#selected);
      setAttribute(card.element, 'hidden', !nodeMatches(this.#query, node, this.#model));
      this.#cards.set(name, card);
      this.#near.observe(card.element);
    }
    // Those that are there keep their places in the document, and with them the focus.
    const sorted = [...this.#cards.keys()].sort(byName);
    let next: Element | null = null;
    for (const name of sorted.toReversed()) {
      const { element } = this.#cards.get(name)!;
      if (element.nextElementSibling !== next || element.parentElement === null) this.#element.insertBefore(element, next);
      next = element;
    }
  }

  #remove(name: string): void {
    const card = this.#cards.get(name);
    if (card === undefined) return;
    this.#near.unobserve(card.element);
    card.element.remove();
    this.#cards.delete(name);
  }

  #tellCount(): void {
    const shown = [...this.#cards.values()].filter(({ element }) => !element.hidden).length;
    const all = this.#cards.size;
    setText(this.#count, shown === all ? grouped(all) : `${grouped(shown)} of ${grouped(all)}`);
    setAttribute(this.#nothing, 'hidden', shown > 0);
    setText(this.#nothing, all === 0 ? 'There are no realtime nodes: label a Node rtvm.dev/realtime=true, and its agent reports here.' : 'No node matches.');
  }
}

/** `node-2` before `node-10`. */
const { compare: byName } = new Intl.Collator('en', { numeric: true });
