/** `kubectl rtvm console`: the serial port of a VM. */
import { Argument } from 'commander';
import type { Command } from 'commander';
import type { Io } from '../../io.ts';
import { addConsoleOptions } from '../console.ts';
import type { ConsoleChoices } from '../console.ts';
import { addLiveOptions } from './live-options.ts';
import type { LiveOptions } from './live-options.ts';

export type LiveConsoleOptions = LiveOptions & ConsoleChoices;

export function register(program: Command, io: Io): void {
  const command = program.command('console')
    .summary("connect to a VM's serial port")
    .description("Connects this terminal to a VM's serial port, by \"rtvm console\" in the agent of its node, through kubectl exec: whoever may exec into the agent's pod may do it. Ctrl-] ends the connection, not the VM.")
    .addArgument(new Argument('<vm>', 'name, or NAMESPACE/NAME'));
  addLiveOptions(addConsoleOptions(command))
    .addHelpText('after', '\nExample:\n  kubectl rtvm console du-1 -n ran')
    .action(async (name: string, options: LiveConsoleOptions) => {
      const { consoleLive } = await import('../../live/console/console-live.ts');
      io.exitCode = await consoleLive(name, options, io);
    });
}
