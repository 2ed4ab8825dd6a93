/** Follows a VM until what was asked of it is so, and tells how it goes. */
import { Deadline } from '../../../runtime/deadline.ts';
import type { PowerAction } from '../../commands/live/power.ts';
import type { Io } from '../../io.ts';
import type { Live } from '../connect.ts';
import { conditionOf, vmName } from '../named-vms.ts';
import type { Vm } from '../named-vms.ts';

/** @returns whether it came to be in time; what happens is told on standard error. */
export async function waitUntil(action: PowerAction, before: Vm, after: Vm, timeoutMs: number, { store, signal }: Live, io: Io): Promise<boolean> {
  const name = `RealtimeVM ${vmName(after)}`;
  using deadline = new Deadline(io.runtime.clock, signal, timeoutMs);
  let told: string | undefined;
  let last = after;
  const { namespace, name: vmOnly, uid, generation } = after.metadata;
  for await (const event of store.watch('RealtimeVM', { namespace, name: vmOnly }, deadline.signal)) {
    if (event.type === 'synced' || event.type === 'problems') continue;
    if (event.type === 'deleted' || event.object.metadata.uid !== uid) {
      io.err(`${name}: it was deleted meanwhile`);
      return false;
    }
    last = event.object;
    if ((last.status?.observedGeneration ?? 0) < generation) continue;
    if (isReached(action, before, last)) {
      io.err(`${name}: ${action === 'stop' ? 'stopped, and its CPUs are given back' : `ready${last.status?.placement === undefined ? '' : ` on ${last.status.placement.nodeName}`}`}`);
      return true;
    }
    const stalled = stalledSince(last);
    // What a failed start before it has left says nothing of this one.
    if (action !== 'stop' && stalled !== undefined && stalled !== stalledSince(before)) {
      io.err(`${name}: ${progress(last)} (kubectl rtvm why ${vmOnly} -n ${namespace})`);
      return false;
    }
    const text = progress(last);
    if (text !== told) io.err(`${name}: ${text}`);
    told = text;
  }
  if (!signal.aborted) io.err(`${name}: not ${action === 'stop' ? 'stopped' : 'ready'} after ${timeoutMs / 1000} s: ${last.status?.phase ?? 'New'} (kubectl rtvm why ${vmOnly} -n ${namespace}); what was asked for still holds`);
  return false;
}

function isReached(action: PowerAction, before: Vm, now: Vm): boolean {
  switch (action) {
    case 'stop':
      // A NodeLocal disk keeps its node, so a stopped VM may have a place still.
      return now.status?.phase === 'Stopped';
    case 'start':
      return conditionOf(now, 'Ready')?.status === 'True';
    case 'restart':
      return conditionOf(now, 'Ready')?.status === 'True' && startOf(now) !== startOf(before);
  }
}

/** `Starting: the domain is being prepared and started`. */
function progress(vm: Vm): string {
  const phase = vm.status?.phase ?? 'New';
  const told = conditionOf(vm, phase === 'Pending' ? 'Placed' : phase === 'Running' ? 'Ready' : 'Running');
  return told === undefined || (phase === 'Running' && told.status === 'True') ? phase : `${phase}: ${told.message}`;
}

/** Since when it has needed a person; undefined where it does not. */
function stalledSince(vm: Vm): string | undefined {
  const stalled = conditionOf(vm, 'Stalled');
  return stalled?.status === 'True' ? stalled.lastTransitionTime : undefined;
}

/** Which start of the domain it is. */
function startOf({ status }: Vm): string {
  return `${status?.domain?.uuid ?? ''} ${status?.domain?.startedAt ?? ''}`;
}
