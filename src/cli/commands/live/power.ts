/** `kubectl rtvm start`, `stop` and `restart`. */
import { Argument, Option } from 'commander';
import type { Command } from 'commander';
import type { Io } from '../../io.ts';
import { addLiveOptions, secondsBetween } from './live-options.ts';
import type { LiveOptions } from './live-options.ts';

export interface PowerOptions extends LiveOptions {
  readonly wait?: boolean;
  readonly timeout: number;
}

export type PowerAction = 'start' | 'stop' | 'restart';

const inGit = '\n\nWhere a pipeline keeps the VM as Git has it, change it there: the pipeline would put this back.';

export function registerStart(program: Command, io: Io): void {
  addPower(program, io, 'start')
    .summary('let stopped VMs run')
    .description('Sets spec.runStrategy of halted VMs to what it was before "stop", or else to Always.')
    .addHelpText('after', `\nExample:\n  kubectl rtvm start du-1 --wait${inGit}`);
}

export function registerStop(program: Command, io: Io): void {
  addPower(program, io, 'stop')
    .summary('stop VMs, and keep them stopped')
    .description('Sets spec.runStrategy to Halted, and notes what it was in the annotation rtvm.dev/run-strategy, for "start". The guest is asked to switch off, and is ended when its grace is over; its CPUs are given back.')
    .addHelpText('after', `\nExample:\n  kubectl rtvm stop du-1 --wait${inGit}`);
}

export function registerRestart(program: Command, io: Io): void {
  addPower(program, io, 'restart')
    .summary('restart VMs, with their spec as it is now')
    .description('Sets spec.restartedAt to now. The guest is switched off and started again; a changed spec is taken up.')
    .addHelpText('after', `\nExample:\n  kubectl rtvm restart du-1 --wait${inGit}`);
}

function addPower(program: Command, io: Io, action: PowerAction): Command {
  const command = program.command(action)
    .addArgument(new Argument('<vm...>', 'names, or NAMESPACE/NAME'))
    .addOption(new Option('--wait', 'wait until it is so, and tell how it goes'))
    .addOption(new Option('--timeout <seconds>', 'longest that --wait waits').argParser(secondsBetween(1, 86_400)).default(300));
  return addLiveOptions(command).action(async (names: string[], options: PowerOptions) => {
    const { power } = await import('../../live/power/power.ts');
    io.exitCode = await power(action, names, options, io);
  });
}
