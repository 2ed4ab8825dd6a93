/** The events that an agent tells of VMs: what it does or finds itself. What follows from its reports, the controller tells. */
import type { EventDraft } from '../store/event.ts';

export type AgentEventReason = 'RealtimeCorrected' | 'Orphan' | 'CpusTaken' | 'ForeignThreads';

export type AgentEvent = Pick<EventDraft, 'type' | 'message'> & { readonly reason: AgentEventReason };

/** @param what what was found, thread by thread. */
export function correctedEvent(what: string): AgentEvent {
  return { type: 'Warning', reason: 'RealtimeCorrected', message: `its threads were not as they were set, and have been set again: ${what}` };
}

export function orphanEvent(domain: string, nodeName: string): AgentEvent {
  return { type: 'Warning', reason: 'Orphan', message: `domain ${domain} on node ${nodeName} is in no allocation as it is: it is kept, and its CPUs stay taken` };
}

/** @param cpus those of the VM that the domain, which is not ours, is pinned to. */
export function cpusTakenEvent(domain: string, cpus: string): AgentEvent {
  return { type: 'Warning', reason: 'CpusTaken', message: `domain ${domain}, which is not of rtvm, runs pinned to pCPUs ${cpus}, which this VM has to itself: nothing is guaranteed on them while it does` };
}

/** @param what which threads, on which of its pCPUs. */
export function foreignThreadsEvent(what: string): AgentEvent {
  return { type: 'Warning', reason: 'ForeignThreads', message: `threads that are not of rtvm may run on pCPUs that this VM has to itself, where nothing is guaranteed while they do: ${what}`.slice(0, 1024) };
}
