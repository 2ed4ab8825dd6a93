/** Where a VM stands, for people, from what was gathered of it and what its next step is. */
import type { ReportedGuest } from '../crds/realtime-allocation.ts';
import type { VmStep, VmWait } from '../protocol/vm-table.ts';
import { whyNotVerified } from '../protocol/verified.ts';
import type { Stored } from '../store/resource.ts';
import { agentLease } from './agent-lease.ts';
import type { AgentLeaseOptions } from './agent-lease.ts';
import { entryName, reportOn } from './asked.ts';
import type { GuestResolver } from './guest-resolver.ts';
import { outOfServiceTaint } from './node-facts.ts';
import type { NodeJudge } from './node-judge.ts';
import type { Gathered } from './vm-gatherer.ts';
import type { UnknownBecause, VmStanding } from './vm-report.ts';

type Vm = Stored<'RealtimeVM'>;
type Placed = Extract<VmStanding, { kind: 'placed' }>;

export interface VmStandingsOptions extends AgentLeaseOptions {
  readonly judge: NodeJudge;
  readonly resolver: Pick<GuestResolver, 'restartRequired'>;
  /** How long the agent's session is so new still that its Lease need not name it yet. */
  readonly isNewForMs: (nodeName: string) => number;
}

export class VmStandings {
  readonly #options: VmStandingsOptions;

  constructor(options: VmStandingsOptions) {
    this.#options = options;
  }

  /** @returns how long it is too early to say, in ms, or where it stands. */
  of(vm: Vm, gathered: Gathered, step: Extract<VmStep, { do: 'wait' | 'done' }>): VmStanding | number {
    const standing = this.#of(vm, gathered, step);
    const isNotSeen = standing.kind === 'placed' && standing.unknown?.reason === 'NotSeen';
    const newForMs = isNotSeen ? this.#options.isNewForMs(vm.status?.run?.node ?? '') : 0;
    return newForMs > 0 ? newForMs : standing;
  }

  #of(vm: Vm, gathered: Gathered, step: Extract<VmStep, { do: 'wait' | 'done' }>): VmStanding {
    const { run } = vm.status ?? {};
    if (step.do === 'done') {
      return step.as === 'Halted' && gathered.entry === undefined ? { kind: 'halted' } : this.#placed(vm, gathered) ?? { kind: 'halted' };
    }
    if (step.why === 'Unplaced') {
      const candidate = gathered.candidate();
      return candidate.kind === 'placed' ? unplaced('Unplaced', 'it is placed when its last node has answered') : candidate;
    }
    if (step.why === 'RunsTwice') return { kind: 'contradictory', reason: 'RunsTwice', message: this.#runsTwice(vm, gathered) };
    // What it holds it holds, whatever is waited for.
    const placed = run?.state === 'Open' || step.why === 'Removing' ? this.#placed(vm, gathered) : undefined;
    return placed ?? unplaced(step.why, this.#message(vm, gathered, step.why));
  }

  #placed(vm: Vm, { entry, drains }: Gathered): Placed | undefined {
    const { judge, resolver } = this.#options;
    const { run } = vm.status ?? {};
    if (entry === undefined || run === undefined) return undefined;
    const report = reportOn(entry, judge.reportOf(run.node, vm.metadata.uid));
    const { unknown, believed } = this.#known(vm, entry, report);
    return {
      kind: 'placed', entry, report: believed, unknown, drains,
      restartRequired: resolver.restartRequired(vm, entry),
    };
  }

  /** What is said to hold is what the agent has seen since it began, of the very grant that the run names. I2. */
  #known(
    vm: Vm, entry: NonNullable<Gathered['entry']>, report: ReportedGuest | undefined,
  ): { readonly unknown: UnknownBecause | undefined; readonly believed: ReportedGuest | undefined } {
    const { judge } = this.#options;
    const { run } = vm.status ?? {};
    const node = run?.node ?? '';
    const statement = judge.statement(node);
    const why = whyNotVerified({
      run, entry: entryName(entry, judge.reportOf(node, vm.metadata.uid)), fenced: judge.isFenced(node), statement,
      lease: agentLease(node, statement, this.#options),
    });
    if (!judge.isAlive(node)) return { unknown: lost(node), believed: report };
    if (why === 'NotSeen' || (why === 'NodeSilent' && report !== undefined)) {
      const message = statement === undefined || statement.wentBack === 'No'
        ? `the agent of node ${node} has not looked at it since it began`
        : `the agent of node ${node} knows a later RealtimeAllocation than there is, and no controller has answered that yet`;
      return { unknown: { reason: 'NotSeen', message }, believed: report };
    }
    const isBelieved = why === undefined || why === 'Violated' || report?.phase !== 'Running';
    return { unknown: undefined, believed: isBelieved || why === 'NotAudited' ? report : withoutVerdict(report) };
  }

  #message(vm: Vm, { entry, copies }: Gathered, why: VmWait): string {
    const node = vm.status?.run?.node ?? vm.status?.placement?.nodeName ?? '';
    const [copy] = copies;
    switch (why) {
      case 'OldDomainRuns': {
        const whose = copy?.uid === vm.metadata.uid ? 'this VM' : `an earlier RealtimeVM ${copy?.vm ?? ''}`;
        return `domain ${copy?.unlisted?.domain ?? ''} on node ${copy?.node ?? ''} still runs for ${whose}; end it there ("virsh destroy" and "virsh undefine"), then this one is placed`;
      }
      case 'RestoreOpen':
        return this.#options.judge.restoreIsOpen;
      case 'ClaimsHeld':
        return `its domain runs on node ${node} and holds what the node's RealtimeAllocation gives to another VM; it runs on, and is taken up once that is given to nobody else`;
      case 'NodeNotHeard':
        return `it was to run on node ${node}, whose agent has not told yet whether it does`;
      case 'Removing':
      case 'Ending':
        return `node ${entry?.placement.nodeName ?? node} has not answered yet`;
      case 'TableNotTaken':
      case 'RunsTwice':
      case 'Unplaced':
        return why;
    }
  }

  #runsTwice(vm: Vm, { copies }: Gathered): string {
    const run = vm.status?.run;
    const own = run?.state === 'Open' && this.#options.judge.lives(run.node, run.grant) ? [run.node] : [];
    const nodes = [...own, ...copies.filter(({ uid }) => uid === vm.metadata.uid).map(({ node }) => node)];
    return `it runs more than once: on nodes ${nodes.join(', ')}; nothing is ended by rtvm: end one of them by hand ("virsh destroy" and "virsh undefine")`;
  }
}

function unplaced(reason: string, message: string): VmStanding {
  return { kind: 'unplaced', reason, message };
}

function lost(node: string): UnknownBecause {
  return {
    reason: 'NodeLost',
    message: `the agent of node ${node} has not renewed its Lease; the VM is not placed elsewhere, since it may run still, until a person says that the machine is off: by the taint ${outOfServiceTaint} on its Node, or where there is no Node, "kubectl rtvm fence ${node}"`,
  };
}

/** It runs, and nothing is known of how. */
function withoutVerdict(report: ReportedGuest | undefined): ReportedGuest | undefined {
  if (report === undefined) return undefined;
  const { audit: _, ...rest } = report;
  return { ...rest, phase: 'Unknown', reason: 'OtherGrant' };
}
