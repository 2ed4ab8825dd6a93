/** What is known of a restore of the store, from outside of the controllers: pure. */
import { entryName } from '../../controller/asked.ts';
import { restoreIn } from '../../controller/restore-words.ts';
import { statementOf } from '../../controller/statement.ts';
import type { Restore } from '../../protocol/facts.ts';
import { isSeal } from '../../protocol/seal.ts';
import type { Stored } from '../../store/resource.ts';

type Table = Stored<'RealtimeAllocation'>;
type Vm = Stored<'RealtimeVM'>;
type Run = NonNullable<NonNullable<Vm['status']>['run']>;

export interface RestoreSubject {
  /** Of the object that an open restore is written on. */
  readonly annotations: Readonly<Record<string, string>> | undefined;
  readonly nodes: readonly Stored<'RealtimeNode'>[];
  readonly tables: readonly Table[];
  readonly vms: readonly Vm[];
}

export interface AskedNode {
  readonly node: string;
  /** Its agent has answered the seal of this restore. */
  readonly answered: boolean;
  /** The person who accepted it has said that it is off. */
  readonly saidOff: boolean;
}

/** A VM whose run does not say what lives. */
export interface UnsettledVm {
  readonly namespace: string;
  readonly name: string;
  readonly message: string;
}

/** A domain whose VM is gone since the restore. */
export interface KeptDomain {
  readonly node: string;
  readonly grant: string;
  readonly domain: string | undefined;
  readonly vm: string | undefined;
}

export interface RestoreState extends Restore {
  /** By name. */
  readonly nodes: readonly AskedNode[];
  readonly unsettled: readonly UnsettledVm[];
  readonly kept: readonly KeptDomain[];
}

/** Undefined where none is open. */
export function restoreState({ annotations, nodes, tables, vms }: RestoreSubject): RestoreState | undefined {
  const open = restoreIn(annotations);
  if (open === undefined) return undefined;
  const byName = new Map(tables.map((table) => [table.metadata.name, table]));
  const holding = tables.filter(({ spec }) => spec.guests.length > 0 || (spec.kept ?? []).length > 0);
  const names = [...new Set([...nodes, ...holding].map(({ metadata }) => metadata.name))].sort();
  const asked = names.map((node): AskedNode => ({
    node, answered: hasAnswered(byName.get(node), open), saidOff: open.accepted?.off.includes(node) === true,
  }));
  const answered = new Set(asked.flatMap(({ node, answered: has, saidOff }) => (has && !saidOff ? [node] : [])));
  const heard = tables.filter(({ metadata }) => answered.has(metadata.name));
  return {
    ...open, nodes: asked,
    unsettled: vms.flatMap((vm) => {
      const message = whyUnsettled(vm, heard, answered);
      return message === undefined ? [] : [{ namespace: vm.metadata.namespace, name: vm.metadata.name, message }];
    }),
    kept: tables.flatMap(keptOn),
  };
}

/** Which nodes keep it open by their silence. */
export function silentNodes({ nodes }: Pick<RestoreState, 'nodes'>): readonly string[] {
  return nodes.flatMap(({ node, answered, saidOff }) => (answered || saidOff ? [] : [node]));
}

function hasAnswered(table: Table | undefined, { id }: Restore): boolean {
  return table !== undefined && table.spec.restore === id && isSeal(table.spec.term) && table.status?.term === table.spec.term;
}

function whyUnsettled({ metadata: { uid, deletionTimestamp }, status }: Vm, heard: readonly Table[], answered: ReadonlySet<string>): string | undefined {
  const run = status?.run?.state === 'Open' ? status.run : undefined;
  const living = heard.flatMap((table) => (statementOf(table)?.domains ?? []).flatMap((domain) => (
    domain.uid === uid ? [{ node: table.metadata.name, grant: domain.grant }] : []
  )));
  const others = living.filter(({ node, grant }) => node !== run?.node || grant !== run.grant);
  if (living.length > 1) return `it runs more than once: on ${living.map(({ node }) => node).join(', ')}; end one of them by hand`;
  if (others.length > 0) return `it runs on ${others[0]!.node}, which its status.run does not say: it is taken up as it is`;
  if (run === undefined) return undefined;
  if (!answered.has(run.node)) return `it was to run on ${run.node}, which has not answered`;
  const entry = entryOf(run, uid, heard);
  if (deletionTimestamp !== undefined) return entry?.desired === 'Removed' ? undefined : `it is being deleted, and ${run.node} is not asked yet to remove it`;
  if (living.length === 0) return `it was to run on ${run.node}, and does not: that run is closed`;
  return entry?.isRuns === true ? undefined : `it runs on ${run.node}, whose RealtimeAllocation does not say so yet: it is taken up as it is`;
}

function entryOf({ node, grant }: Run, uid: string, heard: readonly Table[]) {
  const table = heard.find(({ metadata }) => metadata.name === node);
  const entry = table?.spec.guests.find(({ vm }) => vm.uid === uid);
  if (entry === undefined) return undefined;
  return { desired: entry.desired, isRuns: entryName(entry, table?.status?.guests.find((report) => report.uid === uid)) === grant };
}

function keptOn({ metadata: { name: node }, spec: { kept = [] }, status }: Table): readonly KeptDomain[] {
  return kept.map((grant) => {
    const stated = status?.unlisted?.find((one) => one.grant === grant);
    return { node, grant, domain: stated?.domain, vm: stated === undefined ? undefined : `${stated.vm.namespace}/${stated.vm.name}` };
  });
}
