// What our own parser and resolver say of one document, as far as the document alone can tell.
import { formatProblem } from '../../../src/crds/document-problem.ts';
import { parseFiles } from '../../../src/crds/parse-files.ts';
import type { Resource } from '../../../src/crds/resource.ts';
import { toClassSpec } from '../../../src/crds/to-class-spec.ts';
import { toHostInventory } from '../../../src/crds/to-host-inventory.ts';
import { toImageSpec } from '../../../src/crds/to-image-spec.ts';
import { toVmSpec } from '../../../src/crds/to-vm-spec.ts';
import { cpuNumberLimit } from '../../../src/realtime/cpu-set.ts';
import { problemsOf } from '../../../src/realtime/checked.ts';
import type { FieldProblem } from '../../../src/realtime/problem.ts';
import { checkClass, resolveGuest } from '../../../src/realtime/resolve/resolve-guest.ts';
import type { ClassSpec, ImageSpec, VmSpec } from '../../../src/realtime/spec.ts';
import type { RandomDocument } from './documents.ts';

/** The problems, as people read them; none where the document is fine. */
export function ownVerdict(document: RandomDocument): readonly string[] {
  const { documents, problems } = parseFiles([{ file: 'random', text: JSON.stringify(document) }]);
  const found = problems.length > 0 ? problems : documents.flatMap(({ resource }) => problemsIn(resource));
  return found.map((problem) => formatProblem({ code: problem.code, path: problem.path, value: problem.value, message: problem.message }));
}

function problemsIn(resource: Resource): readonly FieldProblem[] {
  switch (resource.kind) {
    case 'RealtimeVM': {
      const vm = toVmSpec(resource);
      return vm.ok ? problemsOf(resolveGuest(vm.value, { classes: permissiveClass(vm.value), images: anyImage })) : vm.problems;
    }
    case 'RealtimeVMClass': {
      const vmClass = toClassSpec(resource);
      return vmClass.ok ? problemsOf(checkClass(vmClass.value)) : vmClass.problems;
    }
    case 'RealtimeImage':
      return problemsOf(toImageSpec(resource));
    case 'RealtimeNode':
      return problemsOf(toHostInventory({ ...resource, status: { topology: largestHost } }));
    case 'RealtimeAllocation':
      return [];
  }
}

/** Every class exists, and allows all that the VM names. */
function permissiveClass(vm: VmSpec): { get: (name: string) => ClassSpec; keys: () => MapIterator<string> } {
  return {
    get: (name) => ({
      name,
      cpu: { vcpus: 1 },
      memory: { sizeMiB: 1 },
      nodeSelector: {},
      packing: 'Spread',
      allow: { networks: vm.networks.map(({ network }) => network), deviceClasses: vm.hostDevices.map((device) => device.class), nodeLocalDisks: true },
    }),
    keys: () => new Map<string, ClassSpec>().keys(),
  };
}

/** Every image exists, is a disk and has no mask. */
const anyImage = {
  get: (): ImageSpec => ({ namespace: 'default', name: 'any', format: 'raw', source: { kind: 'path', path: 'any' } }),
  keys: () => new Map<string, ImageSpec>().keys(),
};

/** Has every CPU and page that a spec may name. */
const largestHost = {
  numaNodes: [0, 1].map((id) => ({
    id,
    cpus: id === 0 ? `0-${cpuNumberLimit - 2}` : String(cpuNumberLimit - 1),
    memoryMiB: 1,
    hugepages: ['2Mi', '1Gi'].map((size) => ({ size, total: 1_000_000_000 })),
  })),
  caches: [],
  pciDevices: [],
};
