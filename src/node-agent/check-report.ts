/** What host checks say of this node, as its status tells it: each check, and whether guests can be placed and guarantees hold. */
import type { RealtimeNodeStatus } from '../crds/realtime-node-status.ts';
import type { HostCheck } from '../realtime/checks/host-check.ts';

type Conditions = NonNullable<RealtimeNodeStatus['conditions']>;

/** @param before the node's status; what others have said in it stays. */
export function withChecks(before: RealtimeNodeStatus, checks: readonly HostCheck[], now: Date): RealtimeNodeStatus {
  const kvm = checks.find(({ name, result }) => name === 'kvm' && result === 'Fail');
  const failed = checks.filter(({ result }) => result === 'Fail');
  const said = [
    kvm === undefined ? verdict('Ready', 'True', 'HostUsable', 'guests can be placed here') : verdict('Ready', 'False', 'KvmUnavailable', `${kvm.observed}; ${kvm.remedy ?? ''}`),
    failed.length === 0
      ? verdict('RealtimeReady', 'True', 'ChecksPassed', 'no host check has failed')
      : verdict('RealtimeReady', 'False', 'ChecksFailed', failed.map(({ name, observed, remedy }) => `${name}: ${observed}; ${remedy ?? ''}`).join('. ').slice(0, 4096)),
  ];
  const others = before.conditions?.filter(({ type }) => !said.some((one) => one.type === type)) ?? [];
  return { ...before, checks, conditions: [...others, ...said.map((one) => withTime(one, before.conditions, now))] };
}

type Said = Omit<Conditions[number], 'lastTransitionTime'>;

function verdict(type: 'Ready' | 'RealtimeReady', status: Said['status'], reason: string, message: string): Said {
  return { type, status, reason, message };
}

function withTime(said: Said, before: Conditions | undefined, now: Date): Conditions[number] {
  const last = before?.find(({ type }) => type === said.type);
  return { ...said, lastTransitionTime: last?.status === said.status ? last.lastTransitionTime : now.toISOString() };
}
