/** Plans VMs over hosts, one after the other, each seeing what those before it took. */
import type { Decision } from '../../realtime/decision.ts';
import type { Guest } from '../../realtime/guest.ts';
import type { VmIdentity, VmUid } from '../../realtime/ids.ts';
import type { Cluster } from '../../realtime/place/cluster.ts';
import type { Placement } from '../../realtime/placement.ts';

export interface PlannedVm {
  readonly vm: VmIdentity;
  readonly guest: Guest;
}

export interface PlanItem extends PlannedVm {
  readonly decision: Decision;
}

/**
 * Decides and books in the given order; a VM that does not fit takes nothing from those after it.
 * @param placed what VMs hold already: these stay where they are.
 */
export function planVms<Vm extends PlannedVm>(vms: readonly Vm[], placed: ReadonlyMap<VmUid, Placement>, cluster: Cluster): (Vm & PlanItem)[] {
  return vms.map((planned) => {
    const { vm, guest } = planned;
    const held = placed.get(vm.uid);
    if (held !== undefined) return { ...planned, decision: { kind: 'placed', placement: held } };
    const decision = cluster.decide(guest);
    if (decision.kind === 'placed') cluster.commit(vm.uid, decision.placement);
    return { ...planned, decision };
  });
}
