import { expect, it } from 'vitest';
import { placementToWire } from '../crds/placement-wire.ts';
import { dedicatedTwoCells, mixedRealtimeRom, plainShared } from '../realtime/domain/fixtures/inputs.ts';
import { formatPayload, parsePayload, restartedAtOf } from './domain-payload.ts';

const inputs = [dedicatedTwoCells, mixedRealtimeRom, plainShared];

it.each(inputs)('gives back the placement of $vm.name that it was given', ({ placement }) => {
  expect(parsePayload(formatPayload(placement))).toEqual(placementToWire(placement));
});

it('reads what a newer version has written without what it does not know', () => {
  const { placement } = dedicatedTwoCells;
  const wire = placementToWire(placement);
  const cells = wire.cells.map((cell) => ({ ...cell, newer: {} }));
  const newer = { placement: { ...wire, cells, newer: 1 }, newer: [], restartedAt: '2026-11-22T10:00:00Z' };
  expect(parsePayload(JSON.stringify(newer))).toEqual(placementToWire(placement));
  expect(restartedAtOf(JSON.stringify(newer))).toBe('2026-11-22T10:00:00Z');
});

it.each(['', '7', 'null', '{}', '{"placement": {"cells": 7}}'])('takes %j for nothing', (text) => {
  expect(parsePayload(text)).toBeUndefined();
});
