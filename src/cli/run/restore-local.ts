/** A restore of one host's state directory: shown, and accepted. It is written on the RealtimeNode. */
import { restoreIn, withAcceptance } from '../../controller/restore-words.ts';
import { DirectoryStore } from '../../store/directory/directory-store.ts';
import { isStoreError } from '../../store/errors.ts';
import type { Stored } from '../../store/resource.ts';
import type { LocalRestoreOptions } from '../commands/restore.ts';
import { confirm } from '../confirm.ts';
import { CommandError, UsageError } from '../exit.ts';
import type { ExitCode } from '../exit.ts';
import type { Io } from '../io.ts';
import { printData } from '../live/harmless.ts';
import { acceptanceOf } from '../restore/acceptance.ts';
import { restoreState } from '../restore/restore-state.ts';
import type { RestoreState } from '../restore/restore-state.ts';
import { hostWords, restoreReport, restoreText } from '../restore/restore-text.ts';
import { Interrupt } from './interrupt.ts';

/** @returns 1 where one is open. */
export async function showLocal(options: LocalRestoreOptions, io: Io): Promise<ExitCode> {
  if (options.yes) throw new UsageError('--yes goes with accept: rtvm restore accept');
  return withStore(options, async (store, signal): Promise<ExitCode> => {
    const { state } = await readState(store, signal);
    if (options.output === 'text') io.out(restoreText(state, hostWords, io));
    else printData(restoreReport(state, hostWords), options.output, io);
    return state === undefined ? 0 : 1;
  });
}

export async function acceptLocal(options: LocalRestoreOptions, io: Io): Promise<ExitCode> {
  return withStore(options, async (store, signal): Promise<ExitCode> => {
    const { state, node } = await readState(store, signal);
    // Without a cluster there is nowhere else to run, so no machine is called off.
    const acceptance = acceptanceOf(state, [], () => false);
    if (acceptance.kind === 'refused' || node === undefined) {
      throw new CommandError('REFUSED', state === undefined ? 'no restore of the state directory is open, so there is nothing to accept' : `this host has not answered yet; accepted: once "rtvm run" is at work here`);
    }
    if (acceptance.kind === 'nothing') {
      io.err(`restore ${state?.id ?? ''}: ${acceptance.message}`);
      return 0;
    }
    io.err(restoreText(state, hostWords, io));
    await confirm('Accept that the state directory is as it is?', options.yes, io, signal);
    await write(store, node, acceptance.id, signal);
    io.err(`restore ${acceptance.id}: accepted; "rtvm run" ends it once each run says what lives`);
    return 0;
  });
}

async function withStore(options: LocalRestoreOptions, use: (store: DirectoryStore, signal: AbortSignal) => Promise<ExitCode>): Promise<ExitCode> {
  using interrupt = new Interrupt();
  const store = await DirectoryStore.open({ directory: options.stateDir, signal: interrupt.signal });
  try {
    return await use(store, interrupt.signal);
  } finally {
    await store.close();
  }
}

async function readState(store: DirectoryStore, signal: AbortSignal): Promise<{ readonly state: RestoreState | undefined; readonly node: Stored<'RealtimeNode'> | undefined }> {
  const [nodes, tables, vms] = await Promise.all([
    store.list('RealtimeNode', { signal }), store.list('RealtimeAllocation', { signal }), store.list('RealtimeVM', { signal }),
  ]);
  const node = nodes.find(({ metadata }) => restoreIn(metadata.annotations) !== undefined);
  return { node, state: restoreState({ annotations: node?.metadata.annotations, nodes, tables, vms }) };
}

/** Written over that very restore only. */
async function write(store: DirectoryStore, { metadata: { name } }: Stored<'RealtimeNode'>, id: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const node = await store.get('RealtimeNode', { name }, signal);
    if (node === undefined || restoreIn(node.metadata.annotations)?.id !== id) {
      throw new CommandError('REFUSED', `restore ${id} is not open any more; look again: rtvm restore`);
    }
    try {
      await store.update({ ...node, metadata: { ...node.metadata, annotations: withAcceptance(node.metadata.annotations, id, []) } }, signal);
      return;
    } catch (error) {
      if (!isStoreError(error, 'CONFLICT')) throw error;
    }
  }
}
