import { describe, expect, it } from 'vitest';
import { formatXml } from './element.ts';
import { dedicatedTwoCells, mixedRealtimeRom, plainShared } from './fixtures/inputs.ts';
import { memoryBacking } from './memory-backing.ts';

const locked = mixedRealtimeRom.guest;
const unlocked = { ...locked, memory: { ...locked.memory, locked: false } };
const huge = mixedRealtimeRom.placement;
const small = { ...huge, cells: huge.cells.map((cell) => ({ ...cell, pageSizeKiB: 4 })) };
const mixedSizes = { ...dedicatedTwoCells.placement, cells: dedicatedTwoCells.placement.cells.map((cell) => ({ ...cell, pageSizeKiB: cell.cell === 0 ? 1048576 : 2048 })) };

describe('memoryBacking', () => {
  it.each([
    ['a realtime guest in huge pages', locked, huge, false, [
      '<hugepages>', "<page size='2048' unit='KiB' nodeset='0'/>", '</hugepages>', '<nosharepages/>', '<locked/>', "<allocation mode='immediate'/>",
    ]],
    ['a realtime guest in small pages', locked, small, false, ['<nosharepages/>', '<locked/>', "<allocation mode='immediate'/>"]],
    ['huge pages alone', unlocked, huge, false, ['<hugepages>', "<page size='2048' unit='KiB' nodeset='0'/>", '</hugepages>', "<allocation mode='immediate'/>"]],
    ['huge pages of one size over two cells', unlocked, dedicatedTwoCells.placement, false, [
      '<hugepages>', "<page size='1048576' unit='KiB' nodeset='0-1'/>", '</hugepages>', "<allocation mode='immediate'/>",
    ]],
    ['huge pages of two sizes', unlocked, mixedSizes, false, [
      '<hugepages>', "<page size='2048' unit='KiB' nodeset='1'/>", "<page size='1048576' unit='KiB' nodeset='0'/>", '</hugepages>', "<allocation mode='immediate'/>",
    ]],
    ['vhost-user in huge pages', locked, huge, true, [
      '<hugepages>', "<page size='2048' unit='KiB' nodeset='0'/>", '</hugepages>', '<nosharepages/>', '<locked/>', "<access mode='shared'/>", "<allocation mode='immediate'/>",
    ]],
    ['vhost-user in small pages', unlocked, small, true, ["<source type='memfd'/>", "<access mode='shared'/>"]],
  ])('of %s', (_, guest, placement, shared, lines) => {
    const xml = formatXml(memoryBacking(guest, placement, shared)!);
    expect(xml.split('\n').map((line) => line.trim())).toEqual(['<memoryBacking>', ...lines, '</memoryBacking>', '']);
  });

  it('is left out of a plain guest', () => {
    expect(memoryBacking(plainShared.guest, plainShared.placement, false)).toBeUndefined();
  });
});
