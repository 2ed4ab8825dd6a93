/** The CPUs of one node, in the document: by host NUMA node, core by core, SMT siblings side by side. */
import type { CpuCell, NodeView, NumaView, PagesView } from '../wire.ts';
import { el, setAttribute, setText } from './dom.ts';
import { cpuLabel, cpuSentence, grouped, isFlagged, nodeSummary, vmsAt } from './words.ts';

/** `large`: each CPU has its number and label and can be reached by keyboard. `small`: hundreds of nodes at a glance. */
export type Size = 'large' | 'small';

/** Cores in one row of a small map; the style sheet's columns. */
const smallCpusPerRow = 16;
const smallRowPx = 13;
const smallNumaPx = 8;

/** Of a small map, before it is drawn, so that nothing moves when it is. */
export function smallHeightPx({ numa }: NodeView): number {
  return numa.reduce((sum, { cores }) => sum + Math.ceil(cores.reduce((cpus, core) => cpus + core.length, 0) / smallCpusPerRow) * smallRowPx + smallNumaPx, 0);
}

interface DrawnCpu {
  readonly element: HTMLElement;
  readonly label: HTMLElement | undefined;
  /** Heard, not seen. */
  readonly sentence: HTMLElement | undefined;
  cell: CpuCell;
  /** What it looks like now, as text to compare. */
  look: string;
}

export class CpuMap {
  readonly element: HTMLElement;
  readonly #size: Size;
  readonly #cpus: DrawnCpu[] = [];
  readonly #pages: { readonly bar: HTMLMeterElement; readonly text: HTMLElement }[] = [];
  readonly #shape: string;
  #node: NodeView;
  #selected: string | undefined;

  constructor(node: NodeView, size: Size, selected: string | undefined) {
    this.#node = node;
    this.#size = size;
    this.#selected = selected;
    this.#shape = shapeOf(node);
    this.element = el('div', { class: `map ${size}`, role: size === 'large' ? 'group' : 'img' }, ...node.numa.map((numa) => this.#drawNuma(numa)));
    if (size === 'large') {
      this.#cpus[0]?.element.setAttribute('tabindex', '0');
      this.element.addEventListener('keydown', (event) => this.#onKey(event));
      this.element.addEventListener('focusin', (event) => this.#onFocus(event));
    }
    this.#refresh();
  }

  /** @returns false where the host itself is another now, and the map is to be drawn anew. */
  update(node: NodeView, selected: string | undefined): boolean {
    if (shapeOf(node) !== this.#shape) return false;
    this.#node = node;
    this.#selected = selected;
    node.numa.flatMap(({ cores }) => cores.flat()).forEach((cell, index) => { this.#cpus[index]!.cell = cell; });
    this.#refresh();
    return true;
  }

  /** The first VM that uses the CPU which an event happened on. */
  vmAt(target: EventTarget | null): string | undefined {
    const element = target instanceof Element ? target.closest<HTMLElement>('.cpu') : null;
    const cpu = this.#cpus.find((each) => each.element === element);
    const index = cpu === undefined ? undefined : vmsAt(cpu.cell)[0];
    return index === undefined ? undefined : this.#node.vms[index]!.key;
  }

  #drawNuma(numa: NumaView): HTMLElement {
    const cores = el('div', { class: 'cores' }, ...numa.cores.map((core) => el('span', { class: 'core' }, ...core.map((cell) => this.#drawCpu(cell)))));
    if (this.#size === 'small') return el('div', { class: 'numa' }, cores);
    const title = el('span', { class: 'numa-name' }, `NUMA ${numa.id}`);
    return el('div', { class: 'numa' }, el('div', { class: 'numa-head' }, title, ...numa.pages.map((pages) => this.#drawPages(numa.id, pages))), cores);
  }

  #drawCpu(cell: CpuCell): HTMLElement {
    const large = this.#size === 'large';
    const [label, sentence] = large ? [el('span', { class: 'label' }), el('span', { class: 'hidden' })] : [];
    const element = large
      ? el('button', { type: 'button', tabindex: -1 }, el('span', { class: 'number' }, String(cell[0])), ' ', label, ' ', sentence)
      : el('i');
    this.#cpus.push({ element, label, sentence, cell, look: '' });
    return element;
  }

  #drawPages(numa: number, { size }: PagesView): HTMLElement {
    const bar = el('meter', { min: 0, 'aria-label': `${size} pages taken on NUMA node ${numa}` });
    const text = el('span');
    this.#pages.push({ bar, text });
    return el('span', { class: 'pages' }, el('span', { class: 'pages-size' }, `${size} pages`), bar, text);
  }

  #refresh(): void {
    const { vms, numa, name } = this.#node;
    for (const cpu of this.#cpus) this.#refreshCpu(cpu);
    numa.flatMap(({ pages }) => pages).forEach(({ total, taken }, index) => {
      const drawn = this.#pages[index];
      if (drawn === undefined) return;
      drawn.bar.max = total;
      drawn.bar.value = taken;
      setText(drawn.text, `${grouped(total - taken)}/${grouped(total)} free`);
    });
    setAttribute(this.element, 'aria-label', this.#size === 'large' ? `CPUs of ${name}` : `CPUs of ${name}: ${nodeSummary(this.#node)}`);
    this.element.classList.toggle('choosing', this.#selected !== undefined && vms.some(({ key }) => key === this.#selected));
  }

  #refreshCpu(cpu: DrawnCpu): void {
    const { vms } = this.#node;
    const { cell } = cpu;
    const users = vmsAt(cell);
    const chosen = users.some((index) => vms[index]!.key === this.#selected);
    const single = users.length === 1 ? vms[users[0]!] : undefined;
    const look = `cpu ${cell[1]}${single === undefined ? '' : ` vm${single.colour}`}${single?.orphan === true ? ' orphan' : ''}${isFlagged(cell, vms) ? ' flagged' : ''}${chosen ? ' chosen' : ''}`;
    const label = cpuLabel(cell, vms);
    const sentence = cpuSentence(cell, vms);
    const key = `${look}|${label}|${sentence}`;
    if (key === cpu.look) return;
    cpu.look = key;
    cpu.element.className = look;
    cpu.element.title = sentence;
    if (cpu.label === undefined || cpu.sentence === undefined) return;
    setText(cpu.label, label);
    setText(cpu.sentence, sentence);
  }

  /** One CPU of a map is in the tab order; arrows go to the others. */
  #onKey(event: KeyboardEvent): void {
    const at = this.#cpus.findIndex(({ element }) => element === event.target);
    if (at === -1) return;
    const to = this.#target(event.key, at);
    if (to === undefined) return;
    event.preventDefault();
    this.#cpus[Math.max(0, Math.min(this.#cpus.length - 1, to))]!.element.focus();
  }

  #target(key: string, at: number): number | undefined {
    switch (key) {
      case 'ArrowRight': return at + 1;
      case 'ArrowLeft': return at - 1;
      case 'ArrowDown': return this.#inRow(at, 1);
      case 'ArrowUp': return this.#inRow(at, -1);
      case 'Home': return 0;
      case 'End': return this.#cpus.length - 1;
      default: return undefined;
    }
  }

  /** The nearest CPU of the row above or below, as they are laid out now. */
  #inRow(at: number, direction: 1 | -1): number {
    const from = this.#cpus[at]!.element.getBoundingClientRect();
    let best = at;
    let bestBy = Infinity;
    for (const [index, { element }] of this.#cpus.entries()) {
      const { top, left } = element.getBoundingClientRect();
      const down = (top - from.top) * direction;
      // Rows first; within the next one, the one straight below.
      const by = down * 1000 + Math.abs(left - from.left);
      if (down > 1 && by < bestBy) [best, bestBy] = [index, by];
    }
    return best;
  }

  #onFocus({ target }: FocusEvent): void {
    for (const { element } of this.#cpus) setAttribute(element, 'tabindex', element === target ? 0 : -1);
  }
}

/** What of a node decides which elements there are. */
function shapeOf({ numa }: NodeView): string {
  return JSON.stringify(numa.map(({ id, cores, pages }) => [id, pages.map(({ size }) => size), cores.map((core) => core.map(([cpu]) => cpu))]));
}
