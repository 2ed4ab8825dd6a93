/** An event: one thing that happened to an object, told to people. */
import type { ResourceRef } from '../crds/resource.ts';

export interface EventSubject extends ResourceRef {
  readonly uid: string;
}

export interface EventDraft {
  readonly about: EventSubject;
  readonly type: 'Normal' | 'Warning';
  /** Stable, for programs: `RealtimeCorrected`. */
  readonly reason: string;
  readonly message: string;
}

export interface RecordedEvent extends EventDraft {
  /** How often in a row. */
  readonly count: number;
  /** RFC 3339, UTC. */
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
}
