/** Resolving: a VM, its class and its images become one guest, with nothing left to default and every conflict told. */
import { combine, mapChecked } from '../checked.ts';
import type { Guest } from '../guest.ts';
import type { Checked } from '../problem.ts';
import type { ClassSpec, VmSpec } from '../spec.ts';
import { resolveBoot } from './boot.ts';
import { resolveDevices } from './devices.ts';
import { resolveDisks } from './disks.ts';
import { bootImageOf } from './images.ts';
import type { ResolveContext } from './lookup.ts';
import { resolveSelector } from './selector.ts';
import { resolveShape } from './shape.ts';
import { shapeSource } from './shape-source.ts';

/**
 * One guest from a VM, its class and its images, or everything that is wrong with them together. Paths are those of the
 * RealtimeVM; what is wrong in a class or an image is told at the field that names it. Rules 1.1 to 2.6, 4.1 and 4.8.
 */
export function resolveGuest(vm: VmSpec, context: ResolveContext): Checked<Guest> {
  const source = shapeSource(vm, context.classes);
  const bootImage = bootImageOf(vm, context.images);
  const shape = source.ok ? resolveShape(source.value, bootImage) : source;
  const vmClass = source.ok ? source.value.vmClass : undefined;
  const checked = combine({
    shape,
    boot: resolveBoot(vm, bootImage, context.images),
    disks: resolveDisks(vm, vmClass, context.images),
    devices: resolveDevices(vm, vmClass),
    nodeSelector: resolveSelector(vm, vmClass),
  });
  return mapChecked(checked, ({ shape: { cpu, memory, cells }, boot, disks, nodeSelector }): Guest => ({
    cpu,
    memory,
    cells,
    boot,
    disks,
    cloudInit: vm.cloudInit,
    networks: vm.networks,
    hostDevices: vm.hostDevices,
    ioThreads: vm.ioThreads,
    uuid: vm.firmware.uuid ?? vm.identity.uid,
    packing: vmClass?.packing ?? 'Spread',
    nodeSelector,
    ...(vm.tolerations === undefined || vm.tolerations.length === 0 ? {} : { tolerations: vm.tolerations }),
    maxLatencyMicroseconds: vm.maxLatencyMicroseconds,
    runStrategy: vm.runStrategy,
    terminationGracePeriodSeconds: vm.terminationGracePeriodSeconds,
    inline: vmClass === undefined,
  }));
}

/** What is wrong with a class by itself, at the class's own fields; nothing, if VMs can use it. */
export function checkClass(vmClass: ClassSpec): Checked<null> {
  return mapChecked(resolveShape({ shape: vmClass, vmClass: undefined }, undefined), () => null);
}
