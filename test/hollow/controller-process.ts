// The real `rtvm controller` in a process of its own that a test can weigh: run with --expose-gc, it answers the message
// "weigh" with what is left of its memory after a forced collection, and ends in order on "stop".
import process from 'node:process';
import { Io } from '../../src/cli/io.ts';
import { runProgram } from '../../src/cli/program.ts';

const { gc } = globalThis;
if (gc === undefined || process.send === undefined) throw new Error('to be forked with execArgv --expose-gc');

process.on('message', (message) => {
  if (message === 'stop') process.kill(process.pid, 'SIGTERM');
  if (message !== 'weigh') return;
  gc({ type: 'major', execution: 'sync' });
  const { heapUsed, rss } = process.memoryUsage();
  process.send?.({ heapUsed, rss });
});

process.exitCode = await runProgram(['controller', ...process.argv.slice(2)], new Io(process));
process.disconnect();
