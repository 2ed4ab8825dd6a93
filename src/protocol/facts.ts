/**
 * The facts that the protocol is about: each is written by one writer, into one object, by compare-and-swap.
 *
 * One lock per promise: the VM's `run` for "runs once", the node's table for "given once", the host itself for
 * "never beside
 * another". All else is a report of one of these three.
 */

/**
 * A guest and its placement on one node as one thing: made once by a controller, never changed, and held by the
 * table's entry
 * and by the domain's metadata in the same bytes. Another spec, another place or another start after an end is
 * another grant.
 */
export interface Grant<Claims> {
  /** A hash of the bytes, of which some are random: who has the name has the bytes, and nobody makes it twice. */
  readonly name: string;
  /** UID of the RealtimeVM. */
  readonly uid: string;
  readonly node: string;
  /** CPUs, pages, devices and disks that it takes of the node. */
  readonly claims: Claims;
  /** The bytes. */
  readonly content: string;
}

/** Of a RealtimeVM, in its status: the one lock for "runs once". Controller. */
export interface Run {
  /** Rises by one at each change: one that is lower than remembered is from a store that went back. */
  readonly count: number;
  /** Name of the grant. */
  readonly grant: string;
  readonly node: string;
  readonly state: 'Open' | 'Closed';
}

/** Goes forward only, for one grant: a stop is never taken back, so no answer to it can be out of date. */
export type Desired = 'Running' | 'Stopped' | 'Removed';

export interface Entry<Claims> {
  readonly grant: Grant<Claims>;
  readonly desired: Desired;
}

/** Of a node: what it gives to whom; the one lock for "given once". Controller. */
export interface NodeTable<Claims> {
  /** Its `metadata.generation`, which the store itself raises at each change of the spec, whoever makes it. */
  readonly count: number;
  readonly seal: Seal;
  /** The restore that it was last sealed for: what the agent remembered before was judged in it. */
  readonly restore?: string;
  /** The agent's session that may start and stop guests; absent: none may. */
  readonly session?: string;
  /** Grants of domains that were found in a restore and whose VMs are gone: kept until a person ends them. */
  readonly kept: readonly string[];
  /** A person has given the node up: what it held may run elsewhere. */
  readonly fenced: boolean;
  readonly entries: readonly Entry<Claims>[];
}

/**
 * Written anew at each takeover, fence and restore, always together with taking the session away. Writes that were
 * decided
 * before then fail, and a statement that repeats it was made after the agent had read it: nothing is under way any
 * more.
 */
export interface Seal {
  /** Of the controller that leads; random. */
  readonly term: string;
  /** Tells apart what one term has sealed more than once. */
  readonly round: number;
}

/** What the agent saw at one look, written over the very version of the table that it had read. Agent. */
export interface Statement<Claims = unknown> {
  /** Random; a new one for each process, and whenever the table is gone, another one, or has gone back. */
  readonly session: string;
  /** Rises by one at each statement of a session; the agent's Lease names the last. */
  readonly number: number;
  readonly seal: Seal;
  /**
   * It has read a later version of this table than came after; `BeforeRestore`: before the restore that the table
   * is sealed for.
   */
  readonly wentBack: 'No' | 'Yes' | 'BeforeRestore';
  readonly domains: readonly StatedDomain<Claims>[];
  /** Entries whose end was asked for, and of which nothing lives. */
  readonly answers: readonly { readonly grant: string; readonly desired: Exclude<Desired, 'Running'> }[];
}

/** A domain that lives, is being started, or is switching off. */
export interface StatedDomain<Claims = unknown> {
  readonly grant: string;
  readonly uid: string;
  /** Of the VM that it was made for, as `namespace/name`, where that is known. */
  readonly vm: string | undefined;
  readonly verdict: 'Verified' | 'Violated' | 'Unknown';
  /** Where no entry of the table holds these very bytes. */
  readonly content?: Grant<Claims>;
}

/**
 * What an agent keeps on its host's disk: no restore of the cluster reaches it. Written before a version is acted
 * on.
 */
export interface Note {
  readonly tableUid: string;
  readonly count: number;
  readonly seal: Seal;
  /** The last restore that this table was sealed for. */
  readonly restore?: string;
  /**
   * A later version was read before: what the table's `restore` was when that was noticed. Stated until a session
   * is opened.
   */
  readonly wentBack?: { readonly under: string | undefined };
}

/** Of the leader: its Lease. */
export interface Leadership {
  /** Rises by one at each renewal. */
  readonly count: number;
  readonly term: string;
  readonly restore?: Restore;
}

export interface Restore {
  readonly id: string;
  /**
   * `suspected`: nobody remembers, and the last leader's Lease is long past; it ends by itself where all answer and
   * agree.
   */
  readonly kind: 'suspected' | 'found';
  /** A person's word, and the nodes of which it says that they are off: what those have said counts no more. */
  readonly accepted?: { readonly off: readonly string[] };
}

/** What a person says that no machine can know. */
export type Word =
  /** The machine is off: the out-of-service taint, or where there is no Node any more a word on the RealtimeNode. */
  | { readonly kind: 'fence'; readonly node: string }
  | { readonly kind: 'acceptRestore'; readonly restore: string }
  | { readonly kind: 'deleteVm'; readonly uid: string }
  | { readonly kind: 'halt'; readonly uid: string }
  | { readonly kind: 'restart'; readonly uid: string };

/** Whether two claims take something twice. */
export type Overlaps<Claims> = (one: Claims, other: Claims) => boolean;

/** The first of those held that the claims would take a second time. */
export function firstOverlap<Claims, Held extends { readonly claims: Claims }>(
  claims: Claims, held: Iterable<Held>, overlaps: Overlaps<Claims>,
): Held | undefined {
  for (const one of held) if (overlaps(claims, one.claims)) return one;
  return undefined;
}

export function sameSeal(one: Seal | undefined, other: Seal | undefined): boolean {
  return one !== undefined && other !== undefined
    && one.term === other.term && one.round === other.round;
}
