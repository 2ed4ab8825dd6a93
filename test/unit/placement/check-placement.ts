/** Whether a placement keeps every rule, judged from the outside. */
import type { Guest } from '../../../src/realtime/guest.ts';
import type { HostInventory } from '../../../src/realtime/host.ts';
import type { HeldPlacement, Placement } from '../../../src/realtime/placement.ts';
import { exclusiveOf, usageOf } from './usage.ts';
import type { Usage } from './usage.ts';

const list = (cpus: Iterable<number>) => [...cpus].sort((one, other) => one - other).join(',');

function amounts(usage: Usage): number[] {
  return [usage.smallFreeMiB, ...[...usage.nodes.values()].flatMap(({ smallMiB, pages }) => [smallMiB, ...pages.values()])];
}

/** What is wrong with it, given what was held before; empty for a right one. */
export function violations(host: HostInventory, before: readonly HeldPlacement[], guest: Guest, placement: Placement): string[] {
  const found: string[] = [];
  const must = (holds: boolean, what: string) => { if (!holds) found.push(what); };
  const usage = usageOf(host, before);
  const after = usageOf(host, [...before, { uid: 'new', placement }]);
  const pinned = new Map(placement.vcpuPins.map((pin) => [pin.vcpu as number, pin]));
  const own = placement.vcpuPins.flatMap((pin): number[] => (pin.kind === 'dedicated' ? [pin.cpu] : []));
  const emulator: number[] = guest.cpu.emulatorThreads === 'Isolate' ? [...placement.emulatorCpus] : [];
  const used = [...own, ...emulator];

  must(list(pinned.keys()) === list(guest.cells.length === 0 ? pinned.keys() : guest.cells.flatMap(({ vcpus }) => [...vcpus])) && pinned.size === guest.cpu.vcpus, 'every vCPU has a pin');
  must(new Set(used).size === used.length, 'no CPU twice within the guest');
  must(used.every((cpu) => host.dedicatedCpus.has(cpu)), 'only dedicated CPUs');
  must([...exclusiveOf(placement)].every((cpu) => !usage.busy.has(cpu) && !host.sharedCpus.has(cpu)), 'nothing that another VM has');
  must(placement.vcpuPins.every((pin) => (pin.kind === 'dedicated') === guest.cpu.dedicatedVcpus.has(pin.vcpu)), 'dedicated vCPUs are pinned, the others float');
  must(list(placement.realtimeVcpus) === list(guest.cpu.realtime?.vcpus ?? []) && placement.priority === guest.cpu.realtime?.priority, 'realtime as asked for');

  must(placement.cells.length === guest.cells.length && new Set(placement.cells.map(({ hostNode }) => hostNode)).size === guest.cells.length, 'each cell on a node of its own');
  for (const [index, cell] of placement.cells.entries()) {
    const node = host.numaNodes.find(({ id }) => id === cell.hostNode)!;
    must(list(cell.vcpus) === list(guest.cells[index]!.vcpus) && cell.memoryMiB === guest.cells[index]!.memoryMiB, 'cells as asked for');
    for (const vcpu of cell.vcpus) {
      const pin = pinned.get(vcpu)!;
      must(pin.kind === 'dedicated' ? node.cpus.has(pin.cpu) : list(pin.cpus) === list([...usage.shared].filter((cpu) => node.cpus.has(cpu))), 'vCPUs on their cell’s node');
    }
    if (index === 0) must(emulator.every((cpu) => node.cpus.has(cpu)), 'isolated emulator on cell 0’s node');
  }
  if (guest.cells.length === 0) must(placement.vcpuPins.every((pin) => pin.kind === 'floating' && list(pin.cpus) === list(usage.shared)), 'a guest without cells floats over the host');

  for (const core of host.cores) {
    const vcpus = placement.vcpuPins.filter((pin) => pin.kind === 'dedicated' && core.has(pin.cpu)).map((pin) => pin.vcpu as number);
    const mine = used.filter((cpu) => core.has(cpu));
    const rest = [...core].filter((cpu) => !own.includes(cpu));
    const reserved = rest.every((cpu) => placement.reservedCpus.has(cpu));
    if (mine.length === 0) must(rest.every((cpu) => !placement.reservedCpus.has(cpu)), 'nothing reserved on cores that are not used');
    else if (guest.cpu.coreSharing === 'Forbid') {
      must(reserved && [...core].every((cpu) => !usage.busy.has(cpu) && !host.sharedCpus.has(cpu)), 'Forbid: cores are the guest’s alone');
      must(!(emulator.some((cpu) => core.has(cpu)) && vcpus.some((vcpu) => guest.cpu.realtime?.vcpus.has(vcpu))), 'Forbid: emulator off realtime cores');
    }
    if (vcpus.length > 0 && guest.cpu.threadPolicy === 'Isolate') must(mine.length === 1 && reserved && [...core].every((cpu) => host.dedicatedCpus.has(cpu)), 'Isolate: one thread of a core');
    if (vcpus.length > 0 && guest.cpu.threadPolicy === 'Require') must(core.size > 1 && reserved && [...core].every((cpu) => host.dedicatedCpus.has(cpu)), 'Require: whole cores');
  }
  must(emulator.every((cpu) => placement.reservedCpus.has(cpu)), 'isolated emulator’s CPU is reserved');

  const housekeeping = placement.vcpuPins.filter((pin) => !placement.realtimeVcpus.has(pin.vcpu));
  const union = (pins: typeof housekeeping) => list(new Set(pins.flatMap((pin): number[] => (pin.kind === 'dedicated' ? [pin.cpu] : [...pin.cpus]))));
  const nearShared = [...usage.shared].filter((cpu) => placement.cells.some(({ hostNode }) => host.numaNodes.find(({ id }) => id === hostNode)!.cpus.has(cpu)));
  const wanted = { Housekeeping: union(housekeeping), Vcpus: union([...placement.vcpuPins]), Share: list(nearShared.length > 0 ? nearShared : usage.shared), Isolate: list(placement.emulatorCpus) }[guest.cpu.emulatorThreads];
  must(list(placement.emulatorCpus) === wanted && !placement.emulatorCpus.isEmpty, 'emulator threads where they belong');
  must(emulator.length === (guest.cpu.emulatorThreads === 'Isolate' ? 1 : 0), 'one CPU for isolated emulator threads');

  // What a changed inventory left short may stay so, but nothing may make it worse.
  const left = amounts(after);
  must(amounts(usage).every((amount, index) => left[index]! >= Math.min(0, amount) && Number.isInteger(left[index])), 'no memory or page more than there is');
  must(after.floating === usage.floating || after.floating <= usage.shared.size * host.vcpusPerSharedCpu, 'floating vCPUs within the ratio');
  const addresses = placement.devices.map(({ address }) => address);
  must(new Set(addresses).size === addresses.length && addresses.every((address) => !usage.devices.has(address)), 'devices given once');
  for (const device of guest.hostDevices) {
    const address = placement.devices.find(({ name }) => name === device.name)?.address;
    const chosen = host.deviceClasses.find(({ name }) => name === device.class)?.devices.find((candidate) => candidate.address === address);
    must(chosen !== undefined, 'a device of the class asked for');
    const local = chosen?.numaNode === undefined ? host.numaNodes.length === 1 : placement.cells.length === 0 || placement.cells.some(({ hostNode }) => hostNode === chosen.numaNode);
    must(device.numaAffinity === 'Preferred' || local, 'a required device on one of the guest’s nodes');
  }
  return found;
}
