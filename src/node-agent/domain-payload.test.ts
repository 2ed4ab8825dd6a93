import { expect, it } from 'vitest';
import { grantName, grantNameBefore } from '../crds/grant.ts';
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import { dedicatedTwoCells, mixedRealtimeRom, plainShared } from '../realtime/domain/fixtures/inputs.ts';
import { vmUid } from '../realtime/ids.ts';
import { formatPayload, grantOf } from './domain-payload.ts';
import type { DomainGrant } from './domain-payload.ts';
import { entryOf, payloadBefore, withoutGrant } from './testing/entries.ts';

const inputs = [dedicatedTwoCells, mixedRealtimeRom, plainShared];
const entry = entryOf(dedicatedTwoCells);
const { placement, guest } = entry;
const restartedAt = '2026-11-22T10:00:00Z';

/** What a domain of the VM with this payload says. */
function read(payload: string, { vm: { namespace, name, uid }, generation }: AllocatedGuest = entry): DomainGrant {
  return grantOf({ namespace, name, uid: vmUid(uid), generation, payload });
}

it.each(inputs)('gives back the grant of $vm.name that it was given', (input) => {
  const given = entryOf(input);
  const { grant: { name, salt } } = given;
  expect(read(formatPayload(given), given)).toEqual({
    name, salt, guest: given.guest, placement: given.placement, restartedAt: undefined,
  });
});

it('gives back when the restart was asked for that it was made by', () => {
  expect(read(formatPayload({ ...entry, restartedAt })).restartedAt).toBe(restartedAt);
  // It is no part of the grant.
  expect(read(formatPayload({ ...entry, restartedAt })).name).toBe(entry.grant.name);
});

it('reads what a newer version has written without what it does not know; the name is of all of it', () => {
  const cells = placement.cells.map((cell) => ({ ...cell, newer: {} }));
  const newer = { placement: { ...placement, cells, newer: 1 }, guest: { ...guest, newer: 'x' }, salt: 's' };
  expect(read(JSON.stringify({ ...newer, newer: [], restartedAt }))).toEqual({
    name: grantName({ vm: entry.vm, ...newer }), salt: 's', guest, placement, restartedAt,
  });
});

it('has the same name however its fields are ordered, and another one where any of them differs', () => {
  const { grant: { salt } } = entry;
  expect(read(JSON.stringify({ salt, guest, placement })).name).toBe(entry.grant.name);
  const others = [
    { salt: 'other', guest, placement },
    { salt, guest: { ...guest, terminationGracePeriodSeconds: 31 }, placement },
    { salt, guest, placement: { ...placement, reservedCpus: '' } },
  ];
  const names = others.map((other) => read(JSON.stringify(other)).name);
  expect(new Set([entry.grant.name, ...names]).size).toBe(4);
});

it.each([
  ['an agent of a version without grants', payloadBefore(entry), placement, undefined],
  ['an entry of a controller of such a version', formatPayload(withoutGrant(entry)), placement, guest],
  ['a person who took the guest away', JSON.stringify({ placement, salt: 's' }), placement, undefined],
  ['a person who took the placement away', JSON.stringify({ guest, salt: 's' }), undefined, guest],
])('has no name of its own by %s, and says what it knows', (_, payload, placed, made) => {
  expect(read(payload)).toEqual({
    name: grantNameBefore(entry.vm.uid), placement: placed, guest: made, restartedAt: undefined,
  });
});

it.each([
  '', '7', 'null', '{}', '{"placement": {"cells": 7}}', '{"restartedAt": 7}',
])('takes %j for nothing', (text) => {
  expect(read(text)).toEqual({ name: grantNameBefore(entry.vm.uid) });
});
