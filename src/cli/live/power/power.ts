/** Starts, stops and restarts VMs by their spec, and waits until it is so. */
import { isStoreError } from '../../../store/errors.ts';
import type { PowerAction, PowerOptions } from '../../commands/live/power.ts';
import { CommandError } from '../../exit.ts';
import type { ExitCode } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { withCluster } from '../connect.ts';
import type { Live } from '../connect.ts';
import { findVm, vmName } from '../named-vms.ts';
import type { Vm } from '../named-vms.ts';
import { changeFor } from './power-change.ts';
import { waitUntil } from './wait-until.ts';

/** @returns 1 where --wait has waited in vain. */
export async function power(action: PowerAction, names: readonly string[], options: PowerOptions, io: Io): Promise<ExitCode> {
  return withCluster(options, async (live): Promise<ExitCode> => {
    // All of them are there before the first is touched.
    for (const name of names) await findVm(name, live);
    const changed: { readonly before: Vm; readonly after: Vm }[] = [];
    for (const name of names) changed.push(await apply(action, name, live, io));
    if (options.wait !== true) return 0;
    const outcomes = await Promise.all(changed.map(async ({ before, after }) => waitUntil(action, before, after, 1000 * options.timeout, live, io)));
    return outcomes.every((reached) => reached) ? 0 : 1;
  });
}

/** Decided on what was read, and written only over that; decided again where somebody else was faster. */
async function apply(action: PowerAction, name: string, live: Live, io: Io): Promise<{ readonly before: Vm; readonly after: Vm }> {
  const { store, signal } = live;
  for (;;) {
    const vm = await findVm(name, live);
    const change = changeFor(action, vm, live.now());
    if (change.kind === 'refused') throw new CommandError('REFUSED', `RealtimeVM ${vmName(vm)}: ${change.message}`);
    if (change.kind === 'nothing') {
      io.err(`RealtimeVM ${vmName(vm)}: ${change.message}`);
      return { before: vm, after: vm };
    }
    try {
      const after = await store.patch(vm, change.patch, signal);
      io.err(`RealtimeVM ${vmName(vm)}: ${change.message}`);
      return { before: vm, after };
    } catch (error) {
      if (!isStoreError(error, 'CONFLICT')) throw error;
    }
  }
}
