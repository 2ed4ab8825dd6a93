/** `rtvm kubectl`: the commands of `kubectl rtvm`, where the program is not installed as a plugin. */
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { kubectlCommands } from '../kubectl-commands.ts';

export function register(program: Command, io: Io): void {
  const group = program.command('kubectl')
    .summary('look at a cluster, as "kubectl rtvm" does')
    .description('The commands of "kubectl rtvm", which is this program under the name kubectl-rtvm.');
  for (const one of kubectlCommands) one(group, io);
}
