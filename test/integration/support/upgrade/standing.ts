// What a VM's status says, without what may differ between two versions: times, sentences, generations.

export interface Standing {
  readonly phase: string | undefined;
  readonly boundTo: string | undefined;
  readonly cpus: string | undefined;
  readonly placement: unknown;
  readonly domain: unknown;
  /** `Ready True RunningVerified`: reasons are words that programs go by. */
  readonly conditions: readonly string[];
}

/** By VM. */
export type Standings = Readonly<Record<string, Standing>>;

interface Status extends Partial<Omit<Standing, 'conditions'>> {
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string }[];
}

export function standingOf({ status = {} }: { readonly status?: Status }): Standing {
  const { phase, boundTo, cpus, placement, domain, conditions = [] } = status;
  const told = conditions.map(({ type, status: holds, reason }) => `${type} ${holds} ${reason}`).toSorted();
  return { phase, boundTo, cpus, placement, domain, conditions: told };
}
