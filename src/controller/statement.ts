/** What a node's agent states in the status of its table, as the protocol's tables ask for it. */
import type { AllocationStatus, UnlistedDomain } from '../crds/realtime-allocation.ts';
import { grantNameBefore } from '../crds/grant.ts';
import type { StatedDomain as Stated, Statement } from '../protocol/facts.ts';
import { parseSeal } from '../protocol/seal.ts';
import { objectKey } from '../runtime/object-key.ts';
import type { Stored } from '../store/resource.ts';

/** A domain that lives, is being started, or is switching off. */
export interface StatedDomain {
  /** Name of its grant. */
  readonly grant: string;
  /** Of the VM that it was made for; its name where that is known. */
  readonly uid: string;
  readonly vm: string | undefined;
  readonly verdict: Stated['verdict'];
  /** Where no entry has its grant: all that it says of it. */
  readonly unlisted: UnlistedDomain | undefined;
}

export interface NodeStatement extends Pick<Statement, 'session' | 'number' | 'wentBack'> {
  /** The seal that it answers, as it is written; absent from an agent of an earlier version. */
  readonly term: string | undefined;
  readonly domains: readonly StatedDomain[];
}

type Table = Stored<'RealtimeAllocation'>;

/** What is read never changes, and is asked for by each VM of the node. */
const statements = new WeakMap<Table, NodeStatement>();

/** Undefined where nobody has stated anything. */
export function statementOf(table: Table): NodeStatement | undefined {
  const { status } = table;
  if (status === undefined) return undefined;
  let statement = statements.get(table);
  if (statement === undefined) statements.set(table, statement = read(table, status));
  return statement;
}

function read({ spec }: Table, status: AllocationStatus): NodeStatement {
  const names = new Map(spec.guests.map(({ vm }) => [vm.uid, objectKey(vm)]));
  const { session = '', number = 0, wentBack = 'No', term, unlisted = [] } = status;
  const isOld = status.session === undefined;
  const entries = new Map(spec.guests.map(({ vm, grant }) => [vm.uid, grant?.name]));
  // One of an earlier version knows no grants: it speaks of the entry, whose placement it has found in the domain.
  const unnamed = (uid: string) => (isOld ? entries.get(uid) : undefined) ?? grantNameBefore(uid);
  return {
    session, number, wentBack, term: term !== undefined && parseSeal(term) !== undefined ? term : undefined,
    domains: [
      ...status.guests.flatMap(({ uid, grant = unnamed(uid), lives, phase, audit }): StatedDomain[] => (
        lives === true || (isOld && phase === 'Running')
          ? [{ grant, uid, vm: names.get(uid), verdict: phase === 'Running' ? audit?.verdict ?? 'Unknown' : 'Unknown', unlisted: undefined }]
          : []
      )).filter(({ uid, grant }) => !unlisted.some((one) => one.vm.uid === uid && one.grant === grant)),
      ...unlisted.map((one): StatedDomain => ({
        grant: one.grant, uid: one.vm.uid, vm: objectKey(one.vm), verdict: 'Unknown', unlisted: one,
      })),
    ],
  };
}
