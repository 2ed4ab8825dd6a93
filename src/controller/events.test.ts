import { describe, expect, it } from 'vitest';
import type { RealtimeVmStatus } from '../crds/realtime-vm-status.ts';
import { eventsOf } from './events.ts';

type Status = 'True' | 'False' | 'Unknown';

function status(phase: RealtimeVmStatus['phase'], conditions: Readonly<Record<string, readonly [Status, string, string?]>>, cpus?: string): RealtimeVmStatus {
  return {
    phase,
    ...(cpus === undefined ? {} : { cpus }),
    conditions: Object.entries(conditions).map(([type, [state, reason, message = 'why']]) => ({ type, status: state, reason, message, lastTransitionTime: '2026-01-01T00:00:00Z' })),
  };
}

const placed = status('Placed', { Placed: ['True', 'Placed', 'on n1'] }, '2-3');
const full = status('Pending', { Placed: ['False', 'TooFewDedicatedCpus', '1 host: 0 free'] });
const failed = status('Failed', { Placed: ['True', 'Placed'], Stalled: ['True', 'FifoRefused', 'no FIFO'] });

describe('eventsOf', () => {
  it.each<[string, RealtimeVmStatus | undefined, RealtimeVmStatus, readonly object[]]>([
    ['a VM is placed', undefined, placed, [{ type: 'Normal', reason: 'Placed', message: 'on n1, pCPUs 2-3' }]],
    ['it is told once', placed, placed, []],
    ['it fits nowhere', undefined, full, [{ type: 'Warning', reason: 'FailedPlacement', message: '1 host: 0 free' }]],
    ['it still fits nowhere, by other figures', full, status('Pending', { Placed: ['False', 'TooFewDedicatedCpus', '2 hosts: 0 free'] }), []],
    ['it fits nowhere for another reason', full, status('Pending', { Placed: ['False', 'TooFewHugepages', 'no pages'] }), [{ type: 'Warning', reason: 'FailedPlacement', message: 'no pages' }]],
    ['it is halted', placed, status('Stopped', { Placed: ['False', 'Halted'] }), []],
    ['its node has not told yet whether it runs', undefined, status('Pending', { Placed: ['False', 'NodeNotHeard'] }), []],
    ['a restore is open', undefined, status('Pending', { Placed: ['False', 'RestoreOpen'] }), []],
    ['an earlier domain of its name runs', undefined, status('Pending', { Placed: ['False', 'OldDomainRuns', 'end it'] }), [{ type: 'Warning', reason: 'FailedPlacement', message: 'end it' }]],
    ['its spec is wrong', undefined, status('Failed', { Accepted: ['False', 'Invalid', 'spec.cpu: no'], Stalled: ['True', 'Invalid'] }), [{ type: 'Warning', reason: 'Invalid', message: 'spec.cpu: no' }]],
    ['it does not start', placed, failed, [{ type: 'Warning', reason: 'StartFailed', message: 'no FIFO' }]],
    ['it does not start again', failed, failed, []],
    ['it is not verified', placed, status('Running', { Placed: ['True', 'Placed'], RealtimeVerified: ['False', 'DriftPersists', 'CPU 1/KVM'] }), [{ type: 'Warning', reason: 'NotVerified', message: 'CPU 1/KVM' }]],
    ['its node is silent', placed, status('Unknown', { Placed: ['True', 'Placed'], Ready: ['Unknown', 'NodeLost', 'no Lease'] }), [{ type: 'Warning', reason: 'NodeLost', message: 'no Lease' }]],
    ['its agent has just begun', placed, status('Unknown', { Placed: ['True', 'Placed'], Ready: ['Unknown', 'NotSeen', 'not yet'] }), []],
    ['its node is drained', placed, status('Stopping', { Placed: ['True', 'Placed'], Running: ['False', 'Drained', 'drain'] }), [{ type: 'Normal', reason: 'Drained', message: 'drain' }]],
    ['its agent is too old to free what it held', placed, status('Stopped', { Placed: ['True', 'Placed'], Stalled: ['True', 'AgentTooOld', 'upgrade'] }), [{ type: 'Warning', reason: 'AgentTooOld', message: 'upgrade' }]],
    ['its spec has changed', placed, status('Running', { Placed: ['True', 'Placed'], RestartRequired: ['True', 'SpecChanged', 'restart it'] }), [{ type: 'Normal', reason: 'RestartRequired', message: 'restart it' }]],
  ])('%s', (_, before, after, events) => {
    expect(eventsOf(before, after)).toEqual(events);
  });
});
