/** All VMs that match, those that need a person first: a list box of which only what is seen is in the document. */
import type { VmView } from '../wire.ts';
import { byId, el, setAttribute, setText } from './dom.ts';
import type { Model } from './model.ts';
import { isEmpty, vmMatches } from './query.ts';
import type { Query } from './query.ts';
import { standingOf, standingOrder } from './standing.ts';
import { scrollFor, windowOf } from './window-of.ts';
import { grouped } from './words.ts';

/** The style sheet's. */
const rowPx = 52;

export class VmList {
  readonly #box = byId('vm-list', HTMLElement);
  readonly #rows = byId('vm-rows', HTMLElement);
  readonly #count = byId('vm-count', HTMLElement);
  readonly #nothing = byId('vm-nothing', HTMLElement);
  readonly #model: Model;
  readonly #choose: (key: string) => void;
  #query: Query;
  readonly #sortables = new Map<string, string>();
  #keys: readonly string[] = [];
  #active: string | undefined;
  #selected: string | undefined;

  constructor(model: Model, query: Query, choose: (key: string) => void) {
    this.#model = model;
    this.#query = query;
    this.#choose = choose;
    this.#box.addEventListener('scroll', () => this.#draw(), { passive: true });
    this.#box.addEventListener('keydown', (event) => this.#onKey(event));
    this.#box.addEventListener('click', ({ target }) => {
      const key = target instanceof Element ? target.closest<HTMLElement>('.vm')?.dataset['key'] : undefined;
      if (key === undefined) return;
      this.#active = key;
      this.#choose(key);
    });
    new ResizeObserver(() => this.#draw()).observe(this.#box);
  }

  search(query: Query): void {
    this.#query = query;
    this.update();
  }

  select(key: string | undefined): void {
    this.#selected = key;
    if (key !== undefined) {
      this.#active = key;
      this.#scrollTo(key);
    }
    this.#draw();
  }

  /** After VMs have changed. */
  update(): void {
    const shown = [...this.#model.vms.values()].filter((vm) => vmMatches(this.#query, vm)).map((vm) => ({ key: vm.key, rank: `${standingOrder[standingOf(vm).kind]} ${this.#sortable(vm.key)}` }));
    shown.sort((a, b) => (a.rank < b.rank ? -1 : 1));
    this.#keys = shown.map(({ key }) => key);
    const all = this.#model.vms.size;
    setText(this.#count, isEmpty(this.#query) ? grouped(all) : `${grouped(shown.length)} of ${grouped(all)}`);
    setAttribute(this.#nothing, 'hidden', shown.length > 0);
    setText(this.#nothing, all === 0 ? 'There are no VMs yet.' : 'No VM matches.');
    this.#draw();
  }

  /** A key that sorts `du-2` before `du-10`. Thousands are sorted at each change, which a collator takes long for. */
  #sortable(key: string): string {
    let text = this.#sortables.get(key);
    if (text === undefined) {
      text = key.replace(/\d+/g, (digits) => digits.padStart(8, '0'));
      this.#sortables.set(key, text);
    }
    return text;
  }

  #draw(): void {
    const { first, end } = windowOf(this.#keys.length, rowPx, this.#box.scrollTop, this.#box.clientHeight);
    this.#rows.style.height = `${this.#keys.length * rowPx}px`;
    const drawn = new Map([...this.#rows.children].map((row) => [(row as HTMLElement).dataset['key'], row as HTMLElement]));
    const wanted = this.#keys.slice(first, end);
    for (const key of drawn.keys()) if (key === undefined || !wanted.includes(key)) drawn.get(key)!.remove();
    let next = this.#rows.firstElementChild;
    for (const [offset, key] of wanted.entries()) {
      const row = drawn.get(key) ?? el('div', { class: 'vm', role: 'option', 'data-key': key });
      this.#fill(row, this.#model.vms.get(key)!, first + offset);
      // In the document they are in the order in which they are seen.
      if (row === next) next = next.nextElementSibling;
      else this.#rows.insertBefore(row, next);
    }
    setAttribute(this.#box, 'aria-activedescendant', this.#rows.querySelector('.active')?.id);
  }

  #fill(row: HTMLElement, vm: VmView, index: number): void {
    row.style.transform = `translateY(${index * rowPx}px)`;
    setAttribute(row, 'id', `vm-${index}`);
    setAttribute(row, 'aria-setsize', this.#keys.length);
    setAttribute(row, 'aria-posinset', index + 1);
    setAttribute(row, 'aria-selected', vm.key === this.#selected ? 'true' : 'false');
    row.classList.toggle('active', vm.key === this.#active);
    const placed = this.#placed(vm.key);
    const look = JSON.stringify([vm, placed]);
    if (row.dataset['look'] === look) return;
    row.dataset['look'] = look;
    const { kind, word } = standingOf(vm);
    const slash = vm.key.indexOf('/');
    row.replaceChildren(
      el('span', { class: `swatch${placed === undefined ? '' : ` vm${placed.colour}`}`, 'aria-hidden': 'true' }, placed?.letter ?? '?'),
      el('span', { class: 'vm-name', title: vm.key }, el('span', { class: 'namespace' }, `${vm.key.slice(0, slash)}/`), vm.key.slice(slash + 1)),
      el('span', { class: `state ${kind}` }, word),
      el('span', { class: 'vm-line', title: lineOf(vm) }, lineOf(vm)),
    );
  }

  #placed(key: string) {
    const [name] = this.#model.nodesOf(key);
    return name === undefined ? undefined : this.#model.nodes.get(name)?.vms.find((vm) => vm.key === key);
  }

  #onKey(event: KeyboardEvent): void {
    const at = this.#active === undefined ? -1 : this.#keys.indexOf(this.#active);
    const page = Math.max(1, Math.floor(this.#box.clientHeight / rowPx) - 1);
    const steps: Readonly<Record<string, number>> = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: this.#keys.length - 1 };
    const to = steps[event.key];
    if (event.key === 'Enter' || event.key === ' ') {
      if (this.#active !== undefined) this.#choose(this.#active);
    } else if (to !== undefined && this.#keys.length > 0) {
      const key = this.#keys[Math.max(0, Math.min(this.#keys.length - 1, to))]!;
      this.#active = key;
      this.#scrollTo(key);
      this.#draw();
    } else return;
    event.preventDefault();
  }

  #scrollTo(key: string): void {
    const index = this.#keys.indexOf(key);
    if (index !== -1) this.#box.scrollTop = scrollFor(index, rowPx, this.#box.scrollTop, this.#box.clientHeight);
  }
}

/** Where it is or, where that is not all right, why. */
function lineOf(vm: VmView): string {
  const { kind } = standingOf(vm);
  if ((kind === 'bad' || kind === 'waiting') && vm.message !== undefined) return vm.message;
  if (vm.node === undefined) return vm.message ?? '';
  return vm.cpus === undefined ? vm.node : `${vm.node} · CPUs ${vm.cpus}`;
}
