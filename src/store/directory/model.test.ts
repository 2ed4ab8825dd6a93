import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'vitest';
import { checkHistories } from '../testing/histories.ts';
import { DirectoryStore } from './directory-store.ts';

test('two processes on one directory never lose a write', { timeout: 120_000 }, async () => {
  await checkHistories(async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'rtvm-store-'));
    const stores = [await DirectoryStore.open({ directory }), await DirectoryStore.open({ directory })];
    return {
      stores,
      reopen: async (store) => {
        await store.close();
        return DirectoryStore.open({ directory });
      },
      end: async () => {
        for (const store of stores) await store.close();
        await rm(directory, { recursive: true });
      },
    };
  }, { deletionRaisesGeneration: false, staleWritesMayBeNone: false }, { numRuns: 200, maxCommands: 60, timeLimitMs: 60_000 });
});
