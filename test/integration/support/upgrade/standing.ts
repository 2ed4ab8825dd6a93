// What a VM's status says, without what differs between two versions that both say it well: times of transitions, sentences, generations.
import type { KubeVm } from '../kube-objects.ts';

export interface Standing {
  readonly phase: string | undefined;
  readonly boundTo: string | undefined;
  readonly cpus: string | undefined;
  readonly placement: unknown;
  readonly domain: unknown;
  /** `Ready True RunningVerified`: reasons are words that programs go by. */
  readonly conditions: readonly string[];
}

export function standingOf({ status }: Pick<KubeVm, 'status'>): Standing {
  return {
    phase: status?.phase,
    boundTo: status?.boundTo,
    cpus: status?.cpus,
    placement: status?.placement,
    domain: status?.domain,
    conditions: (status?.conditions ?? []).map(({ type, status: holds, reason }) => `${type} ${holds} ${reason}`).toSorted(),
  };
}
