/** What this controller knows of each node, as the protocol's tables ask for it. @see protocol/node-table.ts */
import type { AllocatedGuest, ReportedGuest } from '../crds/realtime-allocation.ts';
import type { Restore } from '../protocol/facts.ts';
import { isKeptHome, isOverWhileOpen } from '../protocol/node-table.ts';
import type { NodeSituation } from '../protocol/node-table.ts';
import { parseSeal } from '../protocol/seal.ts';
import { contradictsStore, isHeard, takesGuests } from '../protocol/vm-situation.ts';
import type { Home } from '../protocol/vm-situation.ts';
import { objectKey, partsOfKey } from '../runtime/object-key.ts';
import { isDeepStrictEqual } from 'node:util';
import type { Stored } from '../store/resource.ts';
import { entryName, isAnswered } from './asked.ts';
import type { ClusterView } from './cluster-view.ts';
import type { Mirror } from './mirror.ts';
import { hasNodeLocalDisks } from './node-local-disks.ts';
import { isNodeReady, isSaidToBeOff } from './node-facts.ts';
import type { NodeFacts } from './node-facts.ts';
import type { Seals } from './seals.ts';
import { statementOf } from './statement.ts';
import type { NodeStatement, StatedDomain } from './statement.ts';
import { pastNodeOf } from './vm-status.ts';

type Table = Stored<'RealtimeAllocation'>;

export interface NodeJudgeOptions {
  readonly view: Pick<ClusterView, 'tableOf' | 'isGone'>;
  readonly vms: Pick<Mirror<'RealtimeVM'>, 'get'>;
  readonly nodes: Pick<Mirror<'RealtimeNode'>, 'get'>;
  readonly seals: Pick<Seals, 'term' | 'isMine'>;
  readonly restore: () => Restore | undefined;
  /** Whether a write of its table was not answered, and may land still. */
  readonly isUnanswered: (nodeName: string) => boolean;
  /** What a person can do about an open restore. */
  readonly remedy: string;
  /** What the cluster says of a node; undefined without a cluster. */
  readonly factsOf: (nodeName: string) => NodeFacts | undefined;
}

export class NodeJudge {
  readonly #options: NodeJudgeOptions;
  /** Nodes whose statement has agreed with the store since this controller leads. */
  readonly #agreed = new Set<string>();

  constructor(options: NodeJudgeOptions) {
    this.#options = options;
  }

  /** Why nothing is done, for people. */
  get restoreIsOpen(): string {
    return `the data was restored, and nothing is started or stopped before a person has accepted that: ${this.#options.remedy}`;
  }

  hasAgreed(name: string): void {
    this.#agreed.add(name);
  }

  /** There is a table or a RealtimeNode of it. */
  isKnown(name: string): boolean {
    return this.table(name) !== undefined || this.#options.nodes.get({ name }) !== undefined;
  }

  /** As last seen, and not deleted since. */
  table(name: string): Table | undefined {
    const { view } = this.#options;
    return view.isGone(name) ? undefined : view.tableOf(name);
  }

  standing(name: string): Home['table'] {
    const table = this.table(name);
    if (table === undefined) return 'Absent';
    return this.#options.seals.isMine(table.spec.term) ? 'Mine' : 'Foreign';
  }

  statement(name: string): NodeStatement | undefined {
    const table = this.table(name);
    return table === undefined ? undefined : statementOf(table);
  }

  /** The agent has answered the seal, and the open restore's. */
  isHeard(name: string): boolean {
    const { seals, restore } = this.#options;
    const table = this.table(name);
    const [seal, stated] = [table?.spec.term, table?.status?.term].map((text) => (text === undefined ? undefined : parseSeal(text)));
    if (table === undefined || seal === undefined || stated === undefined || this.isAcceptedOff(name)) return false;
    return isHeard({ seal, restore: table.spec.restore }, { seal: stated }, { term: seals.term, restore: restore()?.id });
  }

  /** What is heard of it. */
  domains(name: string): readonly StatedDomain[] {
    return this.isHeard(name) ? this.statement(name)?.domains ?? [] : [];
  }

  lives(name: string, grant: string): boolean {
    return this.domains(name).some((domain) => domain.grant === grant);
  }

  /** The person who accepted the open restore has said that it is off. */
  isAcceptedOff(name: string): boolean {
    return this.#options.restore()?.accepted?.off.includes(name) === true;
  }

  isOpen(name: string): boolean {
    const table = this.table(name);
    return table?.spec.session !== undefined && table.spec.session === table.status?.session;
  }

  isFenced(name: string): boolean {
    return this.table(name)?.spec.fenced === true;
  }

  isAlive(name: string): boolean {
    return this.#options.factsOf(name)?.alive !== false;
  }

  /** A person says that it is off. */
  hasWord(name: string): boolean {
    const facts = this.#options.factsOf(name);
    return facts !== undefined && isSaidToBeOff(this.#options.nodes.get({ name }), facts);
  }

  contradicts(name: string): boolean {
    const statement = this.statement(name);
    if (statement === undefined || !this.isHeard(name)) return false;
    const names = this.#entryNames(name);
    return contradictsStore({
      wentBack: statement.wentBack,
      livesUnnamed: statement.domains.some((domain) => (
        !names.has(domain.grant) && this.isThere(domain) && !this.isOpenRun(domain, domain.grant, name)
          && !this.#isPast(domain, name)
      )),
      restoreIsOpen: this.#options.restore() !== undefined,
    });
  }

  takesGuests(name: string): boolean {
    return !this.contradicts(name) && takesGuests({
      table: this.standing(name), heard: this.isHeard(name), isOpen: this.isOpen(name), fenced: this.isFenced(name),
      word: this.hasWord(name), alive: this.isAlive(name),
    });
  }

  /** For people; undefined where it takes guests, but for what placement knows of it. */
  whyClosed(name: string): string | undefined {
    if (this.standing(name) !== 'Mine') return 'this controller has not taken over its RealtimeAllocation yet';
    if (this.#options.restore() !== undefined) return this.restoreIsOpen;
    if (this.isFenced(name)) return 'a person has said that its machine is off, and its agent has not answered since';
    if (this.hasWord(name)) return 'it carries a person\'s word that its machine is off';
    if (!this.isHeard(name)) return 'its agent has not told yet what runs there';
    if (this.contradicts(name)) {
      return 'its agent tells of domains, or of a later RealtimeAllocation, that no controller has written';
    }
    return this.isOpen(name) ? undefined : 'its agent has just begun, and may not start guests yet';
  }

  situation(name: string): NodeSituation {
    const table = this.table(name);
    const restore = this.#options.restore();
    const facts = this.#options.factsOf(name);
    return {
      table: this.standing(name),
      restoreIsOpen: restore !== undefined,
      sealedForRestore: restore !== undefined && table?.spec.restore === restore.id,
      word: this.hasWord(name),
      lapsed: !this.isAlive(name),
      nodeReady: facts !== undefined && isNodeReady(facts),
      fenced: this.isFenced(name),
      unanswered: this.#options.isUnanswered(name),
      heard: this.isHeard(name),
      isOpen: this.isOpen(name),
      contradicts: this.contradicts(name),
      agreedBefore: this.#agreed.has(name),
      homeless: table === undefined || this.keepsAsStated(name) ? 'AsKept' : 'Otherwise',
      strays: this.#straysOn(name),
    };
  }

  /** Its table keeps the very grants that {@link homelessOn} names. */
  keepsAsStated(name: string): boolean {
    const table = this.table(name);
    return table !== undefined && isDeepStrictEqual(this.homelessOn(name), keptIn(table));
  }

  /** Domains whose VMs are gone: all in a restore, else those that are kept already. Names of their grants, sorted. */
  homelessOn(name: string): readonly string[] {
    const table = this.table(name);
    if (table === undefined) return [];
    const kept = keptIn(table);
    if (!this.isHeard(name)) return kept;
    const names = this.#entryNames(name);
    const isRestore = this.#options.restore() !== undefined;
    return this.domains(name)
      .filter((domain) => !this.isThere(domain) && (isRestore || kept.includes(domain.grant)) && !names.has(domain.grant))
      .map(({ grant }) => grant).sort();
  }

  /** Whether an entry of the table, or its list of what is kept, has the grant. */
  names(name: string, grant: string): boolean {
    const table = this.table(name);
    return table !== undefined && (this.#entryNames(name).has(grant) || keptIn(table).includes(grant));
  }

  /** Entries that stay where what is over is dropped: their VM's open run, what lives, and a binding to the node. */
  staysIn(name: string, entry: AllocatedGuest): boolean {
    if (this.#isRun(name, entry) || this.#isKeptHome(name, entry)) return true;
    if (this.isOpen(name) && !this.isFenced(name) && !this.#isOver(name, entry)) return true;
    return this.statement(name)?.domains.some(({ grant }) => grant === this.#nameOf(name, entry)) === true;
  }

  /** Whether the VM that something names is there, and is that very one. */
  isThere({ uid, vm }: { readonly uid: string; readonly vm: string | undefined }): boolean {
    return vm !== undefined && this.#options.vms.get(partsOfKey(vm))?.metadata.uid === uid;
  }

  isOpenRun({ uid, vm }: { readonly uid: string; readonly vm: string | undefined }, grant: string, name: string): boolean {
    const found = vm === undefined ? undefined : this.#options.vms.get(partsOfKey(vm));
    const run = found?.metadata.uid === uid ? found.status?.run : undefined;
    return run?.state === 'Open' && run.grant === grant && run.node === name;
  }

  /** The VM has no run, and its status names this node: a controller of the version before has dropped the run. */
  #isPast({ vm }: { readonly vm: string | undefined }, name: string): boolean {
    const found = vm === undefined ? undefined : this.#options.vms.get(partsOfKey(vm));
    return found !== undefined && pastNodeOf(found) === name;
  }

  reportOf(name: string, uid: string): ReportedGuest | undefined {
    const table = this.table(name);
    return table === undefined ? undefined : reportsIn(table).get(uid);
  }

  #nameOf(name: string, entry: AllocatedGuest): string {
    return entryName(entry, this.reportOf(name, entry.vm.uid));
  }

  #isRun(name: string, entry: AllocatedGuest): boolean {
    return this.isOpenRun({ uid: entry.vm.uid, vm: objectKey(entry.vm) }, this.#nameOf(name, entry), name);
  }

  #isOver(name: string, entry: AllocatedGuest): boolean {
    const { uid } = entry.vm;
    const run = this.#options.vms.get(entry.vm)?.status?.run;
    const isHere = run === undefined || run.node === name;
    const vm = !this.isThere({ uid, vm: objectKey(entry.vm) }) ? 'Gone' : isHere ? 'Here' : 'Elsewhere';
    return isOverWhileOpen({ vm, answered: isAnswered(entry, this.reportOf(name, uid)) });
  }

  #isKeptHome(name: string, { vm, desired, guest }: AllocatedGuest): boolean {
    const found = this.#options.vms.get(vm);
    if (found?.metadata.uid !== vm.uid || !hasNodeLocalDisks(guest)) return false;
    const { run } = found.status ?? {};
    const isHere = run?.node === name ? 'OpenHere' as const : 'OpenElsewhere' as const;
    return isKeptHome({ desired, run: run?.state === 'Open' ? isHere : 'NotOpen' });
  }

  #entryNames(name: string): ReadonlySet<string> {
    const table = this.table(name);
    return table === undefined ? new Set() : namesIn(table);
  }

  #straysOn(name: string): NodeSituation['strays'] {
    const table = this.table(name);
    if (table === undefined) return 'None';
    const strays = table.spec.guests.filter((entry) => !this.#isRun(name, entry) && !this.#isKeptHome(name, entry));
    const isThere = (entry: AllocatedGuest) => this.isThere({ uid: entry.vm.uid, vm: objectKey(entry.vm) });
    const answered = (entry: AllocatedGuest) => isAnswered(entry, this.reportOf(name, entry.vm.uid));
    if (this.isOpen(name) && !this.isFenced(name)) {
      return strays.some((entry) => this.#isOver(name, entry)) ? 'Over' : 'None';
    }
    const living = new Set(this.statement(name)?.domains.map(({ grant }) => grant));
    if (strays.some((entry) => isThere(entry) && living.has(this.#nameOf(name, entry)))) return 'Live';
    const others = strays.filter((entry) => !living.has(this.#nameOf(name, entry)));
    if (others.some((entry) => entry.desired === 'Removed' && !answered(entry))) return 'Removing';
    return others.length > 0 ? 'Over' : 'None';
  }
}


/** What is read never changes, and is asked for once for each entry. */
const reports = new WeakMap<Table, ReadonlyMap<string, ReportedGuest>>();

function reportsIn(table: Table): ReadonlyMap<string, ReportedGuest> {
  let byUid = reports.get(table);
  if (byUid === undefined) reports.set(table, byUid = new Map(table.status?.guests.map((report) => [report.uid, report])));
  return byUid;
}

const entryNames = new WeakMap<Table, ReadonlySet<string>>();

function namesIn(table: Table): ReadonlySet<string> {
  let names = entryNames.get(table);
  if (names === undefined) {
    const byUid = reportsIn(table);
    entryNames.set(table, names = new Set(table.spec.guests.map((entry) => entryName(entry, byUid.get(entry.vm.uid)))));
  }
  return names;
}

function keptIn({ spec: { kept = [] } }: Table): readonly string[] {
  return [...kept].sort();
}
