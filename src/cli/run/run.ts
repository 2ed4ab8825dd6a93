/** Runs VMs on this host: takes up the files, sees every VM through to proof, and then keeps them. */
import { ApplyError } from '../../store/directory/apply.ts';
import type { AppliedObject } from '../../store/directory/apply.ts';
import { isStoreError } from '../../store/errors.ts';
import { formatRef } from '../../crds/resource.ts';
import type { RunOptions } from '../commands/run.ts';
import { CommandError } from '../exit.ts';
import type { ExitCode } from '../exit.ts';
import { printProblems, printWarnings } from '../input/print-problems.ts';
import { checkManifests } from '../input/manifests.ts';
import { readInputFiles } from '../input/read-files.ts';
import { parseFiles } from '../../crds/parse-files.ts';
import type { Io } from '../io.ts';
import { thisHost } from '../../node-agent/host/host-root.ts';
import { kvmProblem } from '../../node-agent/host/virtualization.ts';
import { followUntilSettled, vmKey } from './follow.ts';
import { Interrupt } from './interrupt.ts';
import { openLocalNode } from './local-node.ts';
import type { LocalNode } from './local-node.ts';
import type { Outcome } from './outcome.ts';
import { remedyFor } from './remedies.ts';
import { requireRoom } from './require-room.ts';
import { waitUntilGone } from './wait-until-gone.ts';

/** @returns 1 where a VM of the files could not be run as asked for. */
export async function run(options: RunOptions, io: Io): Promise<ExitCode> {
  using interrupt = new Interrupt();
  const files = options.file === undefined ? undefined : await readInputFiles(options.file, io);
  if (files !== undefined) requireReadable(files, io);
  requireKvm(options, io);
  const node = await openLocalNode({ ...options, auditIntervalSeconds: options.auditInterval }, io, interrupt.signal);
  try {
    if (files !== undefined) await requireRoom(options.stateDir);
    const sinceMs = io.runtime.clock.date().getTime();
    const applied = files === undefined ? [] : await apply(node, files, interrupt.signal, io);
    const fine = await seeThrough(node, applied, sinceMs, interrupt.signal, io).catch((error: unknown) => { throw keptAll(error, options); });
    if (!fine) return 1;
    if (files !== undefined) {
      if (options.detach === true) return 0;
      io.err('rtvm: audits go on; Ctrl-C ends rtvm and leaves the VMs running');
    }
    await Promise.race([interrupt.happened, node.failed]);
    await tellLeftRunning(node, io);
    return 0;
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    await tellLeftRunning(node, io);
    return 0;
  } finally {
    await node.close();
  }
}

function requireKvm({ virtType }: RunOptions, io: Io): void {
  if (virtType === 'qemu') {
    io.err('rtvm: emulation was asked for (--virt-type qemu): guests run, but nothing here is realtime');
    return;
  }
  const problem = kvmProblem(thisHost);
  if (problem !== undefined) throw new CommandError('KVM_UNAVAILABLE', problem);
}

/** Problems in the files themselves, before anything is opened or changed. */
function requireReadable(files: Awaited<ReturnType<typeof readInputFiles>>, io: Io): void {
  const { problems, warnings } = checkManifests(parseFiles(files), 'warn');
  printProblems({ problems, warnings: [] }, io);
  if (problems.length > 0) throw new CommandError('MANIFESTS_REFUSED', `${problems.length === 1 ? 'the problem' : `the ${problems.length} problems`} above must be mended first; nothing was changed`);
  // A class or image that is not among the files may be kept here already.
  printWarnings(warnings.filter(({ code }) => code !== 'CLASS_MISSING' && code !== 'IMAGE_MISSING'), io);
}

async function apply(node: LocalNode, files: Awaited<ReturnType<typeof readInputFiles>>, signal: AbortSignal, io: Io): Promise<readonly AppliedObject[]> {
  try {
    const applied = await node.store.applyManifests(files, signal);
    for (const { ref, change } of applied) {
      if (ref.kind === 'RealtimeNode' && ref.name !== node.nodeName) io.err(`rtvm: ${formatRef(ref)} is not this host, which is ${node.nodeName} (--node-name says otherwise): VMs are not run there`);
      if (change !== 'unchanged') io.err(`${formatRef(ref)}: ${change}`);
    }
    return applied;
  } catch (error) {
    if (!(error instanceof ApplyError)) throw error;
    printProblems({ problems: error.problems, warnings: [] }, io);
    throw new CommandError('MANIFESTS_REFUSED', 'nothing was changed', { cause: error });
  }
}

/** Starts the node, waits for every VM of the files, and takes back those that are new and cannot run. @returns whether all is well. */
async function seeThrough(node: LocalNode, applied: readonly AppliedObject[], sinceMs: number, signal: AbortSignal, io: Io): Promise<boolean> {
  const vms = applied.filter(({ ref }) => ref.kind === 'RealtimeVM');
  const keys = new Set(vms.map(({ ref }) => vmKey(ref)));
  node.follow(keys);
  await node.start();
  const outcomes = await Promise.race([followUntilSettled(node.store, keys, sinceMs, io, signal), node.failed, ...(keys.size === 0 ? [] : [node.full])]);
  node.follow(new Set());
  const paused = vms.filter(({ ref }) => outcomes.get(vmKey(ref))?.kind === 'paused');
  const failed = vms.filter(({ ref }) => outcomes.get(vmKey(ref))?.kind === 'failed');
  if (failed.length + paused.length === 0) return true;
  for (const { ref } of [...paused, ...failed]) io.err(`rtvm: ${formatRef(ref)} cannot run: ${messageOf(outcomes.get(vmKey(ref)))}`);
  const fresh = failed.filter(({ change }) => change === 'created');
  await takeBack(node, fresh, signal);
  // Nothing of files that gave nothing is kept either.
  if (fresh.length === vms.length) await takeBack(node, applied.filter(({ ref, change }) => ref.kind !== 'RealtimeVM' && change === 'created'), signal);
  for (const { ref } of fresh) io.err(`rtvm: ${formatRef(ref)} was taken back: nothing of it is left`);
  return false;
}

async function takeBack(node: LocalNode, objects: readonly AppliedObject[], signal: AbortSignal): Promise<void> {
  for (const { ref } of objects) {
    try {
      await node.store.delete(ref.kind, ref, {}, signal);
    } catch (error) {
      if (!isStoreError(error, 'NOT_FOUND')) throw error;
    }
  }
  await Promise.race([waitUntilGone(node.store, objects.map(({ ref }) => ref), signal), node.failed, node.full]);
}

/** On a full disk nothing can be taken back either. */
function keptAll(error: unknown, { stateDir }: RunOptions): unknown {
  if (!isStoreError(error, 'STORAGE_FULL')) return error;
  return new CommandError('STATE_FULL', `${error.message}. What was taken up is kept in ${stateDir}: "rtvm run" goes on with it, "rtvm delete" ends it`, { cause: error });
}

async function tellLeftRunning(node: LocalNode, io: Io): Promise<void> {
  const running = (await node.store.list('RealtimeVM')).filter(({ status }) => status?.phase === 'Running').map(({ metadata }) => vmKey(metadata));
  if (running.length === 0) return;
  io.err(`rtvm: left running, without audits: ${running.join(', ')}; "rtvm run" looks after ${running.length === 1 ? 'it' : 'them'} again, "rtvm delete ${running.length === 1 ? running[0]! : 'NAME'}" ends ${running.length === 1 ? 'it' : 'one'}`);
}

function messageOf(outcome: Outcome | undefined): string {
  if (outcome?.kind === 'paused') return `${outcome.message} (Paused)`;
  if (outcome?.kind !== 'failed') return 'nothing is known of it';
  const remedy = remedyFor(outcome.reason);
  return `${outcome.message}${remedy === undefined ? '' : `: ${remedy}`} (${outcome.reason})`;
}
