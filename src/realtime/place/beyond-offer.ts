/** Whether a placement is within what a host's administrator offers to guests, whoever has decided it. Pure. */
import type { HostInventory } from '../host.ts';
import { exclusiveCpus } from '../placement.ts';
import type { HeldPlacement } from '../placement.ts';
import { claimOf } from './claim.ts';
import { notOffered } from './conflicts.ts';
import { devicesOf, HostState } from './host-state.ts';

/** @returns a sentence for each thing that is not offered. What others hold there is not looked at. I1, rule 5.9. */
export function beyondOffer(inventory: HostInventory, held: HeldPlacement): readonly string[] {
  const { placement } = held;
  if (placement.host !== inventory.name) return [`it is for host ${placement.host}, and this is ${inventory.name}`];
  const elsewhere = placement.emulatorCpus.minus(exclusiveCpus(placement)).minus(inventory.sharedCpus);
  const offered = new Set(devicesOf(inventory).map(({ address }) => address));
  const { priority = 0 } = placement;
  return [
    ...notOffered(new HostState(inventory, []), claimOf(held)).map(({ message }) => message),
    ...(elsewhere.isEmpty ? [] : [
      `QEMU's own threads are to run on CPU ${elsewhere.toString()}, which is no shared CPU of host ${inventory.name}`,
    ]),
    ...placement.devices.filter(({ address }) => !offered.has(address))
      .map(({ address }) => `device ${address} is in no device class, and in no network, of host ${inventory.name}`),
    ...(priority <= inventory.maxPriority ? [] : [
      `priority ${priority} is above the highest of host ${inventory.name}, ${inventory.maxPriority}`,
    ]),
  ];
}
