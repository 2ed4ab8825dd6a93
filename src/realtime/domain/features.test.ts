import { describe, expect, it } from 'vitest';
import type { VirtType } from './domain-input.ts';
import { element } from './element.ts';
import { features } from './features.ts';
import { dedicatedTwoCells, mixedRealtimeRom, plainShared } from './fixtures/inputs.ts';

const dedicated = dedicatedTwoCells.guest.cpu;
const hint = element('kvm', {}, [element('hint-dedicated', { state: 'on' })]);
const noPmu = element('pmu', { state: 'off' });

describe('features', () => {
  it.each<[string, typeof dedicated, VirtType, readonly ReturnType<typeof element>[]]>([
    ['a Dedicated realtime guest', dedicated, 'kvm', [hint, noPmu]],
    ['a Dedicated realtime guest in the emulator', dedicated, 'qemu', [noPmu]],
    ['a Dedicated guest without realtime', { ...dedicated, realtime: undefined }, 'kvm', [hint]],
    ['a Mixed realtime guest', mixedRealtimeRom.guest.cpu, 'kvm', [noPmu]],
    ['a Shared guest', plainShared.guest.cpu, 'kvm', []],
  ])('of %s', (_, cpu, virtType, own) => {
    expect(features(cpu, virtType)).toEqual(element('features', {}, [element('acpi'), element('apic'), ...own, element('vmport', { state: 'off' })]));
  });
});
