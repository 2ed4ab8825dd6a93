/** Several files changed as one: after a crash at any instant, all of the changes are there or none. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Random } from '../../runtime/random.ts';
import { StoreError } from '../errors.ts';
import { errno, readIfThere, removeStagedFiles, replaceFile, stageFile, storageError, syncDirectory } from './atomic-file.ts';
import type { StateLayout } from './layout.ts';

export type FileChange =
  | { readonly kind: 'write'; readonly file: string; readonly content: string }
  | { readonly kind: 'remove'; readonly file: string };

/** A step of a committed transaction; doing it twice is as doing it once. Paths are relative to the state directory. */
type JournalStep = { readonly rename: string; readonly to: string } | { readonly remove: string };

/**
 * Makes all changes, durably. Everything that needs space is written first, under staged names; then the journal, whose rename is the
 * instant of the commit; then only renames and removals, which {@link recover} repeats if they are cut short.
 * Only the holder of the directory's lock may call it.
 * @throws StoreError STORAGE_FULL or STORAGE_FAILED; before the commit, nothing has changed.
 */
export async function commit(layout: StateLayout, changes: readonly FileChange[], random: Random): Promise<void> {
  if (changes.length === 0) return;
  const staged: string[] = [];
  const steps: JournalStep[] = [];
  try {
    for (const change of changes) {
      if (change.kind === 'remove') {
        steps.push({ remove: path.relative(layout.root, change.file) });
        continue;
      }
      const file = await stageFile(change.file, change.content, random);
      staged.push(file);
      steps.push({ rename: path.relative(layout.root, file), to: path.relative(layout.root, change.file) });
    }
    // One rename or removal is a commit by itself.
    if (changes.length === 1) {
      await perform(layout, steps);
      return;
    }
    const journal = await stageFile(layout.journal, JSON.stringify(steps), random);
    staged.push(journal);
    await replaceFile(journal, layout.journal);
  } catch (error) {
    for (const file of staged) await rm(file, { force: true });
    throw error;
  }
  await syncDirectory(path.dirname(layout.journal));
  await finish(layout, steps);
}

/**
 * Ends a transaction that a killed process had committed. Only the holder of the directory's lock may call it, before anything else.
 * @throws StoreError DAMAGED if the journal was changed by hand.
 */
export async function recover(layout: StateLayout): Promise<void> {
  const text = await readIfThere(layout.journal);
  if (text !== undefined) await finish(layout, parseJournal(layout, text));
}

/** Removes what was staged by a process that was killed before it could commit. */
export async function sweep(layout: StateLayout): Promise<void> {
  for (const directory of layout.directories) await removeStagedFiles(directory);
}

async function finish(layout: StateLayout, steps: readonly JournalStep[]): Promise<void> {
  await perform(layout, steps);
  await rm(layout.journal, { force: true });
  // A journal that came back after a loss of power could remove what has been written since.
  await syncDirectory(path.dirname(layout.journal));
}

async function perform(layout: StateLayout, steps: readonly JournalStep[]): Promise<void> {
  const touched = new Set<string>();
  for (const step of steps) {
    const target = path.join(layout.root, 'remove' in step ? step.remove : step.to);
    if ('remove' in step) await removeFile(target);
    else await renameOnce(path.join(layout.root, step.rename), target);
    touched.add(path.dirname(target));
  }
  for (const directory of touched) await syncDirectory(directory);
}

async function removeFile(file: string): Promise<void> {
  try {
    await rm(file, { force: true });
  } catch (error) {
    throw storageError(`cannot remove ${file}`, error);
  }
}

async function renameOnce(staged: string, target: string): Promise<void> {
  try {
    await replaceFile(staged, target);
  } catch (error) {
    const alreadyDone = error instanceof StoreError && errno(error.cause) === 'ENOENT';
    if (!alreadyDone) throw error;
  }
}

function parseJournal(layout: StateLayout, text: string): readonly JournalStep[] {
  const damaged = (cause?: unknown) => new StoreError('DAMAGED', `${layout.journal} is damaged: it should list the steps of an unfinished change. Remove it if nobody knows better: each object is then as it was before or after that change`, { cause });
  let steps: unknown;
  try {
    steps = JSON.parse(text);
  } catch (error) {
    throw damaged(error);
  }
  if (!Array.isArray(steps) || !steps.every((step) => isStep(layout, step))) throw damaged();
  return steps;
}

function isStep(layout: StateLayout, step: unknown): step is JournalStep {
  if (typeof step !== 'object' || step === null) return false;
  if ('remove' in step) return isInside(layout, step.remove);
  return 'rename' in step && 'to' in step && isInside(layout, step.rename) && isInside(layout, step.to);
}

/** A journal may touch the files of the layout's directories and nothing else. */
function isInside(layout: StateLayout, relative: unknown): boolean {
  return typeof relative === 'string' && layout.directories.includes(path.dirname(path.join(layout.root, relative)));
}
