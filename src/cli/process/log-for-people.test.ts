import { expect, it } from 'vitest';
import { StoreError } from '../../store/errors.ts';
import type { LogFields } from '../../runtime/log.ts';
import { formatLogForPeople } from './log-for-people.ts';

it.each<[string, LogFields, string]>([
  ['libvirt connection lost', { node: 'n1', error: new Error('it closed the connection') }, 'libvirt connection lost: it closed the connection'],
  ['guest reconcile failed; retrying', { node: 'n1', vm: 'default/a', retryInMs: 200, error: new StoreError('UNAVAILABLE', 'away') }, 'default/a: guest reconcile failed; retrying (in 200 ms): away'],
  ['guest reconcile failed; retrying', { uid: '1-2', retryInMs: 200, error: 'no' }, 'guest reconcile failed; retrying (VM 1-2, in 200 ms): no'],
  ['report not written; retrying', { report: 'checks', retryInMs: 100, error: new TypeError() }, 'report not written; retrying (report of checks, in 100 ms): TypeError'],
  ['guest did not start', { vm: 'default/a', request: 'r', phase: 'Failed', reason: 'KvmUnavailable', detail: 'KVM is not usable (no): load it', error: new Error('no') }, 'default/a: guest did not start (KvmUnavailable): KVM is not usable (no): load it'],
  ['correcting threads', { vm: 'default/a', domain: 'd', findings: ['CPU 1/KVM: is OTHER', 'qemu: may run on 1'] }, 'default/a: correcting threads (domain d): CPU 1/KVM: is OTHER; qemu: may run on 1'],
  ['domain of somebody', { domain: 'd', cpus: '1-2', remedy: 'pin it elsewhere' }, 'domain of somebody (domain d, pCPUs 1-2): pin it elsewhere'],
  ['RealtimeNode cannot be used', { node: 'n1', problems: ['spec.a: no', 'spec.b: no'] }, 'RealtimeNode cannot be used: spec.a: no; spec.b: no'],
  ['event not recorded', { vm: 'default/a', reason: 'Placed', error: new Error('full') }, 'default/a: event not recorded (Placed): full'],
  ['past requests cannot be read', { file: 'wishes.json', detail: 'it matters', error: new SyntaxError('at 3') }, 'past requests cannot be read (wishes.json): it matters: at 3'],
  ['agents did not report', { nodes: ['n1', 'n2'] }, 'agents did not report (nodes n1 n2)'],
  ['did not switch off', { vm: 'default/a', domain: 'd', gracePeriodSeconds: 30 }, 'default/a: did not switch off (domain d, 30 s)'],
  ['agent started', { pid: 1 }, 'agent started'],
  ['no', { detail: 'a\r\nrtvm: all is well', error: new Error('b\n\n  c') }, 'no: a rtvm: all is well: b c'],
])('%s, for a person', (message, fields, expected) => {
  expect(formatLogForPeople({ level: 'warn', message, fields })).toBe(expected);
});
