/** The entry of `rtvm`: the process's own streams and arguments, and nothing else. */
import process from 'node:process';
import { Io } from './io.ts';
import { formOf } from './program-form.ts';
import { runProgram } from './program.ts';

// A reader that has seen enough (`rtvm plan | head`) is no error: what is left to write goes nowhere, and the command
// still ends with its own exit code.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

// Not process.exit(): what is still to be written must be.
process.exitCode = await runProgram(process.argv.slice(2), new Io(process), formOf(process.env['RTVM_CALLED_AS'] ?? process.argv[1] ?? ''));
