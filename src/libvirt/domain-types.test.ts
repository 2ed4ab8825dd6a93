import { expect, it } from 'vitest';
import { domainState, lifecycleChange } from './domain-types.ts';

it.each([
  [1, 1, { state: 'running', reason: 'booted' }],
  [1, 5, { state: 'running', reason: 'unpaused' }],
  [3, 1, { state: 'paused', reason: 'user' }],
  [3, 14, { state: 'paused', reason: 'api-error' }],
  [4, 1, { state: 'shutdown', reason: 'user' }],
  [5, 1, { state: 'shutoff', reason: 'shutdown' }],
  [5, 2, { state: 'shutoff', reason: 'destroyed' }],
  [5, 6, { state: 'shutoff', reason: 'failed' }],
  [6, 1, { state: 'crashed', reason: 'panicked' }],
  [5, 77, { state: 'shutoff', reason: 'unknown(77)' }],
  [42, 7, { state: 'unknown(42)', reason: 'unknown(7)' }],
  [-1, -1, { state: 'unknown(-1)', reason: 'unknown(-1)' }],
])('puts the state %i with reason %i into words', (state, reason, words) => {
  expect(domainState(state, reason)).toEqual(words);
});

it.each([
  [0, 0, { event: 'defined', detail: 'added' }],
  [1, 0, { event: 'undefined', detail: 'removed' }],
  [2, 0, { event: 'started', detail: 'booted' }],
  [3, 2, { event: 'suspended', detail: 'io-error' }],
  [5, 0, { event: 'stopped', detail: 'shutdown' }],
  [5, 1, { event: 'stopped', detail: 'destroyed' }],
  [5, 2, { event: 'stopped', detail: 'crashed' }],
  [5, 5, { event: 'stopped', detail: 'failed' }],
  [6, 1, { event: 'shutdown', detail: 'guest' }],
  [8, 0, { event: 'crashed', detail: 'panicked' }],
  [5, 99, { event: 'stopped', detail: 'unknown(99)' }],
  [99, 0, { event: 'unknown(99)', detail: 'unknown(0)' }],
])('puts the event %i with detail %i into words', (event, detail, words) => {
  expect(lifecycleChange(event, detail)).toEqual(words);
});
