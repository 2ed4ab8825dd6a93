/** The figures above everything; those that can be looked into are buttons that filter. */
import { byId, el, setAttribute, setText } from './dom.ts';
import type { Totals } from './model.ts';
import type { StateWord } from './query.ts';
import { grouped } from './words.ts';

interface Tile {
  readonly element: HTMLElement;
  readonly value: HTMLElement;
  readonly note: HTMLElement;
}

export class Summary {
  readonly #tiles: Readonly<Record<'nodes' | 'vms' | 'pending' | 'unverified' | 'cpus', Tile>>;
  readonly #meter = el('meter', { min: 0, 'aria-label': 'Dedicated CPUs taken' });

  constructor(toggle: (state: StateWord) => void) {
    this.#tiles = {
      nodes: tile('Nodes', () => toggle('attention')),
      vms: tile('VMs', undefined),
      unverified: tile('Not verified', () => toggle('unverified')),
      pending: tile('Pending', () => toggle('pending')),
      cpus: tile('Dedicated CPUs', undefined),
    };
    this.#tiles.cpus.element.append(this.#meter);
    byId('tiles', HTMLElement).append(...Object.values(this.#tiles).map(({ element }) => element));
  }

  update(totals: Totals): void {
    const { nodes, nodesNeedingCare, vms, fine, pending, unverified, dedicated, taken } = totals;
    show(this.#tiles.nodes, grouped(nodes), nodesNeedingCare === 0 ? 'all fine' : `${grouped(nodesNeedingCare)} need${nodesNeedingCare === 1 ? 's' : ''} attention`, nodesNeedingCare > 0 ? 'warn' : 'fine');
    show(this.#tiles.vms, grouped(vms), `${grouped(fine)} running as asked for`, 'fine');
    show(this.#tiles.unverified, grouped(unverified), unverified === 0 ? 'no findings' : 'failed, lost, or not proven', unverified > 0 ? 'bad' : 'fine');
    show(this.#tiles.pending, grouped(pending), pending === 0 ? 'all have a place' : 'fit nowhere now', pending > 0 ? 'warn' : 'fine');
    show(this.#tiles.cpus, dedicated === 0 ? '–' : `${Math.floor((100 * taken) / dedicated)} %`, `${grouped(taken)} of ${grouped(dedicated)} taken`, 'fine');
    this.#meter.max = Math.max(1, dedicated);
    this.#meter.value = taken;
  }

  /** Which of them filter now. */
  press(states: readonly StateWord[]): void {
    for (const [name, state] of [['nodes', 'attention'], ['pending', 'pending'], ['unverified', 'unverified']] as const) {
      setAttribute(this.#tiles[name].element, 'aria-pressed', states.includes(state) ? 'true' : 'false');
    }
  }
}

function tile(name: string, press: (() => void) | undefined): Tile {
  const value = el('span', { class: 'value' }, '–');
  const note = el('span', { class: 'note' });
  const parts = [el('span', { class: 'name' }, name), value, note];
  if (press === undefined) return { element: el('div', { class: 'tile' }, ...parts), value, note };
  const element = el('button', { type: 'button', class: 'tile', 'aria-pressed': 'false' }, ...parts);
  element.addEventListener('click', press);
  return { element, value, note };
}

function show({ element, value, note }: Tile, text: string, more: string, level: 'fine' | 'warn' | 'bad'): void {
  setText(value, text);
  setText(note, more);
  element.dataset['level'] = level;
}
