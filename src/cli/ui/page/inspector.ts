/** Everything about the one VM or node that a person has chosen; asked for again whenever that one changes. */
import type { CheckView, ConditionView, FindingView, NodeDetails, NodeView, VmDetails } from '../wire.ts';
import { byId, el } from './dom.ts';
import type { Model } from './model.ts';
import { standingOf } from './standing.ts';
import { cpuSentence, nodeSummary } from './words.ts';

export type Chosen = { readonly kind: 'vm' | 'node'; readonly name: string };

export class Inspector {
  readonly #element = byId('inspector', HTMLElement);
  readonly #content = byId('inspector-content', HTMLElement);
  readonly #model: Model;
  readonly #choose: (chosen: Chosen) => void;
  #chosen: Chosen | undefined;
  /** Answers that come late are of what was chosen before. */
  #asked = 0;
  #shown = '';

  constructor(model: Model, choose: (chosen: Chosen | undefined) => void) {
    this.#model = model;
    this.#choose = choose;
    byId('inspector-close', HTMLElement).addEventListener('click', () => choose(undefined));
  }

  show(chosen: Chosen | undefined): void {
    this.#chosen = chosen;
    this.#shown = '';
    this.#element.hidden = chosen === undefined;
    document.body.classList.toggle('inspecting', chosen !== undefined);
    if (chosen !== undefined) void this.refresh();
  }

  focus(): void {
    this.#content.querySelector('h2')?.focus();
  }

  /** Asks for the details and shows them, if they are others than those shown. */
  async refresh(): Promise<void> {
    const chosen = this.#chosen;
    if (chosen === undefined) return;
    this.#asked += 1;
    const asked = this.#asked;
    const details = await ask(chosen);
    if (asked !== this.#asked) return;
    const view = chosen.kind === 'vm' ? this.#model.vms.get(chosen.name) : this.#model.nodes.get(chosen.name);
    const look = JSON.stringify([details, view]);
    if (look === this.#shown) return;
    this.#shown = look;
    const hadFocus = this.#content.contains(document.activeElement);
    const open = new Set([...this.#content.querySelectorAll('details')].filter((each) => each.open).map(({ className }) => className));
    this.#content.replaceChildren(...(details === undefined ? gone(chosen) : 'pins' in details ? this.#vm(details) : this.#node(details)));
    for (const each of this.#content.querySelectorAll('details')) if (open.has(each.className)) each.open = true;
    if (hadFocus) this.focus();
  }

  #vm(details: VmDetails): readonly Node[] {
    const { key, facts, pins, findings, conditions, created } = details;
    const view = this.#model.vms.get(key);
    const standing = view === undefined ? undefined : standingOf(view);
    return [
      heading('VM', key),
      ...(standing === undefined ? [] : [el('p', { class: 'standing' }, el('span', { class: `state ${standing.kind}` }, standing.word), ...(view === undefined || view.phase === standing.word ? [] : [' ', view.phase]))]),
      ...(view?.message === undefined || standing?.kind === 'fine' || findings.length > 0 ? [] : [el('p', { class: `why ${standing?.kind ?? ''}` }, conditions.find(({ type }) => type === 'Ready')?.message ?? view.message)]),
      ...(findings.length === 0 ? [] : [section('Findings of the last audit', el('ul', { class: 'findings' }, ...findings.map(finding)))]),
      definitions([...facts, ['Created', created]], (label, text) => (label === 'Node' ? this.#nodeLink(text) : undefined)),
      ...(pins.length === 0 ? [] : [section('vCPUs', table(['vCPU', 'CPUs', 'Kind'], pins.map(({ vcpu, cpus, realtime, floats }) => [String(vcpu), floats ? `${cpus}, shared` : cpus, realtime ? 'realtime' : 'housekeeping'])))]),
      section('Conditions', el('ul', { class: 'conditions' }, ...conditions.map(condition))),
    ];
  }

  #node(details: NodeDetails): readonly Node[] {
    const { name, facts, checks, orphans, conditions } = details;
    const view = this.#model.nodes.get(name);
    const wrong = checks.filter(({ result }) => result !== 'Pass');
    return [
      heading('Node', name),
      ...(view === undefined ? [] : [el('p', {}, nodeSummary(view))]),
      ...(view === undefined || view.marks.length === 0 ? [] : [el('ul', { class: 'findings' }, ...view.marks.map(({ level, label, text }) => el('li', { class: level }, el('strong', {}, label), el('span', {}, text))))]),
      ...(wrong.length === 0 ? [] : [section('Checks that did not pass', el('ul', { class: 'findings' }, ...wrong.map(check)))]),
      definitions(facts),
      ...(orphans.length === 0 ? [] : [section('Orphans', el('ul', { class: 'plain' }, ...orphans.map(({ domain, vm }) => el('li', {}, vm === undefined ? domain : `${domain}, made for ${vm}`))))]),
      ...(view === undefined || view.vms.length === 0 ? [] : [section('VMs', el('ul', { class: 'plain' }, ...view.vms.map(({ key, letter, colour }) => el('li', {}, el('span', { class: `swatch vm${colour}`, 'aria-hidden': 'true' }, letter), this.#vmLink(key)))))]),
      ...(conditions.length === 0 ? [] : [section('Conditions', el('ul', { class: 'conditions' }, ...conditions.map(condition)))]),
      ...(view === undefined || view.numa.length === 0 ? [] : [el('details', { class: 'cpus' }, el('summary', {}, 'All CPUs as a table'), cpuTable(view))]),
    ];
  }

  #nodeLink(name: string): HTMLElement {
    return link(name, () => this.#choose({ kind: 'node', name }));
  }

  #vmLink(key: string): HTMLElement {
    return this.#model.vms.has(key) ? link(key, () => this.#choose({ kind: 'vm', name: key })) : el('span', {}, key);
  }
}

async function ask({ kind, name }: Chosen): Promise<VmDetails | NodeDetails | undefined> {
  try {
    const response = await fetch(`${kind}s/${name.split('/').map(encodeURIComponent).join('/')}`);
    return response.ok ? (await response.json()) as VmDetails | NodeDetails : undefined;
  } catch {
    return undefined;
  }
}

function gone({ kind, name }: Chosen): readonly Node[] {
  return [heading(kind === 'vm' ? 'VM' : 'Node', name), el('p', {}, 'Nothing is known of it now: it is gone, or the server does not answer.')];
}

function heading(kind: string, name: string): HTMLElement {
  return el('h2', { tabindex: -1 }, el('span', { class: 'kind' }, kind), name);
}

function section(title: string, content: Node): HTMLElement {
  return el('section', {}, el('h3', {}, title), content);
}

function definitions(facts: readonly (readonly [string, string])[], special: (label: string, text: string) => Node | undefined = () => undefined): HTMLElement {
  return el('dl', {}, ...facts.flatMap(([label, text]) => [el('dt', {}, label), el('dd', {}, special(label, text) ?? text)]));
}

function table(columns: readonly string[], rows: readonly (readonly string[])[]): HTMLElement {
  return el('table', {},
    el('thead', {}, el('tr', {}, ...columns.map((column) => el('th', { scope: 'col' }, column)))),
    el('tbody', {}, ...rows.map((row) => el('tr', {}, ...row.map((text) => el('td', {}, text))))));
}

function cpuTable({ numa, vms }: NodeView): HTMLElement {
  const rows = numa.flatMap(({ id, cores }) => cores.flatMap((core) => core.map((cell) => [String(cell[0]), String(id), core.map(([cpu]) => cpu).join(','), cpuSentence(cell, vms).replace(/^CPU \d+: /, '')])));
  return table(['CPU', 'NUMA', 'Core', 'Use'], rows);
}

function finding({ severity, subject, message, expected, observed }: FindingView): HTMLElement {
  return el('li', { class: severity === 'error' ? 'bad' : 'warn' }, el('strong', {}, subject), el('span', {}, message), el('span', { class: 'expected' }, `wanted ${expected}, found ${observed}`));
}

function check({ name, result, observed, wanted, remedy }: CheckView): HTMLElement {
  return el('li', { class: result === 'Fail' ? 'bad' : 'warn' }, el('strong', {}, `${name}: ${result}`), el('span', {}, `found ${observed}; wanted ${wanted}`), remedy === undefined ? undefined : el('code', {}, remedy));
}

function condition({ type, status, reason, message, since }: ConditionView): HTMLElement {
  return el('li', {}, el('span', { class: 'type' }, `${type}: ${status}`), el('span', { class: 'reason' }, reason), el('span', { class: 'message' }, message), el('time', { datetime: since }, since));
}

function link(text: string, follow: () => void): HTMLElement {
  const button = el('button', { type: 'button', class: 'link' }, text);
  button.addEventListener('click', follow);
  return button;
}
