import { expect, it } from 'vitest';
import type { Stored } from '../../store/resource.ts';
import { outcomeOf } from './outcome.ts';
import type { Outcome } from './outcome.ts';

type Status = NonNullable<Stored<'RealtimeVM'>['status']>;
type Condition = NonNullable<Status['conditions']>[number];

const sinceMs = Date.parse('2026-07-31T12:00:00Z');
const before = '2026-07-31T11:59:59Z';
const after = '2026-07-31T12:00:01Z';

function condition(type: string, status: Condition['status'], reason: string, lastTransitionTime = after): Condition {
  return { type, status, reason, message: `${reason} it is`, lastTransitionTime };
}

const running = condition('Running', 'True', 'Verified');

const table: [string, Status | undefined, Outcome][] = [
  ['without a status', undefined, { kind: 'pending' }],
  ['with the status of an earlier spec', { observedGeneration: 1, phase: 'Running', conditions: [condition('Ready', 'True', 'RunningVerified')] }, { kind: 'pending' }],
  ['that is wrong', { observedGeneration: 2, phase: 'Failed', conditions: [condition('Accepted', 'False', 'Invalid')] }, { kind: 'failed', reason: 'Invalid', message: 'Invalid it is' }],
  ['that fits nowhere', { observedGeneration: 2, phase: 'Pending', conditions: [condition('Placed', 'False', 'TooFewHugepages')] }, { kind: 'failed', reason: 'TooFewHugepages', message: 'TooFewHugepages it is' }],
  ['whose host has not told yet what runs on it', { observedGeneration: 2, phase: 'Pending', conditions: [condition('Placed', 'False', 'HostNotReady')] }, { kind: 'pending' }],
  ['that waits for a restore to be accepted', { observedGeneration: 2, phase: 'Pending', conditions: [condition('Placed', 'False', 'RestoreOpen')] }, { kind: 'pending', message: 'RestoreOpen it is' }],
  ['in whose way an earlier one is', { observedGeneration: 2, phase: 'Pending', conditions: [condition('Placed', 'False', 'OldDomainRuns')] }, { kind: 'failed', reason: 'OldDomainRuns', message: 'OldDomainRuns it is' }],
  ['that could not start', { observedGeneration: 2, phase: 'Failed', conditions: [condition('Stalled', 'True', 'FifoRefused')] }, { kind: 'failed', reason: 'FifoRefused', message: 'FifoRefused it is' }],
  ['that could not start an earlier time', { observedGeneration: 2, phase: 'Failed', conditions: [condition('Stalled', 'True', 'FifoRefused', before)] }, { kind: 'pending' }],
  ['that starts', { observedGeneration: 2, phase: 'Starting', conditions: [condition('Running', 'False', 'Starting')] }, { kind: 'pending' }],
  ['that runs and is not audited yet', { observedGeneration: 2, phase: 'Running', conditions: [running, condition('Ready', 'False', 'NotAudited')] }, { kind: 'pending' }],
  ['that runs as asked for', { observedGeneration: 2, phase: 'Running', conditions: [running, condition('Ready', 'True', 'RunningVerified')] }, { kind: 'ready' }],
  ['that is emulated', { observedGeneration: 2, phase: 'Running', conditions: [condition('Running', 'True', 'Emulated'), condition('Ready', 'False', 'Emulated'), condition('Stalled', 'True', 'Emulated')] }, { kind: 'emulated', message: 'Emulated it is' }],
  ['whose drift is being corrected', { observedGeneration: 2, phase: 'Running', conditions: [condition('Running', 'True', 'Drift'), condition('Ready', 'False', 'NotVerified')] }, { kind: 'pending' }],
  ['whose drift stays', { observedGeneration: 2, phase: 'Running', conditions: [condition('Running', 'True', 'DriftPersists'), condition('Ready', 'False', 'NotVerified')] }, { kind: 'failed', reason: 'NotVerified', message: 'NotVerified it is' }],
  ['that is paused', { observedGeneration: 2, phase: 'Unknown', conditions: [condition('Running', 'False', 'Paused')] }, { kind: 'paused', message: 'Paused it is' }],
  ['that nobody has looked at since an earlier rtvm', { observedGeneration: 2, phase: 'Unknown', conditions: [condition('Running', 'Unknown', 'NotAudited'), condition('Ready', 'Unknown', 'NotAudited')] }, { kind: 'pending' }],
  ['that has ended', { observedGeneration: 2, phase: 'Stopped', conditions: [condition('Running', 'False', 'Succeeded')] }, { kind: 'stopped', message: 'Succeeded it is' }],
  ['that is halted', { observedGeneration: 2, phase: 'Stopped', conditions: [condition('Placed', 'False', 'Halted')] }, { kind: 'stopped', message: 'Halted it is' }],
];

it.each(table)('a VM %s', (_, status, outcome) => {
  const metadata = { name: 'a', namespace: 'default', uid: 'u', resourceVersion: '1', generation: 2, creationTimestamp: before };
  const spec = { memory: { size: '16Mi' } } as Stored<'RealtimeVM'>['spec'];
  expect(outcomeOf({ apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeVM', metadata, spec, ...(status === undefined ? {} : { status }) }, sinceMs)).toEqual(outcome);
});
