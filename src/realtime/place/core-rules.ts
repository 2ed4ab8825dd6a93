/** Which cores a guest's dedicated vCPUs may use, and what it keeps from others of the cores that it uses. Rules 4.3 to 4.6. */
import type { CoreSharing, ThreadPolicy } from '../spec.ts';
import type { CoreState } from './core-state.ts';

export interface CoreRules {
  readonly threadPolicy: ThreadPolicy;
  readonly coreSharing: CoreSharing;
}

/** How many CPUs of a core vCPUs may use. */
export function roomFor(core: CoreState, { threadPolicy, coreSharing }: CoreRules): number {
  switch (threadPolicy) {
    case 'Isolate': return core.whole ? 1 : 0;
    case 'Require': return core.whole && core.threads.length > 1 ? core.free.length : 0;
    case 'Prefer': return coreSharing === 'Allow' || core.open ? core.free.length : 0;
  }
}

/** Whether the isolated emulator may be on a core at all, as far as other VMs go. */
export function mayHoldEmulator(core: CoreState, { coreSharing }: CoreRules): boolean {
  return core.free.length > 0 && (coreSharing === 'Allow' || core.open);
}

/** Whether nobody else gets what this guest leaves over of a core. */
export function keepsSiblings({ threadPolicy, coreSharing }: CoreRules, holds: { readonly vcpus: boolean }): boolean {
  return coreSharing === 'Forbid' || (holds.vcpus && threadPolicy !== 'Prefer');
}
