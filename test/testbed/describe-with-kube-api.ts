// Test groups that need an API server: counted as skipped, with the reason in their name, where there is none.
import { describe } from 'vitest';
import { kubeApiMissing } from './kube-api-binaries.ts';

/** As vitest's `describe`. Its tests are skipped, and say why, where no API server can be started. */
export function describeWithKubeApi(name: string, tests: () => void): void {
  const missing = kubeApiMissing();
  if (missing === undefined) describe(name, tests);
  else describe.skip(`${name} (${missing})`, tests);
}
