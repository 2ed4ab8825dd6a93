/** Puts the page together: what the server tells goes into the model, and from there into the parts that it concerns. */
import type { Hello } from '../wire.ts';
import { byId, setAttribute, setText } from './dom.ts';
import { Inspector } from './inspector.ts';
import type { Chosen } from './inspector.ts';
import { connect } from './live.ts';
import type { Liveness } from './live.ts';
import { Model } from './model.ts';
import type { Changed } from './model.ts';
import { NodeGrid } from './node-grid.ts';
import { parseQuery, toggleState } from './query.ts';
import { Summary } from './summary.ts';
import { VmList } from './vm-list.ts';

const model = new Model();
const search = byId('search', HTMLInputElement);
const summary = new Summary((state) => {
  search.value = toggleState(search.value, state);
  runSearch();
});
const grid = new NodeGrid(byId('nodes', HTMLElement), byId('node-count', HTMLElement), model, parseQuery(''));
const list = new VmList(model, parseQuery(''), (key) => choose({ kind: 'vm', name: key }));
const inspector = new Inspector(model, choose);
const sizes = { large: byId('size-large', HTMLInputElement), small: byId('size-small', HTMLInputElement) };
let version: string | undefined;
let chosen: Chosen | undefined;
/** What had the focus before the details were opened. */
let cameFrom: HTMLElement | undefined;

/** In the address, so that it can be sent to somebody, and the browser's way back works. */
function choose(next: Chosen | undefined): void {
  // Chosen twice: a person at the keyboard wants to go there.
  if (next !== undefined && next.kind === chosen?.kind && next.name === chosen.name) {
    inspector.focus();
    return;
  }
  if (next === undefined) {
    if (cameFrom?.isConnected === true) cameFrom.focus();
  } else if (chosen === undefined && document.activeElement instanceof HTMLElement) cameFrom = document.activeElement;
  const hash = next === undefined ? '' : `#${next.kind}=${next.name}`;
  if (hash !== location.hash) history.pushState(null, '', hash === '' ? location.pathname : hash);
  follow();
}

function follow(): void {
  const [, kind, name] = /^#(vm|node)=(.+)$/.exec(decodeURI(location.hash)) ?? [];
  chosen = kind === undefined || name === undefined ? undefined : { kind: kind as Chosen['kind'], name };
  const vm = chosen?.kind === 'vm' ? chosen.name : undefined;
  list.select(vm);
  grid.select(vm);
  inspector.show(chosen);
  const [node] = chosen?.kind === 'node' ? [chosen.name] : vm === undefined ? [] : model.nodesOf(vm);
  if (node !== undefined) grid.show(node);
}

function runSearch(): void {
  const query = parseQuery(search.value);
  list.search(query);
  grid.search(query);
  summary.press(query.states);
}

/** Names of what has changed since the document was last brought up to date. */
const waiting = { nodes: new Set<string>(), vms: new Set<string>() };

function noteChanged({ nodes, vms }: Changed): void {
  if (waiting.nodes.size + waiting.vms.size === 0) requestAnimationFrame(draw);
  for (const name of nodes) waiting.nodes.add(name);
  for (const key of vms) waiting.vms.add(key);
}

function draw(): void {
  const nodes = new Set(waiting.nodes);
  const vms = new Set(waiting.vms);
  waiting.nodes.clear();
  waiting.vms.clear();
  // Whether a node matches may depend on its VMs.
  for (const key of vms) for (const name of model.nodesOf(key)) nodes.add(name);
  grid.update(nodes);
  sizes[grid.size].checked = true;
  list.update();
  summary.update(model.totals);
  if (chosen !== undefined && (chosen.kind === 'vm' ? vms : nodes).has(chosen.name)) void inspector.refresh();
}

function showHello(hello: Hello): void {
  // Another version has other files.
  if (version !== undefined && hello.version !== version) location.reload();
  version = hello.version;
  const title = hello.title === '' ? location.host : hello.title;
  setText(byId('title', HTMLElement), title);
  document.title = `rtvm: ${title}`;
  model.beginAnew();
}

let first = true;

function showLiveness(liveness: Liveness): void {
  const element = byId('live', HTMLElement);
  setAttribute(element, 'data-kind', liveness.kind);
  const words = { connecting: () => 'Connecting…', live: () => 'Live', stale: (since: Date) => `Not live: as of ${since.toLocaleTimeString('en-GB')}` };
  setText(byId('live-text', HTMLElement), liveness.kind === 'stale' ? words.stale(liveness.since) : words[liveness.kind]());
  setAttribute(element, 'title', liveness.kind === 'stale' ? liveness.why : undefined);
  document.body.classList.toggle('stale', liveness.kind === 'stale');
  if (liveness.kind === 'live' && first) {
    first = false;
    document.body.classList.remove('loading');
    // What the address names may not have been there before.
    draw();
    follow();
  }
}

search.addEventListener('input', runSearch);
byId('nodes', HTMLElement).addEventListener('click', ({ target }) => {
  const name = target instanceof Element ? target.closest<HTMLElement>('.node-name')?.dataset['node'] : undefined;
  if (name !== undefined) choose({ kind: 'node', name });
});
byId('nodes', HTMLElement).addEventListener('choosevm', (event) => choose({ kind: 'vm', name: (event as CustomEvent<string>).detail }));
for (const size of ['large', 'small'] as const) sizes[size].addEventListener('change', () => grid.wantSize(size));
window.addEventListener('popstate', follow);
document.addEventListener('keydown', (event) => {
  const typing = event.target instanceof HTMLInputElement && event.target.type === 'search';
  if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    search.focus();
  } else if (event.key === 'Escape' && chosen !== undefined && !typing) choose(undefined);
});

connect({
  hello: showHello,
  change: (change) => noteChanged(model.apply(change)),
  sight: ({ complete }) => {
    if (complete) noteChanged(model.allTold());
  },
  liveness: showLiveness,
});
