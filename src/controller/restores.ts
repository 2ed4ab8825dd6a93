/**
 * Restores of the store: noticed by what is remembered, ended by a person. While one is open, nothing that existed
 * before is started or stopped. @see protocol/restore-table.ts
 */
import type { Restore } from '../protocol/facts.ts';
import { nextRestoreStep } from '../protocol/restore-table.ts';
import type { RestoreSituation } from '../protocol/restore-table.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Random } from '../runtime/random.ts';

/** Where it is written that one is open: on the leaders' Lease, or on the one node that there is. */
export interface RestoreRecord {
  /** As last read or written. */
  readonly current: Restore | undefined;
  /** Whatever it was before. @throws what the store throws. */
  write(restore: Restore | undefined, signal: AbortSignal): Promise<void>;
}

export interface RestoresOptions {
  readonly record: RestoreRecord;
  readonly random: Random;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly log: Log;
  /** All but what this class knows itself. */
  readonly gather: (restore: Restore | undefined) => Omit<RestoreSituation, 'restore' | 'remembersMore' | 'leaseLongPast'>;
  /** One is open, or is not any more, or is another one. */
  readonly changed: () => void;
  /** Whether one is open, after each look. */
  readonly told: (isOpen: boolean) => void;
  /** What a person can do about an open one. */
  readonly remedy: string;
}

export type RestoreWait = 'NodesNotHeard' | 'NotAccepted' | 'NotSettled';

export class Restores {
  readonly #options: RestoresOptions;
  #remembersMore: string | undefined;
  #isLongPast = false;
  #waitsFor: RestoreWait | undefined;
  #openedAtMs = -Infinity;

  constructor(options: RestoresOptions) {
    this.#options = options;
  }

  get current(): Restore | undefined {
    return this.#options.record.current;
  }

  /** One was noticed and is not open yet: nothing is decided meanwhile. */
  get isNoticed(): boolean {
    return this.#remembersMore !== undefined || (this.#isLongPast && this.current === undefined);
  }

  /** What an open one waits for. */
  get waitsFor(): RestoreWait | undefined {
    return this.#waitsFor;
  }

  /** This process has read a later count than there is now. @param what for people. */
  remembered(what: string): void {
    // All that a restore puts back is read within moments.
    const isSame = this.current !== undefined && this.#options.clock.nowMs() - this.#openedAtMs < sameRestoreMs;
    if (!isSame) this.#remembersMore = what;
  }

  /** Nobody has led for long before this controller. */
  longAway(): void {
    this.#isLongPast = true;
  }

  /** Goes on until nothing is to be done. @returns whether one is open. */
  async step(signal: AbortSignal): Promise<boolean> {
    const { record, gather, log, changed, remedy } = this.#options;
    for (;;) {
      const { current } = record;
      // One that is open already asks everybody.
      if (current !== undefined) this.#isLongPast = false;
      const { row, step } = nextRestoreStep({
        ...gather(current),
        restore: current === undefined ? undefined : { kind: current.kind, accepted: current.accepted !== undefined },
        remembersMore: this.#remembersMore !== undefined, leaseLongPast: this.#isLongPast,
      });
      this.#waitsFor = step.do === 'wait' ? step.why : undefined;
      switch (step.do) {
        case 'openRestore':
          await this.open(step.kind, this.#remembersMore ?? row, signal);
          break;
        case 'confirm':
          if (current !== undefined) await record.write({ ...current, kind: 'found' }, signal);
          log.error('the store was restored: nothing is started or stopped before a person accepts it', {
            restore: current?.id, remedy,
          });
          changed();
          break;
        case 'closeRestore':
          await record.write(undefined, signal);
          log.info('restore of the store is closed', { restore: current?.id });
          changed();
          break;
        case 'wait':
        case 'done':
          this.#options.told(step.do === 'wait');
          return step.do === 'wait';
      }
    }
  }

  /** @param why for people. */
  async open(kind: Restore['kind'], why: string, signal: AbortSignal): Promise<void> {
    const { record, random, log, changed, remedy } = this.#options;
    if (record.current !== undefined && this.#remembersMore === undefined) return;
    const id = random.uuid();
    await record.write({ id, kind }, signal);
    this.#openedAtMs = this.#options.clock.nowMs();
    this.#remembersMore = undefined;
    this.#isLongPast = false;
    if (kind === 'found') {
      log.error('the store was restored: nothing is started or stopped before a person accepts it', { restore: id, detail: why, remedy });
    } else {
      log.warn('no controller was at work for long: all nodes are asked whether the store was restored', { restore: id });
    }
    changed();
  }
}

const sameRestoreMs = 30_000;

export const restoreInCluster = '"kubectl rtvm restore" shows what is known, "kubectl rtvm restore accept" ends it';
export const restoreOnHost = '"rtvm restore" shows what is known, "rtvm restore accept" ends it';
