/** Guests of the core to the form in which RealtimeAllocation carries them, and back. */
import { combine, combineAll, mapChecked } from '../realtime/checked.ts';
import type { Guest, GuestBoot, GuestCpu, GuestDisk, GuestImage } from '../realtime/guest.ts';
import type { VcpuId } from '../realtime/ids.ts';
import type { Checked } from '../realtime/problem.ts';
import { accepted, refused } from '../realtime/problem.ts';
import { parseCpuList } from './cpu-list.ts';
import type { GuestWire } from './guest-schema.ts';
import { fromImageSource, toImageSource } from './to-image-spec.ts';

export function guestToWire(guest: Guest): GuestWire {
  const { cpu } = guest;
  return {
    ...guest,
    cpu: {
      ...cpu,
      dedicatedVcpus: cpu.dedicatedVcpus.toString(),
      realtime: cpu.realtime === undefined ? undefined : { ...cpu.realtime, vcpus: cpu.realtime.vcpus.toString() },
    },
    cells: guest.cells.map(({ vcpus, memoryMiB }) => ({ vcpus: vcpus.toString(), memoryMiB })),
    boot: bootToWire(guest.boot),
    disks: guest.disks.map(diskToWire),
  };
}

/**
 * @param path of the guest in its resource, for problems.
 * Codes: `CPU_LIST`, `IMAGE_SOURCE`, `GUEST_BOOT`, `GUEST_DISK`.
 */
export function guestFromWire(wire: GuestWire, path: string): Checked<Guest> {
  const parts = combine<Pick<Guest, 'cpu' | 'cells' | 'boot' | 'disks'>>({
    cpu: cpuFromWire(wire.cpu, `${path}.cpu`),
    cells: combineAll(wire.cells.map(({ vcpus, memoryMiB }, index) => mapChecked(parseCpuList<VcpuId>(vcpus, `${path}.cells[${index}].vcpus`), (set) => ({ vcpus: set, memoryMiB })))),
    boot: bootFromWire(wire.boot, `${path}.boot`),
    disks: combineAll(wire.disks.map((disk, index) => diskFromWire(disk, `${path}.disks[${index}]`))),
  });
  return mapChecked(parts, (read) => ({ ...wire, ...read }));
}

function cpuFromWire(cpu: GuestWire['cpu'], path: string): Checked<GuestCpu> {
  const { realtime } = cpu;
  const sets = combine<{ dedicatedVcpus: GuestCpu['dedicatedVcpus']; realtime: GuestCpu['realtime'] }>({
    dedicatedVcpus: parseCpuList<VcpuId>(cpu.dedicatedVcpus, `${path}.dedicatedVcpus`),
    realtime: realtime === undefined
      ? accepted(undefined)
      : mapChecked(parseCpuList<VcpuId>(realtime.vcpus, `${path}.realtime.vcpus`), (vcpus) => ({ vcpus, priority: realtime.priority })),
  });
  return mapChecked(sets, (read) => ({ ...cpu, ...read }));
}

function imageToWire({ name, format, source }: GuestImage): NonNullable<GuestWire['boot']['image']> {
  return { name, format, source: fromImageSource(source) };
}

function imageFromWire({ name, format, source }: NonNullable<GuestWire['boot']['image']>, path: string): Checked<GuestImage> {
  return mapChecked(toImageSource(source, `${path}.source`), (read) => ({ name, format, source: read }));
}

function bootToWire(boot: GuestBoot): GuestWire['boot'] {
  return boot.kind === 'rom' ? { kind: boot.kind, image: imageToWire(boot.image) } : { ...boot };
}

function bootFromWire(boot: GuestWire['boot'], path: string): Checked<GuestBoot> {
  const { kind, type, image, path: kernel, initrd, args } = boot;
  const missing = (field: string): Checked<GuestBoot> => refused({ code: 'GUEST_BOOT', path: `${path}.${field}`, message: `is required with kind ${kind}` });
  switch (kind) {
    case 'firmware':
      return type === undefined ? missing('type') : accepted({ kind, type });
    case 'rom':
      return image === undefined ? missing('image') : mapChecked(imageFromWire(image, `${path}.image`), (read) => ({ kind, image: read }));
    case 'kernel':
      if (type === undefined) return missing('type');
      return kernel === undefined ? missing('path') : accepted({ kind, type, path: kernel, initrd, args });
  }
}

function diskToWire(disk: GuestDisk): GuestWire['disks'][number] {
  const { name, persistence } = disk;
  return disk.kind === 'image' ? { name, persistence, image: imageToWire(disk.image) } : { name, persistence, emptyMiB: disk.sizeMiB };
}

function diskFromWire({ name, persistence, image, emptyMiB }: GuestWire['disks'][number], path: string): Checked<GuestDisk> {
  if (image !== undefined && emptyMiB === undefined) return mapChecked(imageFromWire(image, `${path}.image`), (read) => ({ name, persistence, kind: 'image', image: read }));
  if (image === undefined && emptyMiB !== undefined) return accepted({ name, persistence, kind: 'empty', sizeMiB: emptyMiB });
  return refused({ code: 'GUEST_DISK', path, message: `has ${image === undefined ? 'neither image nor' : 'both image and'} emptyMiB; accepted: one of them` });
}
