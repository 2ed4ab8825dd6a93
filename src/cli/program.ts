/** The `rtvm` command: its commands, its options, and what a wrong call or an error prints. */
import { Command, CommanderError, Option } from 'commander';
import { isForPeople, UsageError } from './exit.ts';
import type { ExitCode } from './exit.ts';
import { colourChoices } from './io.ts';
import type { ColourChoice, Io } from './io.ts';
import { readVersion } from './process/version.ts';
import { rtvmForm } from './program-form.ts';
import type { ProgramForm } from './program-form.ts';

/**
 * Runs one command line.
 * @param args without the node and script paths
 * @returns what to exit with; errors have been printed, never thrown.
 */
export async function runProgram(args: readonly string[], io: Io, form: ProgramForm = rtvmForm): Promise<ExitCode> {
  try {
    await buildProgram(io, form).parseAsync(args, { from: 'user' });
    return io.exitCode;
  } catch (error) {
    return reportError(error, io);
  }
}

export function buildProgram(io: Io, { name, description, commands }: ProgramForm): Command {
  const program = new Command(name)
    .description(description)
    .version(readVersion(), '--version', 'print the version')
    .helpOption('-h, --help', 'print help for a command')
    .helpCommand('help [command]', 'print help for a command')
    .addOption(new Option('--color <when>', 'colour in the output').choices(colourChoices).default('auto'))
    .on('option:color', (choice: ColourChoice) => io.chooseColour(choice))
    .showHelpAfterError(`(${name} --help lists commands and options)`)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text),
      writeErr: (text) => io.err(text),
      getOutHelpWidth: () => io.columns,
      getErrHelpWidth: () => io.columns,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      outputError: (text, write) => write(text.replace(/^error: /, 'rtvm: ')),
    })
    .addHelpText('after', '\nExit status: 0 fine, 1 refused or not fitting, 2 called wrongly.\nRTVM_DEBUG=1 shows the stack of an unexpected error.');
  for (const register of commands) register(program, io);
  for (const command of program.commands) pointToHelp(command, name);
  return program;
}

/** A wrong call is told which help to read: the command's own. */
function pointToHelp(command: Command, parent: string): void {
  const name = `${parent} ${command.name()}`;
  command.showHelpAfterError(`(${name} --help shows ${command.commands.length > 0 ? 'its commands' : 'its options'})`);
  for (const child of command.commands) pointToHelp(child, name);
}

function reportError(error: unknown, io: Io): ExitCode {
  // Commander has printed its own message, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const debug = (io.env['RTVM_DEBUG'] ?? '') !== '';
  if (isForPeople(error)) io.err(`rtvm: ${error.message}`);
  else io.err(`rtvm: unexpected error: ${oneLine(error)}${debug ? '' : ' (RTVM_DEBUG=1 shows the stack)'}`);
  if (debug) io.err(stackOf(error));
  return error instanceof UsageError ? 2 : 1;
}

function oneLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').trim();
}

/** The stack, with those of the errors that caused it. */
function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? error.message;
  return error.cause === undefined ? own : `${own}\nCaused by: ${stackOf(error.cause)}`;
}
