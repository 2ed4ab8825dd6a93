/** Writes, or takes back, a person's word that the machine of a node is off. */
import { userInfo } from 'node:os';
import { outOfServiceWord } from '../../../controller/node-facts.ts';
import { isStoreError } from '../../../store/errors.ts';
import { loadKubeConfig } from '../../../store/kubernetes/kube-config.ts';
import type { FenceOptions } from '../../commands/live/fence.ts';
import { confirm } from '../../confirm.ts';
import { CommandError } from '../../exit.ts';
import type { ExitCode } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { howToBeSure } from '../../machine-off.ts';
import { withCluster } from '../connect.ts';
import type { Live } from '../connect.ts';
import { harmless } from '../harmless.ts';
import { chosenNodes } from '../named-nodes.ts';
import { readNodeStates } from '../node-state.ts';
import { fenceChange, unfenceChange } from './fence-change.ts';
import type { FenceChange } from './fence-change.ts';

export async function fence(name: string, options: FenceOptions, io: Io): Promise<ExitCode> {
  return withCluster(options, async (live): Promise<ExitCode> => {
    const who = nameOfPerson(options);
    let confirmed = false;
    for (;;) {
      const { node, change } = await decide(name, options.undo, who, live);
      if (change.kind === 'refused') throw new CommandError('REFUSED', `RealtimeNode ${name}: ${harmless(change.message)}`);
      if (change.kind === 'nothing') {
        io.err(`RealtimeNode ${name}: ${harmless(change.message)}`);
        return 0;
      }
      if (change.value !== null && !confirmed) {
        io.err(howToBeSure([name]));
        await confirm(`Is ${name} off?`, options.yes, io, live.signal);
        confirmed = true;
        // What was asked may have taken long.
        continue;
      }
      try {
        await live.store.patch(node, { annotations: { [outOfServiceWord]: change.value } }, live.signal);
        io.err(`RealtimeNode ${name}: ${harmless(change.message)}`);
        return 0;
      } catch (error) {
        if (!isStoreError(error, 'CONFLICT')) throw error;
      }
    }
  });
}

type Node = Awaited<ReturnType<typeof chosenNodes>>[number];

async function decide(name: string, undo: boolean, who: string, live: Live): Promise<{ readonly node: Node; readonly change: FenceChange }> {
  const [node] = await chosenNodes([name], live);
  if (node === undefined) throw new CommandError('NODE_MISSING', `there is no RealtimeNode ${name}`);
  return { node, change: undo ? unfenceChange(node) : fenceChange(node, await readNodeStates(live), who) };
}

/** As the kubeconfig calls the account, and this machine the person. */
function nameOfPerson(options: FenceOptions): string {
  const account = loadKubeConfig(options).getCurrentUser()?.name ?? 'unknown';
  return `${account} (${userInfo().username})`;
}
