// States of the kinds beside RealtimeVM: a host and its table by the product's own code, an image and a class as examples have them.
import { fromInventory } from '../../src/crds/from-inventory.ts';
import type { AllocatedGuest } from '../../src/crds/realtime-allocation.ts';
import type { RealtimeNode } from '../../src/crds/realtime-node.ts';
import { asStored, createdAt, entryOf, exampleVm } from './example-guest.ts';
import { reports } from './guest-reports.ts';
import type { Report } from './guest-reports.ts';
import type { Reading } from './vm-states.ts';

const plc = 'plc-vm.yaml';

export interface NodeState {
  /** `HEALTH_WHAT`, as Argo CD names its test data. */
  readonly name: string;
  readonly node: RealtimeNode;
  readonly flux: Reading;
}

export function nodeStates(): readonly NodeState[] {
  const { host } = exampleVm(plc);
  const { status, ...unseen } = fromInventory(host);
  const node = (name: string, more: RealtimeNode['status'] | undefined): RealtimeNode => ({ ...unseen, metadata: { ...unseen.metadata, name }, ...(more === undefined ? {} : { status: more }) });
  const condition = (type: string, holds: boolean, reason: string, message: string) => ({ type, status: holds ? 'True' as const : 'False' as const, reason, message, lastTransitionTime: createdAt });
  const ready = condition('Ready', true, 'AgentReports', 'the agent reports');
  const orphan = { domain: 'rtvm-factory-press-0b6f9b1c', uuid: '0b6f9b1c-64f8-4d0f-a0f4-34d0f3f6f7c2', vm: { namespace: 'factory', name: 'press', uid: '0b6f9b1c-64f8-4d0f-a0f4-34d0f3f6f7c2' }, generation: 1 };
  return [
    { name: 'progressing_no_agent', node: node('no-agent', undefined), flux: 'InProgress' },
    { name: 'healthy_reported', node: node('reported', status), flux: 'Current' },
    { name: 'healthy_ready', node: node('ready', { ...status, conditions: [ready, condition('RealtimeReady', true, 'ChecksPass', 'every host check passes')] }), flux: 'Current' },
    { name: 'healthy_orphan', node: node('orphan', { ...status, orphans: [orphan] }), flux: 'Current' },
    { name: 'degraded_not_ready', node: node('not-ready', { ...status, conditions: [condition('Ready', false, 'LibvirtAway', 'libvirt does not answer')] }), flux: 'Failed' },
    {
      name: 'degraded_agent_silent', flux: 'Failed',
      node: node('agent-silent', {
        ...status, conditions: [ready, condition('AgentAlive', false, 'LeaseLapsed', 'its agent does not renew its Lease')],
      }),
    },
    { name: 'degraded_not_realtime_ready', node: node('not-realtime-ready', { ...status, conditions: [ready, condition('RealtimeReady', false, 'ChecksFail', 'realtime throttling is on')] }), flux: 'Failed' },
  ];
}

/** Tables by name, with Argo CD's `HEALTH_WHAT` as name. */
export function allocationStates(): readonly { readonly name: string; readonly allocation: object }[] {
  const entries = (...names: readonly string[]) => names.map((name, index): AllocatedGuest => {
    const vm = asStored(exampleVm(plc).resource, name);
    return entryOf(plc, { ...vm, metadata: { ...vm.metadata, uid: `00000000-0000-4000-8000-00000000000${index + 1}` } });
  });
  const table = (guests: readonly AllocatedGuest[], ...said: readonly Report[]) => ({
    apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeAllocation', metadata: { name: 'host-a' },
    spec: { guests },
    ...(said.length === 0 ? {} : { status: { guests: said.map((report, index) => ({ uid: guests[index]!.vm.uid, ...report })) } }),
  });
  return [
    { name: 'healthy_empty', allocation: table([]) },
    { name: 'healthy_verified', allocation: table(entries('one', 'two'), reports.verified, reports.verified) },
    { name: 'progressing_untold', allocation: table(entries('one', 'two'), reports.verified) },
    { name: 'degraded_start_failed', allocation: table(entries('one', 'two'), reports.verified, reports.startFailed) },
    { name: 'degraded_not_verified', allocation: table(entries('one'), reports.violated) },
  ];
}
