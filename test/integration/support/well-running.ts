// What a VM comes to on this machine where all is well. Without /dev/kvm a realtime VM is emulated: it runs, and is never
// verified nor ready.
import { usableVirtType } from '../../testbed/tiny-domain.ts';
import { conditionOf } from './stored.ts';
import type { StoredVm } from './stored.ts';

export const hasKvm = usableVirtType() === 'kvm';

/** As `rtvm run` says it of a VM. */
export function wellSaid(name: string): RegExp {
  return new RegExp(`${name}: running ${hasKvm ? 'and verified' : '(and verified|EMULATED)'}`);
}

export function isWell(vm: StoredVm | undefined): boolean {
  const ready = conditionOf(vm, 'Ready');
  return ready === 'True RunningVerified' || (!hasKvm && ready === 'False Emulated');
}
