/** RealtimeVM to the core's VM. */
import { createHash } from 'node:crypto';
import { combine, combineAll, mapChecked, unless } from '../realtime/checked.ts';
import { vmUid } from '../realtime/ids.ts';
import type { VmUid } from '../realtime/ids.ts';
import type { Checked } from '../realtime/problem.ts';
import { accepted, refused } from '../realtime/problem.ts';
import type { DiskSpec, FirmwareSpec, ShapeSpec, VmSpec } from '../realtime/spec.ts';
import { parseMiB } from './quantities.ts';
import type { RealtimeVm, RealtimeVmSpec } from './realtime-vm.ts';
import { toInlineShape } from './to-shape-spec.ts';

/**
 * Codes: `SIZE`, `CPU_LIST`, `DISK_SOURCE`, `FIRMWARE_UUID`. A document that no store has given a UID gets
 * {@link provisionalUid}, so that plans and renderings of files are the same each time.
 */
export function toVmSpec({ metadata, spec }: RealtimeVm): Checked<VmSpec> {
  const { namespace, name, generation = 0 } = metadata;
  const checked = combine<{ shape: Partial<ShapeSpec>; disks: readonly DiskSpec[]; firmware: FirmwareSpec }>({
    shape: toInlineShape(spec),
    disks: combineAll(spec.disks.map(toDiskSpec)),
    firmware: toFirmwareSpec(spec.firmware),
  });
  return mapChecked(checked, ({ shape, disks, firmware }): VmSpec => ({
    identity: { namespace, name, uid: metadata.uid === undefined ? provisionalUid(namespace, name) : vmUid(metadata.uid) },
    generation,
    className: spec.className,
    inline: shape,
    maxLatencyMicroseconds: spec.latency?.maxMicroseconds,
    image: spec.image?.name,
    disks,
    kernel: spec.kernel,
    cloudInit: spec.cloudInit,
    networks: spec.networks,
    hostDevices: spec.hostDevices,
    ioThreads: spec.ioThreads,
    firmware,
    nodeSelector: spec.nodeSelector,
    tolerations: spec.tolerations.map(({ key, operator, value, effect }) => ({ key, operator, value, effect })),
    runStrategy: spec.runStrategy,
    restartedAt: spec.restartedAt,
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds,
    placementPriority: spec.placementPriority,
  }));
}

/** A UUID (version 8, RFC 9562) made from the name alone: the same at every reading, and never one that a store gives. */
export function provisionalUid(namespace: string, name: string): VmUid {
  const hex = createHash('sha256').update(`rtvm.dev/${namespace}/${name}`).digest('hex');
  return vmUid(`${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`);
}

function toDiskSpec(disk: RealtimeVmSpec['disks'][number], index: number): Checked<DiskSpec> {
  const { name, image, emptySize, persistence } = disk;
  const path = `spec.disks[${index}]`;
  if (image !== undefined && emptySize === undefined) return accepted({ name, persistence, image });
  if (image !== undefined || emptySize === undefined) {
    return refused({ code: 'DISK_SOURCE', path, message: `has ${image === undefined ? 'neither image nor' : 'both image and'} emptySize; accepted: one of them` });
  }
  return mapChecked(parseMiB(emptySize, `${path}.emptySize`), (emptySizeMiB) => ({ name, persistence, emptySizeMiB }));
}

/** libvirt refuses a UUID whose digits are all the same. */
function toFirmwareSpec({ type, uuid }: RealtimeVmSpec['firmware']): Checked<FirmwareSpec> {
  const same = uuid !== undefined && new Set(uuid.toLowerCase().replaceAll('-', '')).size === 1;
  const problems = same ? [{ code: 'FIRMWARE_UUID', path: 'spec.firmware.uuid', value: uuid, message: 'has the same digit everywhere, which libvirt refuses; accepted: a UUID as uuidgen prints it' }] : [];
  return unless(problems, () => ({ type, uuid: uuid?.toLowerCase() }));
}
