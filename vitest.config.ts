import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import allowed from './test/allowed.json' with { type: 'json' };

/** Hundreds of processes killed at random; `make chaos` runs it alone, by other seeds and with more kills. */
const chaos = 'test/integration/chaos.test.ts';
/** Two minutes in which next to nothing is to happen; `make test` has the unit tests run beside it. */
const idle = 'test/integration/idle-agents.test.ts';
/** Integration tests of old, which may be tried again where a machine stalls. This list only gets shorter. */
const secondTry = allowed.secondTries.files;
/** What is looked for again and again is waited for, on a busy machine too; a second is vitest's own default. */
const patient = { poll: { timeout: 30_000 } };
const setupFiles = ['test/setup/cpu-set-equality.ts'];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/unit/**/*.test.ts', 'guest/**/*.test.ts'],
          setupFiles, expect: patient, testTimeout: 60_000,
        },
      },
      {
        // Real libvirtd, real QEMU, real threads: one file at a time, since they share two CPUs and one pool of huge pages.
        // scripts/count-tests.ts reports each second try, and allows few.
        test: {
          name: 'integration', include: secondTry, retry: 1,
          setupFiles, expect: patient, testTimeout: 180_000, hookTimeout: 180_000, fileParallelism: false,
        },
      },
      // Every state of small worlds; a world is as large as it is, however long that takes. It computes and nothing else.
      { test: { name: 'exploration', include: ['test/exploration/**/*.test.ts'], testTimeout: 3_600_000, maxWorkers: 2 } },
      // Histories are processes of their own, as many at a time as there are CPUs.
      {
        test: {
          name: 'simulation', include: ['test/simulation/**/*.test.ts'], testTimeout: 1_800_000, fileParallelism: false,
          maxConcurrency: availableParallelism(),
        },
      },
      { test: { name: 'idle', include: [idle], setupFiles, expect: patient, hookTimeout: 180_000 } },
      {
        // What must never happen, not even once (killed processes, two at once, absence, hostile text), and every file that
        // is new. A second try would hide it.
        test: {
          name: 'once', include: ['test/integration/**/*.test.ts'], exclude: [idle, ...secondTry],
          setupFiles, expect: patient, testTimeout: 180_000, hookTimeout: 180_000, fileParallelism: false,
        },
      },
      { test: { name: 'chaos', include: [chaos], setupFiles, expect: patient, testTimeout: 900_000, hookTimeout: 180_000 } },
    ],
  },
});
