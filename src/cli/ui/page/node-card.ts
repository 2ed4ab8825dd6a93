/** One node: its name, what is the matter with it, and its CPUs, which are drawn when they come near to being seen. */
import type { NodeMark, NodeView } from '../wire.ts';
import { CpuMap, smallHeightPx } from './cpu-map.ts';
import type { Size } from './cpu-map.ts';
import { el, setAttribute, setText } from './dom.ts';
import { nodeSummary } from './words.ts';

export class NodeCard {
  readonly element: HTMLElement;
  readonly #name: HTMLButtonElement;
  readonly #summary = el('span', { class: 'node-summary' });
  readonly #marks = el('ul', { class: 'marks', role: 'list' });
  readonly #body = el('div', { class: 'node-body' });
  #node: NodeView;
  #size: Size;
  #selected: string | undefined;
  #map: CpuMap | undefined;
  #isNear = false;
  #shownMarks = '';

  constructor(node: NodeView, size: Size, selected: string | undefined) {
    this.#node = node;
    this.#size = size;
    this.#selected = selected;
    this.#name = el('button', { type: 'button', class: 'node-name', 'data-node': node.name }, node.name);
    this.element = el('article', { class: 'node', 'data-name': node.name, 'aria-label': `Node ${node.name}` },
      el('header', {}, el('h3', {}, this.#name), this.#marks, this.#summary), this.#body);
    this.#body.addEventListener('click', ({ target }) => {
      const vm = this.#map?.vmAt(target);
      if (vm !== undefined) this.element.dispatchEvent(new CustomEvent('choosevm', { bubbles: true, detail: vm }));
    });
    this.#refresh();
  }

  update(node: NodeView, size: Size, selected: string | undefined): void {
    const redraw = size !== this.#size;
    this.#node = node;
    this.#size = size;
    this.#selected = selected;
    if (redraw || (this.#map !== undefined && !this.#map.update(node, selected))) this.#map = undefined;
    this.#refresh();
  }

  /** Near to being seen, or far again; the CPUs of far nodes are not kept in the document. */
  setNear(near: boolean): void {
    if (!near && this.#body.contains(document.activeElement)) return;
    this.#isNear = near;
    this.#refresh();
  }

  #refresh(): void {
    const { marks, numa } = this.#node;
    setText(this.#summary, nodeSummary(this.#node));
    this.element.dataset['worst'] = marks[0]?.level ?? 'fine';
    this.#showMarks(marks);
    if (!this.#isNear) {
      this.#keepHeight();
      this.#map = undefined;
      this.#body.replaceChildren();
    } else if (this.#map === undefined) {
      this.#map = new CpuMap(this.#node, this.#size, this.#selected);
      this.#body.replaceChildren(numa.length === 0 ? el('p', { class: 'nothing' }, 'Nothing is known of its CPUs.') : this.#map.element);
      this.#body.style.minHeight = '';
    }
  }

  /** Nothing is to move when CPUs come into the document or go. */
  #keepHeight(): void {
    const height = this.#map === undefined ? 0 : this.#body.offsetHeight;
    if (this.#size === 'small') this.#body.style.minHeight = `${smallHeightPx(this.#node)}px`;
    else if (height > 0) this.#body.style.minHeight = `${height}px`;
  }

  #showMarks(marks: readonly NodeMark[]): void {
    const key = JSON.stringify(marks);
    if (key === this.#shownMarks) return;
    this.#shownMarks = key;
    setAttribute(this.#marks, 'hidden', marks.length === 0);
    this.#marks.replaceChildren(...marks.map(({ level, label, text }) => el('li', { class: `mark ${level}`, title: text }, label)));
  }
}
