import { expect, it } from 'vitest';
import { placementToWire } from '../crds/placement-wire.ts';
import { dedicatedTwoCells, mixedRealtimeRom, plainShared } from '../realtime/domain/fixtures/inputs.ts';
import { formatPayload, parsePayload, restartedAtOf } from './domain-payload.ts';

it.each([dedicatedTwoCells, mixedRealtimeRom, plainShared])('gives back the placement of $vm.name that it was given', ({ placement }) => {
  expect(parsePayload(formatPayload(placement))).toEqual(placementToWire(placement));
});

it('reads what a newer version has written without what it does not know', () => {
  const { placement } = dedicatedTwoCells;
  const { placement: written } = JSON.parse(formatPayload(placement)) as { readonly placement: { readonly cells: readonly object[] } };
  const newer = { placement: { ...written, newer: 1, cells: written.cells.map((cell) => ({ ...cell, newer: {} })) }, newer: [], restartedAt: '2026-11-22T10:00:00Z' };
  expect(parsePayload(JSON.stringify(newer))).toEqual(placementToWire(placement));
  expect(restartedAtOf(JSON.stringify(newer))).toBe('2026-11-22T10:00:00Z');
});

it.each(['', '7', 'null', '{}', '{"placement": {"cells": 7}}'])('takes %j for nothing', (text) => {
  expect(parsePayload(text)).toBeUndefined();
});
