import { defineConfig } from 'vitest/config';

/** Hundreds of processes killed at random; `make chaos` runs it alone, by other seeds and with more kills. */
const chaos = 'test/integration/chaos.test.ts';
/** Two minutes in which next to nothing is to happen; `make test` has the unit tests run beside it. */
const idle = 'test/integration/idle-agents.test.ts';
/** What must never happen, not even once: killed processes, two at once, absence, hostile text. A second try would hide it. */
const safety = ['absence', 'chaos', 'faults-two-at-once', 'hostile-strings', 'kill', 'kube-leader', 'restart', 'while-away'].map((name) => `test/integration/${name}.test.ts`);
const setupFiles = ['test/setup/cpu-set-equality.ts'];

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['src/**/*.test.ts', 'test/unit/**/*.test.ts', 'test/simulation/**/*.test.ts', 'guest/**/*.test.ts'], setupFiles, testTimeout: 60_000 } },
      {
        // Real libvirtd, real QEMU, real threads: one file at a time, since they share two CPUs and one pool of huge pages. What
        // waits for others on a machine that stalls may be tried again; scripts/count-tests.ts tells each, and allows few.
        test: { name: 'integration', include: ['test/integration/**/*.test.ts'], exclude: [idle, ...safety], setupFiles, testTimeout: 180_000, hookTimeout: 180_000, fileParallelism: false, retry: 1 },
      },
      { test: { name: 'idle', include: [idle], setupFiles, hookTimeout: 180_000 } },
      { test: { name: 'safety', include: safety, setupFiles, testTimeout: 180_000, hookTimeout: 180_000, fileParallelism: false } },
      { test: { name: 'chaos', include: [chaos], setupFiles, testTimeout: 900_000, hookTimeout: 180_000 } },
    ],
  },
});
