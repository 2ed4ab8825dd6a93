/**
 * Makes one of several processes the leader, by a Lease.
 *
 * Nobody compares clocks. The holder counts from the moment before it sent the renewal that succeeded; the others count from the moment
 * at which they saw the Lease change, which is later. The holder stops `durationMs - renewDeadlineMs` before anybody may take over.
 */
import { isAbort } from '../../runtime/abort.ts';
import type { Clock } from '../../runtime/clock.ts';
import { machineClock } from '../../runtime/clock.ts';
import { Deadline } from '../../runtime/deadline.ts';
import { machineRandom } from '../../runtime/random.ts';
import type { Random } from '../../runtime/random.ts';
import type { ClusterStore } from '../cluster-store.ts';
import { isStoreError } from '../errors.ts';
import type { ForeignDraft, Lease, LeaseSpec } from '../foreign.ts';
import type { ObjectKey } from '../resource.ts';
import { acquired, released, renewed } from './lease-record.ts';
import { NotLeaderError } from './leadership.ts';
import type { Leadership } from './leadership.ts';
import { Term } from './leadership-term.ts';

export interface LeaderElectionOptions {
  /** Not a guarded view: the lease itself is written before there is a term to guard. */
  readonly cluster: ClusterStore;
  readonly lease: ObjectKey & { readonly namespace: string };
  /** Unique to this process: host name and a random part, since a restarted process is another one. */
  readonly identity: string;
  /** How long others wait after the last change that they saw. Default 15 s. */
  readonly durationMs?: number | undefined;
  /** How long after a renewal was sent the term goes on without the next. Default 10 s; less than durationMs. */
  readonly renewDeadlineMs?: number | undefined;
  /** Between attempts to acquire and between renewals. Default 2 s; up to a fifth more at random. */
  readonly retryMs?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  /** For the log: who leads now, and what went wrong with the lease. */
  readonly onChange?: ((change: LeadershipChange) => void) | undefined;
}

export type LeadershipChange =
  | { readonly type: 'leading' }
  | { readonly type: 'following'; readonly leader: string }
  | { readonly type: 'lost'; readonly reason: NotLeaderError }
  | { readonly type: 'failed'; readonly error: unknown };

const retryJitter = 0.2;

/** Rises with each renewal: a lower one is of a store that went back. */
export const countAnnotation = 'rtvm.dev/count';
/** Controllers that are restarted, or a node that is, are back before that. */
const longPastMs = 300_000;

/** A lease of somebody else, and when we saw it change. */
interface Observation {
  readonly resourceVersion: string;
  readonly seenAtMs: number;
}

export class LeaderElection {
  readonly #options: Required<Pick<LeaderElectionOptions, 'durationMs' | 'renewDeadlineMs' | 'retryMs' | 'clock' | 'random' | 'onChange'>> & LeaderElectionOptions;
  #observed: Observation | undefined;
  #leader: string | undefined;
  /** As last read or written. */
  #count = 0;
  /** Version of a lease of another with a lower count than was read before. */
  #lowerSeen: string | undefined;
  #wentBack: () => void = () => undefined;
  #noticed: Leadership['noticed'];

  constructor(options: LeaderElectionOptions) {
    const { durationMs = 15_000, renewDeadlineMs = 10_000, retryMs = 2_000 } = options;
    const { clock = machineClock, random = machineRandom, onChange = () => undefined } = options;
    if (renewDeadlineMs >= durationMs || retryMs >= renewDeadlineMs) {
      throw new RangeError(`leader election needs retryMs < renewDeadlineMs < durationMs, found ${retryMs}, ${renewDeadlineMs}, ${durationMs}`);
    }
    this.#options = { ...options, durationMs, renewDeadlineMs, retryMs, clock, random, onChange };
  }

  /**
   * Stands for election until the signal aborts; calls `onStartedLeading` once for each term, and waits for it to end before it stands
   * again. Aborted in a term, it gives the lease back when the work has ended.
   * @throws what `onStartedLeading` throws; the lease is given back first.
   */
  async run(signal: AbortSignal, onStartedLeading: (leadership: Leadership) => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      const sentAtMs = this.#options.clock.nowMs();
      const lease = await this.#tryAcquire(signal);
      if (lease === undefined) await this.#pause(signal);
      else await this.#lead(lease, sentAtMs, signal, onStartedLeading);
    }
  }

  async #lead(lease: Lease, sentAtMs: number, signal: AbortSignal, onStartedLeading: (leadership: Leadership) => Promise<void>): Promise<void> {
    const { onChange } = this.#options;
    const term = new Term(lease, sentAtMs, this.#options);
    this.#leader = this.#options.identity;
    onChange({ type: 'leading' });
    const noticed = this.#noticed;
    const work = async () => onStartedLeading({
      signal: AbortSignal.any([signal, term.signal]), guard: () => term.guard(), noticed,
      onWentBack: (listener) => { this.#wentBack = listener; },
    });
    const outcome = work().then(() => undefined, (error: unknown) => ({ error })).finally(() => term.end('the work has ended'));
    // The lease is kept until the work has ended, also while it is being stopped.
    const lost = await this.#keep(term);
    const failure = await outcome;
    if (lost === undefined) await this.#release(term.lease);
    else onChange({ type: 'lost', reason: lost });
    if (failure !== undefined && !((signal.aborted || lost !== undefined) && isExpectedEnd(failure.error))) throw failure.error;
  }

  /** Renews until the term ends. @returns why it was lost, or undefined where it was ended by us. */
  async #keep(term: Term): Promise<NotLeaderError | undefined> {
    while (!term.signal.aborted) {
      await this.#pause(term.signal);
      if (term.isOver()) break;
      await this.#renew(term);
    }
    return term.signal.reason instanceof NotLeaderError ? term.signal.reason : undefined;
  }

  async #renew(term: Term): Promise<void> {
    const { cluster, clock, durationMs, renewDeadlineMs, identity, lease: key, onChange } = this.#options;
    const sentAtMs = clock.nowMs();
    const deadline = new Deadline(clock, term.signal, renewDeadlineMs / 2);
    const timeout = deadline.signal;
    try {
      const { spec = {} } = term.lease;
      const lease = await cluster.updateForeign('Lease', this.#counted({ ...term.lease, spec: renewed(spec, durationMs, clock.date()) }), timeout);
      term.renewed(lease, sentAtMs);
      this.#count = countOf(lease);
    } catch (error) {
      if (term.signal.aborted) return;
      if (!isStoreError(error, 'CONFLICT') && !isStoreError(error, 'NOT_FOUND')) {
        onChange({ type: 'failed', error });
        return;
      }
      // Our own renewal whose answer was lost, a label that somebody added, or a lease that is no longer ours.
      const current = await cluster.getForeign('Lease', key, timeout).catch((failed: unknown) => {
        if (!term.signal.aborted) onChange({ type: 'failed', error: failed });
        return term.lease;
      });
      const holder = current?.spec?.holderIdentity;
      if (current === undefined) term.lose(`the Lease ${key.namespace}/${key.name} was deleted`);
      else if (holder === identity) {
        if (countOf(current) < this.#count) this.#wentBack();
        term.found(current);
      }
      else term.lose(`${holder === undefined || holder === '' ? 'nobody' : holder} holds the Lease ${key.namespace}/${key.name} now`);
    } finally {
      deadline.clear();
    }
  }

  /** @returns the lease, if it is ours now. */
  async #tryAcquire(signal: AbortSignal): Promise<Lease | undefined> {
    const { cluster, clock, lease: key, onChange, renewDeadlineMs } = this.#options;
    const deadline = new Deadline(clock, signal, renewDeadlineMs / 2);
    const timeout = deadline.signal;
    try {
      const current = await cluster.getForeign('Lease', key, timeout);
      if (current !== undefined && !this.#mayTake(current)) return undefined;
      const { identity, durationMs } = this.#options;
      const spec = acquired(current?.spec, identity, durationMs, clock.date());
      this.#noticed = this.#notice(current);
      const lease = current === undefined
        ? await cluster.createForeign('Lease', this.#counted({ metadata: key, spec }), timeout)
        : await cluster.updateForeign('Lease', this.#counted({ ...current, spec }), timeout);
      this.#count = countOf(lease);
      return lease;
    } catch (error) {
      // Somebody else was faster: the next look says who.
      if (!signal.aborted && !isStoreError(error, 'CONFLICT') && !isStoreError(error, 'ALREADY_EXISTS')) onChange({ type: 'failed', error });
      return undefined;
    } finally {
      deadline.clear();
    }
  }

  /** A store that was put back has an older Lease, or one that nobody has renewed for long. */
  #notice(current: Lease | undefined): Leadership['noticed'] {
    if (current === undefined) return this.#count > 0 ? 'wentBack' : undefined;
    // Who holds it then may be long gone; whoever renews it instead has judged it by what it remembers itself.
    const { resourceVersion } = current.metadata;
    if (countOf(current) < this.#count || resourceVersion === this.#lowerSeen) return 'wentBack';
    const renewedAtMs = Date.parse(current.spec?.renewTime ?? '');
    return this.#options.clock.date().getTime() - renewedAtMs > longPastMs ? 'longPast' : undefined;
  }

  /** Goes on from the highest count that this process knows. */
  #counted<Counted extends Lease | ForeignDraft<'Lease'>>(lease: Counted): Counted {
    const { annotations } = lease.metadata;
    const count = Math.max(this.#count, countOf(lease)) + 1;
    return { ...lease, metadata: { ...lease.metadata, annotations: { ...annotations, [countAnnotation]: String(count) } } };
  }

  #mayTake(lease: Lease): boolean {
    const { metadata: { resourceVersion }, spec = {} } = lease;
    const { clock, durationMs, identity, onChange } = this.#options;
    const { holderIdentity: holder = '' } = spec;
    // Ours: from a term whose work has ended, or from an attempt whose answer was lost.
    if (holder === '' || holder === identity) return true;
    if (this.#observed?.resourceVersion !== resourceVersion) {
      this.#observed = { resourceVersion, seenAtMs: clock.nowMs() };
    }
    if (this.#leader !== holder) {
      this.#leader = holder;
      onChange({ type: 'following', leader: holder });
    }
    const isOver = clock.nowMs() - this.#observed.seenAtMs >= waitMs(spec, durationMs);
    // Of one that is about to be taken, what was last seen of it says whether it went back.
    if (!isOver) {
      if (countOf(lease) < this.#count) this.#lowerSeen = resourceVersion;
      this.#count = countOf(lease);
    }
    return isOver;
  }

  /** So that another need not wait. It is taken over in time anyway if this fails. */
  async #release(lease: Lease): Promise<void> {
    const { cluster, clock, identity, lease: key, onChange, retryMs } = this.#options;
    const deadline = new Deadline(clock, undefined, retryMs);
    const giveBack = async (held: Lease) => (
      cluster.updateForeign('Lease', { ...held, spec: released(held.spec ?? {}, clock.date()) }, deadline.signal)
    );
    try {
      await giveBack(lease).catch(async (error: unknown) => {
        // A renewal that we stopped waiting for may have been written.
        const current = isStoreError(error, 'CONFLICT') ? await cluster.getForeign('Lease', key, deadline.signal) : undefined;
        if (current?.spec?.holderIdentity !== identity) throw error;
        await giveBack(current);
      });
    } catch (error) {
      onChange({ type: 'failed', error });
    } finally {
      deadline.clear();
    }
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const { clock, random, retryMs } = this.#options;
    await clock.sleep(retryMs * (1 + retryJitter * random.fraction()), signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}

function countOf({ metadata: { annotations } }: Lease | ForeignDraft<'Lease'>): number {
  const count = annotations?.[countAnnotation];
  return count === undefined || !/^\d{1,15}$/.test(count) ? 0 : Number(count);
}

/** As the holder asked, since it is the holder's renewals that are waited for; without that, as we would. */
function waitMs({ leaseDurationSeconds }: LeaseSpec, durationMs: number): number {
  return leaseDurationSeconds === undefined ? durationMs : leaseDurationSeconds * 1000;
}

/** What work throws when it is told to stop. */
function isExpectedEnd(error: unknown): boolean {
  return isAbort(error) || error instanceof NotLeaderError;
}
