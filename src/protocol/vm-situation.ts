/** All that the controller's next step for a VM depends on: plain data, gathered from what is known at one moment. */
import type { Desired, Restore, Run, Seal, Statement } from './facts.ts';
import { sameSeal } from './facts.ts';

export interface VmSituation {
  readonly restore: Pick<Restore, 'kind'> | undefined;
  /** Each node's agent has answered the seal of the open restore, or was said to be off when a person accepted it. */
  readonly allHeard: boolean;
  /** A deletion that was observed on the object itself. */
  readonly deleted: boolean;
  readonly finalizer: boolean;
  /** `Halt`: the spec says so, or its node is drained. */
  readonly wish: 'Run' | 'Halt';
  /** A restart or a move was asked for since the grant was made. */
  readonly renew: boolean;
  readonly run: Pick<Run, 'state'> | undefined;
  /**
   * Without a run, and a table has an entry for it: made before this protocol, or a controller of the version before
   * has dropped the run from the VM's status. Or such a one has written the run's entry anew, without its name.
   */
  readonly hasOldEntry: boolean;
  /**
   * Without a run: its status names a node that it was placed on, whose agent has not answered the seal, and of which
   * no person has said that it is off.
   */
  readonly pastIsUnheard: boolean;
  /** It has disks on its run's node: its entry there stays until it is deleted, and it is placed nowhere else. */
  readonly isBound: boolean;
  /** Of the run's node. Undefined only without a run. */
  readonly home: Home | undefined;
  /**
   * Domains that live for this VM, or for an earlier one of its name, and are not its run's: those that are
   * believed. Without a run the node that its status names is believed as the run's would be.
   */
  readonly copies: readonly Copy[];
  /**
   * This controller has made the run's grant, and so has its bytes; nobody else has them before they are in a
   * table.
   */
  readonly made: 'No' | 'Kept' | 'MayBeUnderWay';
  /** Where placement would put it now, among the nodes that take guests. */
  readonly candidate: { readonly node: string; readonly isHome: boolean } | undefined;
}

export interface Home {
  /** `Mine`: sealed by this controller's term, so what was decided before it took over fails there. */
  readonly table: 'Absent' | 'Foreign' | 'Mine';
  readonly heard: boolean;
  /** The person who accepted the restore that is open has said that it is off. */
  readonly acceptedOff: boolean;
  readonly takesGuests: boolean;
  readonly fenced: boolean;
  /** What the run's grant claims, no other entry of the table does, and no other domain that lives there. */
  readonly hasRoom: boolean;
  /** The VM's entry there, whichever grant it has. */
  readonly entry: { readonly isRuns: boolean; readonly desired: Desired; readonly answered: boolean } | undefined;
  /** The statement names the run's own grant as living. */
  readonly lives: boolean;
}

export interface Copy {
  readonly node: string;
  readonly sameVm: boolean;
}

/**
 * The statement was made after the agent had read a seal of this controller, and of the restore that is open: all
 * that the agent
 * had begun before is in it. One that a restore has put back with its seal says nothing.
 */
export function isHeard(
  table: { readonly seal: Seal; readonly restore?: string | undefined },
  statement: Pick<Statement, 'seal'> | undefined,
  leader: { readonly term: string; readonly restore?: string | undefined },
): boolean {
  return table.seal.term === leader.term && (leader.restore === undefined || table.restore === leader.restore)
    && sameSeal(table.seal, statement?.seal);
}

/** A host is reached by no restore: whether what it says is later than the store. */
export function contradictsStore(statement: {
  readonly wentBack: Statement['wentBack'];
  /**
   * A domain lives whose VM is there, and neither its run nor an entry of the table names its grant; nor has the VM no
   * run, and a status that names this node.
   */
  readonly livesUnnamed: boolean;
  readonly restoreIsOpen: boolean;
}): boolean {
  return statement.livesUnnamed || statement.wentBack === 'Yes'
    || (statement.wentBack === 'BeforeRestore' && statement.restoreIsOpen);
}

/** What is opened on a node must be able to start there. */
export function takesGuests(node: {
  readonly table: Home['table']; readonly heard: boolean;
  readonly isOpen: boolean; readonly fenced: boolean; readonly word: boolean; readonly alive: boolean;
}): boolean {
  return node.table === 'Mine' && node.heard && node.isOpen && !node.fenced && !node.word && node.alive;
}

/**
 * Whom a node's word about a VM binds. A node that lies must hold up nobody but itself: what it says of a VM whose
 * run is
 * elsewhere counts only while a restore is open, since only then it can be true; else it makes the node unusable.

 * @param claim nodeIsRuns: or, without a run, the one that the VM's status names. isInTable: an entry, or `kept`, names
 * the grant.
 */
export function isBelieved(claim: {
  readonly restoreIsOpen: boolean; readonly nodeIsRuns: boolean; readonly isInTable: boolean;
}): boolean {
  return claim.restoreIsOpen || claim.nodeIsRuns || claim.isInTable;
}
