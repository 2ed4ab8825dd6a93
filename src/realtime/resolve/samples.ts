/** What people ask for in tests: a small VM, class and image, to which each test adds what it is about. */
import { vmUid } from '../ids.ts';
import type { ClassSpec, CpuSpec, ImageSpec, ShapeSpec, VmSpec } from '../spec.ts';
import { imageKey } from './lookup.ts';
import type { ResolveContext } from './lookup.ts';

const uid = '6b3f1d0e-58b1-4a0c-9e0b-2f6f0d1c7a11';

/** An inline VM of four floating vCPUs that starts from image `disk`. */
export function vmOf(changes: Partial<VmSpec> = {}): VmSpec {
  return {
    identity: { namespace: 'default', name: 'vm', uid: vmUid(uid) },
    generation: 1,
    inline: shapeOf(),
    image: 'disk',
    disks: [],
    networks: [],
    hostDevices: [],
    ioThreads: 0,
    firmware: { type: 'BIOS' },
    nodeSelector: {},
    runStrategy: 'Always',
    terminationGracePeriodSeconds: 60,
    placementPriority: 0,
    ...changes,
  };
}

/** The same with another CPU; of four vCPUs and 64 MiB unless said. */
export function vmWithCpu(cpu: Partial<CpuSpec>, shape: Partial<ShapeSpec> = {}): VmSpec {
  return vmOf({ inline: shapeOf(cpu, shape) });
}

export function shapeOf(cpu: Partial<CpuSpec> = {}, shape: Partial<ShapeSpec> = {}): ShapeSpec {
  return { cpu: { vcpus: 4, ...cpu }, memory: { sizeMiB: 64 }, ...shape };
}

export function classOf(changes: Partial<ClassSpec> = {}): ClassSpec {
  return {
    ...shapeOf({ policy: 'Dedicated', realtime: {} }),
    name: 'rt',
    nodeSelector: { 'rtvm.dev/realtime': 'true' },
    packing: 'Pack',
    allow: { networks: ['lan'], deviceClasses: ['fec'], nodeLocalDisks: false },
    ...changes,
  };
}

export function imageOf(name: string, changes: Partial<ImageSpec> = {}): ImageSpec {
  return { namespace: 'default', name, format: 'qcow2', source: { kind: 'path', path: `${name}.qcow2` }, ...changes };
}

/** Class `rt` (or the given ones), and images `disk`, `rom` and those given. */
export function contextOf({ classes = [classOf()], images = [] }: { readonly classes?: readonly ClassSpec[]; readonly images?: readonly ImageSpec[] } = {}): ResolveContext {
  const all = [imageOf('disk'), imageOf('rom', { format: 'rom', source: { kind: 'path', path: 'probe.rom' } }), ...images];
  return {
    classes: new Map(classes.map((each) => [each.name, each])),
    images: new Map(all.map((each) => [imageKey(each.namespace, each.name), each])),
  };
}
