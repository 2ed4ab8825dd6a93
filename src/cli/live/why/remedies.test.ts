import { expect, it } from 'vitest';
import { liveRemedy } from './remedies.ts';

it.each([
  ['NodeLost', /taint node n1 .*kubectl rtvm fence n1.*Node is absent or not Ready/],
  ['NotSeen', /host-check n1/],
  ['OtherGrant', /kubectl rtvm restart du -n ran/],
  ['AuditLate', /host-check n1/],
  ['BackOff', /kubectl rtvm console du -n ran/],
  ['NotOpen', /lease rtvm-controller/],
  ['NodeNotHeard', /host-check n1/],
  ['RestoreOpen', /^kubectl rtvm restore$/],
  ['RunsTwice', /virsh destroy/],
  ['ClaimsHeld', /halt or delete/],
  ['OldDomainRuns', /virsh destroy/],
])('%s has a remedy', (reason, says) => {
  expect(liveRemedy(reason, 'du -n ran', 'n1')).toMatch(says);
});
