import { expect, it } from 'vitest';
import { element } from './element.ts';
import { dedicatedTwoCells, mixedRealtimeRom, plainShared } from './fixtures/inputs.ts';
import { numaTune } from './numa-tune.ts';

it.each([
  ['one cell', mixedRealtimeRom.placement, element('numatune', {}, [
    element('memory', { mode: 'strict', nodeset: '0' }),
    element('memnode', { cellid: 0, mode: 'strict', nodeset: 0 }),
  ])],
  ['two cells on nodes in another order', dedicatedTwoCells.placement, element('numatune', {}, [
    element('memory', { mode: 'strict', nodeset: '0-1' }),
    element('memnode', { cellid: 0, mode: 'strict', nodeset: 1 }),
    element('memnode', { cellid: 1, mode: 'strict', nodeset: 0 }),
  ])],
  ['no cells', plainShared.placement, undefined],
])('numaTune of %s', (_, placement, expected) => {
  expect(numaTune(placement)).toEqual(expected);
});
