/** Connects this terminal to a VM's serial port, through the agent of its node. */
import type { LiveConsoleOptions } from '../../commands/live/console.ts';
import { CommandError } from '../../exit.ts';
import type { ExitCode } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { requireAgent } from '../agents.ts';
import { withCluster } from '../connect.ts';
import { whyNotReady } from '../get/vm-row.ts';
import { harmless } from '../harmless.ts';
import { findVm, vmName } from '../named-vms.ts';
import { execInAgent, handOverToKubectl } from '../run-kubectl.ts';

export async function consoleLive(name: string, options: LiveConsoleOptions, io: Io): Promise<ExitCode> {
  const args = await withCluster(options, async (live) => {
    const vm = await findVm(name, live);
    const nodeName = vm.status?.placement?.nodeName;
    if (nodeName === undefined) throw new CommandError('NOT_PLACED', `RealtimeVM ${vmName(vm)} is on no node, so it has no serial port: ${harmless(whyNotReady(vm)) || vm.status?.phase || 'New'}`);
    const pod = await requireAgent(nodeName, live);
    const choices = [...(options.force === true ? ['--force'] : []), ...(options.readOnly === true ? ['--read-only'] : [])];
    // By UID: a VM made anew under the same name is another one.
    return execInAgent(pod.metadata.name, io.readsTerminal ? ['-i', '-t'] : ['-i'], ['rtvm', 'console', ...choices, vm.metadata.uid], live);
  });
  // Ctrl-C belongs to the guest from here on.
  return await handOverToKubectl(args, io) === 0 ? 0 : 1;
}
