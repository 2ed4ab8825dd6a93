/** Decides the agent's next step for one guest from what is wanted and what is: pure, so that every case is in one table. */
import type { RunStrategy } from '../realtime/spec.ts';
import type { DomainEnd, DomainRunState } from './hypervisor.ts';

export interface Situation {
  /** What the allocation asks for. */
  readonly desired: 'Running' | 'Stopped' | 'Removed';
  readonly domain: DomainRunState | 'absent';
  readonly end?: DomainEnd | undefined;
  readonly runStrategy: RunStrategy;
  /** The domain that is there was made before a person asked for a restart. */
  readonly restart?: boolean | undefined;
  /** It has run since it was placed, so that it is off means that it ended. */
  readonly hasRun: boolean;
  /** Until when it has time to switch off, where it was asked to. */
  readonly graceEndsMs?: number | undefined;
  /** Not to be started before this, after it failed or ended. */
  readonly retryAtMs?: number | undefined;
  readonly nowMs: number;
}

export type Step =
  | { readonly do: 'start' }
  | { readonly do: 'audit' }
  | { readonly do: 'requestShutdown' }
  | { readonly do: 'destroy' }
  /** Undefine it and remove its disks; `keepNodeLocal` where the VM itself lives on. */
  | { readonly do: 'cleanUp'; readonly keepNodeLocal: boolean }
  | { readonly do: 'wait'; readonly forMs: number; readonly why: 'grace' | 'backoff' | 'changing' }
  | { readonly do: 'report'; readonly what: 'paused' | 'succeeded' | 'ended' };

/** How long to wait for the event that ends a change, should that event be lost. */
const changingCheckMs = 5000;

/** Only `Stopped`, `Removed` and a restart end a domain; a guest that the allocation does not name never comes here. I6. */
export function nextStep(situation: Situation): Step {
  const { desired, domain, restart = false } = situation;
  if (desired !== 'Running') {
    if (domain === 'absent' || domain === 'off') return { do: 'cleanUp', keepNodeLocal: desired === 'Stopped' };
    return endStep(situation);
  }
  if (restart && domain !== 'absent') return domain === 'off' ? { do: 'start' } : endStep(situation);
  switch (domain) {
    case 'running':
      return { do: 'audit' };
    case 'paused':
      return { do: 'report', what: 'paused' };
    case 'changing':
      return { do: 'wait', forMs: changingCheckMs, why: 'changing' };
    case 'off':
    case 'absent':
      return startStep(situation);
  }
}

function endStep({ graceEndsMs, nowMs }: Situation): Step {
  if (graceEndsMs === undefined) return { do: 'requestShutdown' };
  return nowMs < graceEndsMs ? { do: 'wait', forMs: graceEndsMs - nowMs, why: 'grace' } : { do: 'destroy' };
}

function startStep({ runStrategy, hasRun, end, retryAtMs, nowMs }: Situation): Step {
  if (hasRun) {
    switch (runStrategy) {
      case 'Always':
        break;
      case 'RerunOnFailure':
        if (end === 'shutdown') return { do: 'report', what: 'succeeded' };
        break;
      case 'Once':
      case 'Halted':
        return { do: 'report', what: end === 'shutdown' ? 'succeeded' : 'ended' };
    }
  }
  return retryAtMs !== undefined && nowMs < retryAtMs ? { do: 'wait', forMs: retryAtMs - nowMs, why: 'backoff' } : { do: 'start' };
}
