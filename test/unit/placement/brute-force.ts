/** Whether a guest fits on a small host, by trying everything: the rules said again, with no code of the product's. */
import type { Guest } from '../../../src/realtime/guest.ts';
import type { HostDevice, HostInventory, HostNumaNode } from '../../../src/realtime/host.ts';
import type { HeldPlacement } from '../../../src/realtime/placement.ts';
import { usageOf } from './usage.ts';
import type { Usage } from './usage.ts';

export function fitsByTrying(host: HostInventory, held: readonly HeldPlacement[], guest: Guest): boolean {
  const usage = usageOf(host, held);
  return hostAccepts(host, guest) && hostHasRoom(host, usage, guest) && someAssignment(host, usage, guest);
}

function hostAccepts(host: HostInventory, guest: Guest): boolean {
  const labels = Object.entries(guest.nodeSelector).every(([key, value]) => host.labels[key] === value);
  const latency = guest.maxLatencyMicroseconds === undefined || (host.latencyMicroseconds ?? Infinity) <= guest.maxLatencyMicroseconds;
  const networks = guest.networks.every(({ network }) => host.networks.some(({ name, openToInline }) => name === network && (openToInline || !guest.inline)));
  const priority = guest.cpu.realtime === undefined || guest.cpu.realtime.priority <= host.maxPriority;
  return !host.unschedulable && labels && latency && networks && priority;
}

function hostHasRoom(host: HostInventory, usage: Usage, guest: Guest): boolean {
  const floating = guest.cpu.vcpus - guest.cpu.dedicatedVcpus.size;
  if (floating > 0 && usage.floating + floating > usage.shared.size * host.vcpusPerSharedCpu) return false;
  return guest.cpu.emulatorThreads !== 'Share' || usage.shared.size > 0;
}

export function overhead(guest: Guest): number {
  return 128 + 8 * guest.cpu.vcpus + 8 * guest.ioThreads + Math.ceil(guest.memory.sizeMiB / 512);
}

/** Cells to nodes in every order, each with every page size that it may have. */
function someAssignment(host: HostInventory, usage: Usage, guest: Guest): boolean {
  const options = guest.cells.map((_, cell) => host.numaNodes.map((node) => (cpusFit(host, usage, guest, cell, node) ? smallNeeds(usage, guest, cell, node) : [])));
  const search = (cell: number, nodes: readonly number[], smallMiB: number): boolean => {
    if (cell === guest.cells.length) {
      const extra = guest.cells.length === 0 ? overhead(guest) + guest.memory.sizeMiB : 0;
      const local = guest.cells.length === 0 ? host.numaNodes.map(({ id }) => id as number) : nodes.map((node) => host.numaNodes[node]!.id as number);
      return smallMiB + extra <= usage.smallFreeMiB && devicesFit(host, usage, guest, new Set(local));
    }
    return host.numaNodes.some((_, node) => !nodes.includes(node) && options[cell]![node]!.some((small) => search(cell + 1, [...nodes, node], smallMiB + small)));
  };
  return search(0, [], 0);
}

/** The small-page memory that each possible page size of the cell would take on the node. */
export function smallNeeds(usage: Usage, guest: Guest, cell: number, node: HostNumaNode): number[] {
  const { memoryMiB } = guest.cells[cell]!;
  const extra = cell === 0 ? overhead(guest) : 0;
  const free = usage.nodes.get(node.id)!;
  const { pageSize } = guest.memory;
  const huge = node.hugepages.filter(({ sizeKiB }) => {
    const allowed = pageSize === 'Large' || pageSize === 'Any' || (pageSize === '2Mi' && sizeKiB === 2048) || (pageSize === '1Gi' && sizeKiB === 1024 * 1024);
    return allowed && (memoryMiB * 1024) % sizeKiB === 0 && (memoryMiB * 1024) / sizeKiB <= free.pages.get(sizeKiB)!;
  });
  const needs: number[] = huge.length > 0 ? [extra] : [];
  // `Any` takes small pages only where no huge ones will do.
  if (pageSize === 'Small' || (pageSize === 'Any' && huge.length === 0)) needs.push(extra + memoryMiB);
  return needs.filter((need) => need <= free.smallMiB);
}

/** @param vcpuCpus where the vCPUs may be; the emulator may be anywhere on the node. */
export function cpusFit(host: HostInventory, usage: Usage, guest: Guest, cell: number, node: HostNumaNode, vcpuCpus?: ReadonlySet<number>): boolean {
  const { cpu } = guest;
  const vcpus = [...guest.cells[cell]!.vcpus] as number[];
  const dedicated = vcpus.filter((vcpu) => cpu.dedicatedVcpus.has(vcpu));
  const floating = vcpus.length - dedicated.length;
  const local = usage.nodes.get(node.id)!;
  if (floating > 0 && (floating > local.shared || local.floating + floating > local.shared * host.vcpusPerSharedCpu)) return false;
  const withEmulator = cpu.emulatorThreads === 'Isolate' && cell === 0;
  const slots = withEmulator ? [...dedicated, -1] : dedicated;
  const cores = host.cores.map((core) => [...core] as number[]);
  const candidates = ([...node.cpus] as number[]).filter((pcpu) => host.dedicatedCpus.has(pcpu) && !usage.busy.has(pcpu));

  const given = new Map<number, number>();
  const coreAllowed = (core: readonly number[]): boolean => {
    const mine = slots.filter((slot) => given.has(slot) && core.includes(given.get(slot)!));
    const mineVcpus = mine.filter((slot) => slot >= 0);
    if (mine.length === 0) return true;
    const othersHere = core.some((pcpu) => usage.busy.has(pcpu) || host.sharedCpus.has(pcpu));
    if (cpu.coreSharing === 'Forbid' && othersHere) return false;
    if (cpu.coreSharing === 'Forbid' && mine.includes(-1) && mineVcpus.some((vcpu) => cpu.realtime?.vcpus.has(vcpu))) return false;
    if (mineVcpus.length === 0 || cpu.threadPolicy === 'Prefer') return true;
    const allMine = core.every((pcpu) => host.dedicatedCpus.has(pcpu) && !usage.busy.has(pcpu));
    return allMine && (cpu.threadPolicy === 'Isolate' ? mine.length === 1 : core.length > 1);
  };
  const search = (slot: number): boolean => {
    if (slot === slots.length) return cores.every(coreAllowed);
    return candidates.some((pcpu) => {
      if ([...given.values()].includes(pcpu) || (slots[slot]! >= 0 && vcpuCpus?.has(pcpu) === false)) return false;
      given.set(slots[slot]!, pcpu);
      const found = search(slot + 1);
      given.delete(slots[slot]!);
      return found;
    });
  };
  return search(0);
}

function devicesFit(host: HostInventory, usage: Usage, guest: Guest, local: ReadonlySet<number>): boolean {
  return deviceChoices(host, usage, guest, local).next().done === false;
}

/** Every way of giving a guest on these nodes the devices that it asks for. */
export function* deviceChoices(host: HostInventory, usage: Usage, guest: Guest, local: ReadonlySet<number>): Generator<readonly HostDevice[]> {
  const wanted = [
    ...guest.networks.flatMap(({ network }) => host.networks.flatMap((found) => (found.name === network && found.kind === 'sriov' ? [{ pool: found.devices, required: false }] : []))),
    ...guest.hostDevices.map((device) => ({ pool: host.deviceClasses.find(({ name }) => name === device.class)?.devices ?? [], required: device.numaAffinity === 'Required' })),
  ];
  yield* (function* search(given: readonly HostDevice[]): Generator<readonly HostDevice[]> {
    const request = wanted[given.length];
    if (request === undefined) {
      yield given;
      return;
    }
    for (const device of request.pool) {
      const near = device.numaNode === undefined ? host.numaNodes.length === 1 : local.has(device.numaNode);
      if (usage.devices.has(device.address) || given.some(({ address }) => address === device.address) || (request.required && !near)) continue;
      yield* search([...given, device]);
    }
  })([]);
}
