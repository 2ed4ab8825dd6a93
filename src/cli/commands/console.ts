/** `rtvm console`: the serial port of a VM of this host. */
import { Argument, Option } from 'commander';
import type { Command } from 'commander';
import type { Io } from '../io.ts';

export interface ConsoleChoices {
  readonly force?: boolean;
  readonly readOnly?: boolean;
}

export interface ConsoleOptions extends ConsoleChoices {
  readonly libvirtSocket?: string;
}

export function addConsoleOptions(command: Command): Command {
  return command
    .addOption(new Option('--force', 'end the session of whoever is connected now'))
    .addOption(new Option('--read-only', 'watch only: what is typed is not sent'));
}

export function register(program: Command, io: Io): void {
  const command = program.command('console')
    .summary("connect to the serial port of one of this host's VMs")
    .description("Connects this terminal to the serial port of a VM that runs on this host. Ctrl-] ends the connection, not the VM. In a cluster, \"kubectl rtvm console\" does it from anywhere.")
    .addArgument(new Argument('<vm>', '[namespace/]name, or the UID of the RealtimeVM'))
    .addOption(new Option('--libvirt-socket <path>', "libvirt's socket (default: /run/libvirt/virtqemud-sock or libvirt-sock)").env('RTVM_LIBVIRT_SOCKET'));
  addConsoleOptions(command)
    .addHelpText('after', '\nExample:\n  rtvm console default/probe')
    .action(async (name: string, options: ConsoleOptions) => {
      const { attachConsole } = await import('../console/attach.ts');
      io.exitCode = await attachConsole(name, options, io);
    });
}
