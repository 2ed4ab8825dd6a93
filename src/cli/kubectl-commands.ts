/** Every command of `kubectl rtvm`, in the order in which the help lists them. */
import type { RegisterCommand } from './commands.ts';
import { register as completion } from './commands/completion.ts';
import { register as console } from './commands/live/console.ts';
import { register as fence } from './commands/live/fence.ts';
import { register as get } from './commands/live/get.ts';
import { register as hostCheck } from './commands/live/host-check.ts';
import { register as plan } from './commands/live/plan.ts';
import { registerRestart, registerStart, registerStop } from './commands/live/power.ts';
import { register as restore } from './commands/live/restore.ts';
import { register as top } from './commands/live/top.ts';
import { register as topology } from './commands/live/topology.ts';
import { register as ui } from './commands/live/ui.ts';
import { register as verify } from './commands/live/verify.ts';
import { register as why } from './commands/live/why.ts';

export const kubectlCommands: readonly RegisterCommand[] = [
  get, why, plan, verify, top, topology, hostCheck, registerStart, registerStop, registerRestart, console, fence, restore, ui, completion,
];
