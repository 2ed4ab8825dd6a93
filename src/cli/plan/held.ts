/** What is taken before a plan begins: by the guests of RealtimeAllocations, and by orphans that RealtimeNodes report. */
import type { ParsedDocument } from '../../crds/parse-files.ts';
import { problemIn } from '../../crds/parse-files.ts';
import type { DocumentProblem } from '../../crds/document-problem.ts';
import { placementFromWire } from '../../crds/placement-wire.ts';
import type { PlacementWire } from '../../crds/placement-schema.ts';
import { vmUid } from '../../realtime/ids.ts';
import type { VmUid } from '../../realtime/ids.ts';
import type { Placement } from '../../realtime/placement.ts';

export interface HeldGuest {
  readonly uid: VmUid;
  /** `namespace/name`; an orphan's domain where its VM is not known. */
  readonly name: string;
  readonly placement: Placement;
}

export interface HeldGuests {
  readonly held: readonly HeldGuest[];
  readonly problems: readonly DocumentProblem[];
}

export function readHeld(documents: readonly ParsedDocument[]): HeldGuests {
  const held: HeldGuest[] = [];
  const problems: DocumentProblem[] = [];
  for (const document of documents) {
    for (const { path, uid, name, placement } of claimsOf(document)) {
      const checked = placementFromWire(placement, path);
      if (checked.ok) held.push({ uid: vmUid(uid), name, placement: checked.value });
      else problems.push(...checked.problems.map((problem) => problemIn(document, problem)));
    }
  }
  return { held, problems };
}

interface Claim {
  /** Of the placement, in its document. */
  readonly path: string;
  readonly uid: string;
  readonly name: string;
  readonly placement: PlacementWire;
}

function claimsOf({ resource }: ParsedDocument): readonly Claim[] {
  switch (resource.kind) {
    case 'RealtimeAllocation':
      return resource.spec.guests.map(({ vm, placement }, index) => ({ path: `spec.guests[${index}].placement`, uid: vm.uid, name: `${vm.namespace}/${vm.name}`, placement }));
    case 'RealtimeNode':
      return (resource.status?.orphans ?? []).flatMap(({ domain, uuid, vm, placement }, index) => (placement === undefined ? [] : [{
        path: `status.orphans[${index}].placement`, uid: vm?.uid ?? uuid, name: vm === undefined ? domain : `${vm.namespace}/${vm.name}`, placement,
      }]));
    case 'RealtimeVM':
    case 'RealtimeVMClass':
    case 'RealtimeImage':
      return [];
  }
}
