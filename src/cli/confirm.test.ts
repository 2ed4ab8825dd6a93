import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { confirm } from './confirm.ts';
import { Io } from './io.ts';

function terminal(isTTY: boolean) {
  const [stdin, stdout, stderr] = [Object.assign(new PassThrough(), { isTTY }), new PassThrough(), new PassThrough()];
  return { io: new Io({ stdin, stdout, stderr, env: {} }), stdin, stderr };
}
const never = new AbortController().signal;

it.each(['yes\n', ' YES \nno\n'])('goes on where a person types %j', async (typed) => {
  const { io, stdin, stderr } = terminal(true);
  stdin.write(typed);
  await confirm('Is it off?', false, io, never);
  stderr.end();
  expect(await text(stderr)).toBe('Is it off? Type yes to go on: ');
});

it.each(['y\n', '\n', 'no\n'])('does not where a person types %j', async (typed) => {
  const { io, stdin } = terminal(true);
  stdin.write(typed);
  await expect(confirm('Is it off?', false, io, never)).rejects.toThrow('the answer was not yes');
});

it('does not where the input ends, or Ctrl-C is typed', async () => {
  const [ended, interrupted] = [terminal(true), terminal(true)];
  ended.stdin.end();
  await expect(confirm('Is it off?', false, ended.io, never)).rejects.toThrow('the answer was not yes');
  const abort = new AbortController();
  const asked = confirm('Is it off?', false, interrupted.io, abort.signal);
  abort.abort();
  await expect(asked).rejects.toThrow('the answer was not yes');
});

it('asks nobody where there is no terminal: then it takes --yes', async () => {
  const { io } = terminal(false);
  await expect(confirm('Is it off?', false, io, never)).rejects.toThrow('accepted: --yes');
  await confirm('Is it off?', true, io, never);
});
