/** `rtvm completion`: what a shell needs to complete command lines; and the hidden command that it asks. */
import { Argument } from 'commander';
import type { Command } from 'commander';
import { shells } from '../completion/scripts.ts';
import type { Shell } from '../completion/scripts.ts';
import type { Io } from '../io.ts';

export function register(program: Command, io: Io): void {
  program.command('completion')
    .summary('print the completion script of a shell')
    .description('Prints a script that teaches a shell to complete commands, options, and names of VMs and nodes.')
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .addHelpText('after', '\nExamples:\n  source <(rtvm completion bash)\n  rtvm completion zsh > "${fpath[1]}/_rtvm"\n  rtvm completion fish > ~/.config/fish/completions/rtvm.fish\n  kubectl rtvm completion kubectl > ~/bin/kubectl_complete-rtvm && chmod +x ~/bin/kubectl_complete-rtvm')
    .action(async (shell: Shell) => {
      const { completionScript } = await import('../completion/scripts.ts');
      io.out(completionScript(shell));
    });
  // As cobra names it, which is what kubectl expects of its plugins.
  program.command('__complete', { hidden: true }).argument('[words...]').allowUnknownOption().helpOption(false).action(async (words: string[]) => {
    const { complete } = await import('../completion/complete.ts');
    io.out(await complete(program, words, io));
  });
}
