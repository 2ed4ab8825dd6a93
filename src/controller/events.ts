/** The events of a RealtimeVM, all of them, read off the change of its status: what is told once is not told again. Pure. */
import type { RealtimeVmStatus } from '../crds/realtime-vm-status.ts';
import type { EventDraft } from '../store/event.ts';

/** Reasons that programs may rely on. Those of what the agent does itself are in node-agent/agent-events.ts. */
export type VmEventReason =
  | 'Placed' | 'FailedPlacement' | 'Invalid' | 'StartFailed' | 'NotVerified' | 'NodeLost' | 'RestartRequired'
  | 'Drained' | 'AgentTooOld' | 'DoubleBooked' | 'AssertionFailed';

export type VmEvent = Pick<EventDraft, 'type' | 'message'> & { readonly reason: VmEventReason };

type Condition = NonNullable<RealtimeVmStatus['conditions']>[number];

/** Why a VM that nobody has halted is stopped: its node is being drained. */
export const drained = 'Drained';

/** Why a VM that has ended keeps what it holds: its agent does not say enough for it to be given away. */
export const tooOldAgent = 'AgentTooOld';

/** A fault of rtvm itself, of the controller or of the VM's agent, keeps it from looking after the VM. */
export const assertionFailed = 'AssertionFailed';

/** Why a VM has no place without having been refused one: nobody wants it to run, or nobody has looked yet. */
const noFailure: ReadonlySet<string> = new Set(['Halted', 'NodeNotHeard', 'RestoreOpen']);

/** Why a VM is stalled that may have failed before, for another reason. */
const notOfStart: ReadonlySet<string | undefined> = new Set(['Invalid', assertionFailed]);

/** At most one for each condition that has become otherwise; a message alone that changes (fewer CPUs free, say) is no event. */
export function eventsOf(before: RealtimeVmStatus | undefined, after: RealtimeVmStatus): readonly VmEvent[] {
  const is = (type: string, status: Condition['status']) => changedTo(before, after, type, status);
  const warning = (reason: VmEventReason, condition: Condition | undefined): readonly VmEvent[] => (
    condition === undefined ? [] : [{ type: 'Warning', reason, message: condition.message }]
  );
  const placed = is('Placed', 'True');
  const unplaced = is('Placed', 'False');
  const stalled = is('Stalled', 'True');
  const stopping = is('Running', 'False');
  const restart = is('RestartRequired', 'True');
  const doubted = is('Ready', 'Unknown');
  return [
    ...(placed === undefined ? [] : [{ type: 'Normal', reason: 'Placed', message: `${placed.message}${after.cpus === undefined ? '' : `, pCPUs ${after.cpus}`}` } as const]),
    ...(unplaced !== undefined && noFailure.has(unplaced.reason) ? [] : warning('FailedPlacement', unplaced)),
    ...warning('Invalid', is('Accepted', 'False')),
    ...(stalled?.reason === tooOldAgent ? warning('AgentTooOld', stalled) : []),
    ...(stalled?.reason === assertionFailed ? warning(assertionFailed, stalled) : []),
    ...(after.phase === 'Failed' && !notOfStart.has(stalled?.reason) ? warning('StartFailed', stalled) : []),
    ...warning('NotVerified', is('RealtimeVerified', 'False')),
    ...(doubted?.reason === 'NodeLost' ? warning('NodeLost', doubted) : []),
    ...(stopping?.reason === drained ? [{ type: 'Normal', reason: 'Drained', message: stopping.message } as const] : []),
    ...(restart === undefined ? [] : [{ type: 'Normal', reason: 'RestartRequired', message: restart.message } as const]),
  ];
}

/** The condition, if it has this status and had another, or another reason, before. */
function changedTo(before: RealtimeVmStatus | undefined, after: RealtimeVmStatus, type: string, status: Condition['status']): Condition | undefined {
  const [was, is] = [before, after].map((one) => one?.conditions?.find((condition) => condition.type === type));
  return is?.status === status && (was?.status !== status || (status !== 'True' && was.reason !== is.reason)) ? is : undefined;
}
