/** The settings that are compared: what a guest has of its host, from nothing to all that makes it realtime. */
import { CpuSet, unionOf } from '../cpu-set.ts';
import type { VcpuSet } from '../cpu-set.ts';
import type { Guest } from '../guest.ts';
import { allVcpus } from '../guest.ts';
import { smallPageKiB } from '../host.ts';
import type { VcpuId } from '../ids.ts';
import { pinCpus } from '../placement.ts';
import type { Placement } from '../placement.ts';

/**
 * `floating`: every thread on all CPUs of the guest; `pinned`: each vCPU where the guest has it; `pinned-fifo`:
 * that, and its realtime vCPUs
 * SCHED_FIFO; `realtime`: the whole guest as asked for, with its pages, locked memory and features.
 */
export const settings = ['floating', 'pinned', 'pinned-fifo', 'realtime'] as const;
export type Setting = (typeof settings)[number];

export const settingTitles: Readonly<Record<Setting, string>> = {
  'floating': 'floating',
  'pinned': 'pinned',
  'pinned-fifo': 'pinned + FIFO',
  'realtime': 'realtime guest',
};

export interface MeasuredGuest {
  readonly guest: Guest;
  readonly placement: Placement;
}

/** The guest on the same CPUs, with what the setting leaves of it. */
export function withSetting({ guest, placement }: MeasuredGuest, setting: Setting): MeasuredGuest {
  if (setting === 'realtime') return { guest, placement };
  const plain: MeasuredGuest = {
    guest: {
      ...guest,
      cpu: { ...guest.cpu, realtime: undefined, policy: 'Shared' },
      memory: { ...guest.memory, pageSize: 'Small', locked: false },
    },
    placement: { ...placement, cells: placement.cells.map((cell) => ({ ...cell, pageSizeKiB: smallPageKiB })) },
  };
  switch (setting) {
    case 'pinned-fifo':
      return plain;
    case 'pinned':
      return { ...plain, placement: withoutFifo(plain.placement) };
    case 'floating': {
      const cpus = unionOf([...placement.vcpuPins.map(pinCpus), placement.emulatorCpus]);
      const vcpuPins = placement.vcpuPins.map(({ vcpu }) => ({ kind: 'floating', vcpu, cpus }) as const);
      return { ...plain, placement: { ...withoutFifo(plain.placement), vcpuPins, emulatorCpus: cpus } };
    }
  }
}

function withoutFifo(placement: Placement): Placement {
  return { ...placement, priority: undefined, realtimeVcpus: CpuSet.empty<VcpuId>() };
}

/**
 * The vCPUs that are measured: the realtime ones; of a guest without any, those that have a pCPU of their own, or
 * else all.
 */
export function measuredVcpus({ cpu }: Guest): VcpuSet {
  if (cpu.realtime !== undefined) return cpu.realtime.vcpus;
  return cpu.dedicatedVcpus.isEmpty ? allVcpus(cpu.vcpus) : cpu.dedicatedVcpus;
}
