/** A restore of the cluster's store: shown, and accepted. */
import { restoreIn, withAcceptance } from '../../../controller/restore-words.ts';
import { isStoreError } from '../../../store/errors.ts';
import type { Lease } from '../../../store/foreign.ts';
import type { RestoreOptions } from '../../commands/live/restore.ts';
import { confirm } from '../../confirm.ts';
import { leaderLease } from '../../controller/leader-lease.ts';
import { CommandError, UsageError } from '../../exit.ts';
import type { ExitCode } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { howToBeSure } from '../../machine-off.ts';
import { acceptanceOf } from '../../restore/acceptance.ts';
import { restoreState } from '../../restore/restore-state.ts';
import type { RestoreState } from '../../restore/restore-state.ts';
import { clusterWords, restoreReport, restoreText } from '../../restore/restore-text.ts';
import { withCluster } from '../connect.ts';
import type { Live } from '../connect.ts';
import { harmless, printData } from '../harmless.ts';
import { leaseState, readNodeStates } from '../node-state.ts';

/** @returns 1 where one is open. */
export async function showLive(options: RestoreOptions, io: Io): Promise<ExitCode> {
  if (options.off.length > 0 || options.yes) throw new UsageError('--off and --yes go with accept: kubectl rtvm restore accept');
  return withCluster(options, async (live): Promise<ExitCode> => {
    const state = harmless(await readState(live));
    if (options.output === 'text') io.out(restoreText(state, clusterWords, io));
    else printData(restoreReport(state, clusterWords), options.output, io);
    return state === undefined ? 0 : 1;
  });
}

export async function acceptLive(options: RestoreOptions, io: Io): Promise<ExitCode> {
  return withCluster(options, async (live): Promise<ExitCode> => {
    const [state, states] = [await readState(live), await readNodeStates(live)];
    const acceptance = acceptanceOf(state, options.off, (node) => leaseState(node, states)?.alive === true);
    if (acceptance.kind === 'refused') throw new CommandError('REFUSED', acceptance.message);
    if (acceptance.kind === 'nothing') {
      io.err(`restore ${state?.id ?? ''}: ${acceptance.message}`);
      return 0;
    }
    io.err(restoreText(harmless(state), clusterWords, io));
    if (options.off.length > 0) io.err(howToBeSure(options.off));
    const called = acceptance.off.length === 0 ? '' : ` and that ${acceptance.off.join(', ')} ${acceptance.off.length === 1 ? 'is' : 'are'} off`;
    await confirm(`Accept that the store is as it is${called}?`, options.yes, io, live.signal);
    await write(acceptance.id, acceptance.off, live);
    io.err(`restore ${acceptance.id}: accepted${called}; it ends once each run says what lives (kubectl rtvm restore)`);
    return 0;
  });
}

async function readState({ store, systemNamespace, signal }: Live): Promise<RestoreState | undefined> {
  const lease = await readLease({ store, systemNamespace, signal });
  const { annotations } = lease.metadata;
  if (restoreIn(annotations) === undefined) return undefined;
  const [nodes, tables, vms] = await Promise.all([
    store.list('RealtimeNode', { signal }), store.list('RealtimeAllocation', { signal }), store.list('RealtimeVM', { signal }),
  ]);
  return restoreState({ annotations, nodes, tables, vms });
}

async function readLease({ store, systemNamespace, signal }: Pick<Live, 'store' | 'systemNamespace' | 'signal'>): Promise<Lease> {
  const lease = await store.getForeign('Lease', { namespace: systemNamespace, name: leaderLease }, signal);
  if (lease !== undefined) return lease;
  throw new CommandError('NO_CONTROLLER', `there is no Lease ${leaderLease} in namespace ${systemNamespace}: no controller has led there yet, or rtvm is in another namespace (--system-namespace)`);
}

/** Written over that very restore only; the Lease itself is renewed every few seconds. */
async function write(id: string, off: readonly string[], live: Live): Promise<void> {
  const { store, signal } = live;
  for (;;) {
    const lease = await readLease(live);
    const { metadata } = lease;
    if (restoreIn(metadata.annotations)?.id !== id) {
      throw new CommandError('REFUSED', `restore ${id} is not open any more; look again: kubectl rtvm restore`);
    }
    try {
      await store.updateForeign('Lease', { ...lease, metadata: { ...metadata, annotations: withAcceptance(metadata.annotations, id, off) } }, signal);
      return;
    } catch (error) {
      if (!isStoreError(error, 'CONFLICT')) throw error;
    }
  }
}
