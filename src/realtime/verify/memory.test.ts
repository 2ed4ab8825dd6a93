import { describe, expect, it } from 'vitest';
import { dedicatedTwoCells, mixedRealtimeRom, plainShared } from '../domain/fixtures/inputs.ts';
import type { DomainInput } from '../domain/domain-input.ts';
import type { Finding } from '../finding.ts';
import type { ObservedProcess } from '../observed.ts';
import { memoryRows } from './memory.ts';
import { matchingProcess } from './sample-process.ts';

const rowsOf = ({ guest, placement }: DomainInput, change: Partial<ObservedProcess> = {}) =>
  memoryRows(guest, placement, { ...matchingProcess(guest, placement), ...change });

const inSmallPages: DomainInput = {
  ...mixedRealtimeRom,
  placement: { ...mixedRealtimeRom.placement, cells: mixedRealtimeRom.placement.cells.map((cell) => ({ ...cell, pageSizeKiB: 4 })) },
};
const inBoth: DomainInput = {
  ...dedicatedTwoCells,
  placement: { ...dedicatedTwoCells.placement, cells: dedicatedTwoCells.placement.cells.map((cell) => (cell.cell === 0 ? cell : { ...cell, pageSizeKiB: 4 })) },
};
const unlocked: DomainInput = { ...mixedRealtimeRom, guest: { ...mixedRealtimeRom.guest, memory: { ...mixedRealtimeRom.guest.memory, locked: false } } };

describe('memoryRows', () => {
  const huge = (KiB: number) => ({ name: 'huge pages', observedKiB: KiB, wantedKiB: KiB, findings: [] });
  const locked = (observedKiB: number, wantedKiB: number) => ({ name: 'locked', observedKiB, wantedKiB, findings: [] });
  const swapped = { name: 'swapped', observedKiB: 0, wantedKiB: 0, findings: [] };
  it.each([
    ['locked huge pages', mixedRealtimeRom, [huge(32_768), locked(510_748, 118_300), swapped]],
    ['locked small pages', inSmallPages, [locked(543_516, 151_068), swapped]],
    ['locked pages of both kinds', inBoth, [huge(2_097_152), locked(1_559_324, 1_166_876), swapped]],
    ['huge pages alone', unlocked, [huge(32_768)]],
    ['nothing promised', plainShared, []],
  ])('of %s', (_, input, rows) => {
    expect(rowsOf(input)).toEqual(rows);
  });

  it.each<[string, DomainInput, Partial<ObservedProcess>, Omit<Finding, 'severity' | 'subject'>]>([
    ['a huge page too few', mixedRealtimeRom, { hugetlbKiB: 30_720 }, {
      code: 'MemoryNotHuge', expected: 'at least 32768 KiB', observed: '30720 KiB',
      message: "only 30720 of the guest's 32768 KiB are in huge pages: the rest is in small pages, whose translation misses cost the guest time, or not allocated yet",
    }],
    ['nothing locked', mixedRealtimeRom, { lockedKiB: 0 }, {
      code: 'MemoryNotLocked', expected: 'at least 118300 KiB', observed: '0 KiB',
      message: '0 KiB are locked, but QEMU holds 118300 KiB outside of huge pages: what is not locked may be swapped out, and a vCPU that touches it then waits for the disk',
    }],
    ['less locked than the guest has, although little is resident', inSmallPages, { lockedKiB: 32_767, residentKiB: 20_000 }, {
      code: 'MemoryNotLocked', expected: 'at least 32768 KiB', observed: '32767 KiB',
      message: '32767 KiB are locked, but QEMU holds 32768 KiB outside of huge pages: what is not locked may be swapped out, and a vCPU that touches it then waits for the disk',
    }],
    ['a page in swap', mixedRealtimeRom, { swappedKiB: 4 }, {
      code: 'MemorySwapped', expected: 'at most 0 KiB', observed: '4 KiB',
      message: "4 KiB of the domain's process are in swap: a vCPU that touches them waits for the disk",
    }],
  ])('finds %s', (_, input, change, finding) => {
    expect(rowsOf(input, change).flatMap((row) => row.findings)).toEqual([{ ...finding, severity: 'error', subject: 'memory' }]);
  });
});

describe('with devices, for which VFIO pins all of the guest\'s memory and counts it as locked', () => {
  const withDevice: DomainInput = { ...mixedRealtimeRom, placement: { ...mixedRealtimeRom.placement, devices: [{ name: 'card', address: '0000:3b:00.0' }] } };
  const guestKiB = 32_768;

  it('is nothing wrong with what is locked beside it', () => {
    expect(rowsOf(withDevice, { lockedKiB: 510_748 + guestKiB })[1]).toEqual({ name: 'locked', observedKiB: 510_748, wantedKiB: 118_300, findings: [] });
  });

  it('proves nothing of QEMU\'s own memory', () => {
    // Only pinned: of a guest that is larger than QEMU, VmLck alone would look right.
    const large = { ...withDevice, guest: { ...withDevice.guest, memory: { ...withDevice.guest.memory, sizeMiB: 1024 } }, placement: { ...withDevice.placement, cells: withDevice.placement.cells.map((cell) => ({ ...cell, memoryMiB: 1024 })) } };
    expect(rowsOf(large, { lockedKiB: 1_048_576, residentKiB: 118_300 })[1]).toMatchObject({ observedKiB: 0, wantedKiB: 118_300, findings: [{
      code: 'MemoryNotLocked',
      message: '0 KiB are locked beside the 1048576 KiB that are pinned for its devices, but QEMU holds 118300 KiB outside of huge pages: what is not locked may be swapped out, and a vCPU that touches it then waits for the disk',
    }] });
  });
});
