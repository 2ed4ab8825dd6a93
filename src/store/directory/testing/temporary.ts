/** State directories for tests, gone after each test. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { machineRuntime } from '../../../runtime/runtime.ts';
import type { Runtime } from '../../../runtime/runtime.ts';
import { DirectoryStore } from '../directory-store.ts';

export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), 'rtvm-store-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Fixed, so that whole objects can be compared. */
export const testTime = '2026-01-31T12:00:00.000Z';

/** The machine's, on a wall clock that stands. */
export const atTestTime: Runtime = { ...machineRuntime, clock: { ...machineRuntime.clock, date: () => new Date(testTime) } };

/** A store on a new directory, or on the one given, closed after the test. */
export async function openStore(directory?: string): Promise<{ readonly directory: string; readonly store: DirectoryStore }> {
  const root = directory ?? await temporaryDirectory();
  const store = await DirectoryStore.open({ directory: root, runtime: atTestTime });
  onTestFinished(() => store.close());
  return { directory: root, store };
}
