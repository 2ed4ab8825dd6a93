/** Holds back the news that a VM was placed until its agent has answered, if that is soon: one write of its status instead of two. */
import type { VmPhase } from '../crds/realtime-vm-status.ts';
import type { Clock } from '../runtime/clock.ts';
import type { VmStanding } from './vm-report.ts';

/** An agent tells a start that takes longer than this while it is under way, so an answer comes by then. */
export const quickAnswerMs = 2000;

export class QuickAnswers {
  readonly #clock: Clock;
  /** When each VM was placed that waits for an answer, by UID. */
  readonly #placedAtMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * How long the news of a VM can wait; 0 where it is to be told now.
   * @param told the phase that its status says: news of a VM that people have seen run are never held back.
   */
  waitMs(uid: string, standing: VmStanding, told: VmPhase | undefined): number {
    const waits = standing.kind === 'placed' && standing.report === undefined && standing.unknown === undefined && (told === undefined || told === 'Pending');
    if (!waits) {
      this.forget(uid);
      return 0;
    }
    const placedAtMs = this.#placedAtMs.get(uid) ?? this.#clock.nowMs();
    this.#placedAtMs.set(uid, placedAtMs);
    return Math.max(0, Math.ceil(placedAtMs + quickAnswerMs - this.#clock.nowMs()));
  }

  forget(uid: string): void {
    this.#placedAtMs.delete(uid);
  }
}
