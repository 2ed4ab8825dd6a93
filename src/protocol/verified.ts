/** When a VM may be called verified: pure, and the only place that says so. */
import type { Run, StatedDomain, Statement } from './facts.ts';

export interface VerifiedSituation {
  readonly run: Run | undefined;
  /** Name of the grant that the table of the run's node holds for the VM. */
  readonly entry: string | undefined;
  readonly fenced: boolean;
  readonly statement: Pick<Statement, 'session' | 'number' | 'wentBack'>
    & { readonly domains: readonly Pick<StatedDomain, 'grant' | 'verdict'>[] } | undefined;
  /**
   * The agent's Lease: its session and the number of its last statement when it renewed, and whether it was seen to
   * be renewed
   * within its duration, by the leader's clock.
   */
  readonly lease: { readonly session: string; readonly statement: number; readonly alive: boolean } | undefined;
}

/** The first thing that is missing; undefined: it is verified. */
export type NotVerified =
  'NotOpen' | 'OtherEntry' | 'NodeSilent' | 'NotSeen' | 'NotRunning' | 'Violated' | 'NotAudited';

/**
 * No code makes a grant of two sources, and the verdict is about the domain's own grant: so the three names agree
 * only where
 * the threads that were read are those of what the VM holds.
 */
export function whyNotVerified({ run, entry, fenced, statement, lease }: VerifiedSituation): NotVerified | undefined {
  if (run?.state !== 'Open') return 'NotOpen';
  if (entry !== run.grant || fenced) return 'OtherEntry';
  if (lease?.alive !== true) return 'NodeSilent';
  // An agent renews with its session only after its first look: what an agent before it has said is said no more.
  if (statement === undefined || statement.session !== lease.session || statement.wentBack !== 'No') return 'NotSeen';
  // One that a restore has put back is older than the Lease that was renewed since.
  if (statement.number < lease.statement) return 'NotSeen';
  const domain = statement.domains.find(({ grant }) => grant === run.grant);
  if (domain === undefined) return 'NotRunning';
  switch (domain.verdict) {
    case 'Verified':
      return undefined;
    case 'Violated':
      return 'Violated';
    case 'Unknown':
      return 'NotAudited';
  }
}
