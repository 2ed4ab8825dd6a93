// What every success of the command line has in common.
import { expect } from 'vitest';
import type { CommandResult } from './local-host.ts';

/** Exit 0; where it is another, the failure tells what was said. */
export function expectDone({ exitCode, stderr }: CommandResult): void {
  expect(exitCode, stderr).toBe(0);
}
