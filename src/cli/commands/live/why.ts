/** `kubectl rtvm why`: what keeps a VM from being ready. */
import { Argument } from 'commander';
import type { Command } from 'commander';
import type { Io } from '../../io.ts';
import { outputOption } from '../options.ts';
import { addLiveOptions } from './live-options.ts';
import type { LiveOptions } from './live-options.ts';

export interface WhyOptions extends LiveOptions {
  readonly output: 'text' | 'json' | 'yaml';
}

export function register(program: Command, io: Io): void {
  const command = program.command('why')
    .summary('say why a VM waits or is not ready, and what to do')
    .description('Says in a sentence each what keeps a RealtimeVM from being ready, and what to do about it: its conditions, what each node lacks, findings of the audit, the state of its node and its last events.')
    .addArgument(new Argument('<vm>', 'name, or NAMESPACE/NAME'))
    .addOption(outputOption(['text', 'json', 'yaml']));
  addLiveOptions(command)
    .addHelpText('after', '\nExample:\n  kubectl rtvm why plc -n factory\n\nExits with 1 when the VM is not as its spec asks.')
    .action(async (name: string, options: WhyOptions) => {
      const { why } = await import('../../live/why/why.ts');
      io.exitCode = await why(name, options, io);
    });
}
