import { defineConfig } from 'vitest/config';

/** Minutes of processes killed at random; run by `make chaos`. */
const chaos = 'test/integration/chaos.test.ts';
const setupFiles = ['test/setup/cpu-set-equality.ts'];

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['src/**/*.test.ts', 'test/unit/**/*.test.ts', 'guest/**/*.test.ts'], setupFiles, testTimeout: 60_000 } },
      {
        // Real libvirtd, real QEMU, real threads: one file at a time, since they share two CPUs and one pool of huge pages.
        test: { name: 'integration', include: ['test/integration/**/*.test.ts'], exclude: [chaos], setupFiles, testTimeout: 180_000, hookTimeout: 180_000, fileParallelism: false },
      },
      { test: { name: 'chaos', include: [chaos], setupFiles, testTimeout: 900_000, hookTimeout: 180_000 } },
    ],
  },
});
