/**
 * I2 and I3, judged from outside: a VM that says RealtimeVerified=True has been read to be so within two audit
 * intervals and one Lease. Compared are what the API says of it and what its host has. No product code is in it.
 */

type Run = NonNullable<SaidVm['status']>['run'];

/** Two audit intervals, one Lease, and what an agent, a controller and the API need to say so. */
export const longestFalseMs = 120_000;

export interface SaidVm {
  readonly metadata: { readonly uid: string; readonly namespace?: string | undefined; readonly name: string };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly placement?: { readonly nodeName: string } | undefined;
    readonly run?: { readonly grant: string; readonly node: string; readonly state: string } | undefined;
  } | undefined;
}

/** What a node's table gives a VM, by name and by the random part that its domain carries too. */
export interface SeenGrant {
  readonly name: string;
  readonly salt: string;
}

export interface SeenNode {
  readonly domains: readonly SeenDomain[];
  readonly grantOf: (uid: string) => SeenGrant | undefined;
  /** What is said of it is made up, and nobody can know. */
  readonly lies: boolean;
}

export interface SeenThread {
  readonly comm: string;
  readonly policy: string;
  readonly priority: number;
  readonly allowedCpus: { readonly toString: () => string };
}

export interface SeenDomain {
  readonly xml: string;
  readonly run: string;
  readonly process: { readonly threads: readonly SeenThread[] } | undefined;
}

export class Verdicts {
  /** Since when each VM, by UID, has been said to be what it is not. */
  readonly #falseSinceMs = new Map<string, number>();

  /** No controller could have said otherwise: what counts begins again after it. */
  forget(): void {
    this.#falseSinceMs.clear();
  }

  /** @returns a sentence for each VM that has said so for too long. */
  look(
    nowMs: number, vms: Iterable<SaidVm>, nodeOf: (nodeName: string) => SeenNode | undefined,
  ): readonly string[] {
    const seen = new Set<string>();
    const breaches: string[] = [];
    for (const { metadata: { uid, name }, status } of vms) {
      const says = (type: string) =>
        status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;
      if (!says('RealtimeVerified') && !says('Ready')) continue;
      const nodeName = status?.placement?.nodeName ?? '';
      const node = nodeOf(nodeName);
      const wrong = node?.lies === true ? undefined : whatIsWrong(uid, status?.run, node);
      if (wrong === undefined) continue;
      seen.add(uid);
      const sinceMs = this.#falseSinceMs.get(uid) ?? nowMs;
      this.#falseSinceMs.set(uid, sinceMs);
      if (nowMs - sinceMs > longestFalseMs) {
        const seconds = Math.round((nowMs - sinceMs) / 1000);
        breaches.push(`I2: VM ${uid} (${name}) on ${nodeName} says that it is verified for ${seconds} s, and ${wrong}`);
      }
    }
    for (const uid of [...this.#falseSinceMs.keys()]) if (!seen.has(uid)) this.#falseSinceMs.delete(uid);
    return breaches;
  }
}

/** Of the grant that a domain was made with. */
export function saltIn(xml: string): string | undefined {
  return /&quot;salt&quot;:&quot;([^&]+)&quot;/.exec(xml)?.[1];
}

function whatIsWrong(uid: string, run: Run, node: SeenNode | undefined): string | undefined {
  const domain = node?.domains.find(({ xml, run: state }) => state === 'running' && xml.includes(uid));
  if (domain === undefined) return 'no domain of it runs there';
  const grant = node?.grantOf(uid);
  const salt = saltIn(domain.xml);
  if (run?.state !== 'Open' || run.grant !== grant?.name || salt !== grant.salt) {
    return `its domain lives by salt ${salt}, its entry is ${grant?.name}, of salt ${grant?.salt}, its run ${run?.grant} ${run?.state}`;
  }
  for (const { comm, policy, priority, allowedCpus } of domain.process?.threads ?? []) {
    const vcpu = /^CPU (\d+)\/KVM$/.exec(comm)?.[1];
    if (vcpu === undefined) continue;
    const wanted = fifoOf(domain.xml, Number(vcpu));
    const is = policy === 'FIFO' ? priority : undefined;
    if (is !== wanted) {
      return `thread ${comm} is ${policy} ${priority}, and not ${wanted === undefined ? 'OTHER' : `FIFO ${wanted}`}`;
    }
    const pin = new RegExp(`<vcpupin vcpu=.${vcpu}. cpuset=.([^'"]+).`).exec(domain.xml)?.[1];
    if (pin !== undefined && allowedCpus.toString() !== pin) {
      return `thread ${comm} may run on ${allowedCpus.toString()}, and not on ${pin}`;
    }
  }
  return undefined;
}

/** The FIFO priority that the domain's XML gives a vCPU; undefined where it gives none. */
function fifoOf(xml: string, vcpu: number): number | undefined {
  const scheduled = xml.matchAll(/<vcpusched vcpus=.([^'"]+). scheduler=.fifo. priority=.(\d+)./g);
  for (const [, vcpus = '', priority] of scheduled) {
    const listed = vcpus.split(',').some((part) => {
      const [first, last = first] = part.split('-').map(Number);
      return vcpu >= first! && vcpu <= last!;
    });
    if (listed) return Number(priority);
  }
  return undefined;
}
