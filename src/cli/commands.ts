/** Every command of `rtvm`, in the order in which the help lists them. */
import type { Command } from 'commander';
import { register as agent } from './commands/agent.ts';
import { register as completion } from './commands/completion.ts';
import { register as console } from './commands/console.ts';
import { register as controller } from './commands/controller.ts';
import { register as deleteVm } from './commands/delete.ts';
import { register as host } from './commands/host.ts';
import { register as kubectl } from './commands/kubectl.ts';
import { register as latency } from './commands/latency.ts';
import { register as plan } from './commands/plan.ts';
import { register as render } from './commands/render.ts';
import { register as restore } from './commands/restore.ts';
import { register as run } from './commands/run.ts';
import { register as ui } from './commands/ui.ts';
import { register as validate } from './commands/validate.ts';
import { register as verify } from './commands/verify.ts';
import type { Io } from './io.ts';

/**
 * Adds one command to the program: `src/cli/commands/NAME.ts` exports one such function, named `register`.
 *
 * It only declares the name, options and help. What the command does lies in another module, which its action imports
 * when it runs (`const { plan } = await import('../plan/plan.ts')`), so that no command pays for another's start-up.
 * The action sets `io.exitCode` to what the command returned. To give up it throws: `CommandError` or any of our errors
 * (message printed, exit 1), or `UsageError` (exit 2).
 */
export type RegisterCommand = (program: Command, io: Io) => void;

export const commands: readonly RegisterCommand[] = [validate, plan, render, run, verify, console, deleteVm, restore, host, latency, ui, controller, agent, kubectl, completion];
