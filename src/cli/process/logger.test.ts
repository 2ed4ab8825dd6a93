import { Readable, Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { Io } from '../io.ts';
import { newLogger, onChange } from './logger.ts';

function logged(): { readonly io: Io; readonly lines: () => readonly unknown[]; readonly text: () => string } {
  let text = '';
  const stream = () => new Writable({ write(chunk: Buffer, _encoding, done) { text += chunk.toString(); done(); } });
  const io = new Io({ stdin: Readable.from([]), stdout: stream(), stderr: stream(), env: {} });
  return { io, text: () => text, lines: () => text.trimEnd().split('\n').map((line) => JSON.parse(line) as unknown) };
}

it('writes one JSON object a line, from its level on', () => {
  const { io, lines } = logged();
  const log = newLogger(io, 'info');
  log.debug('no');
  log.info({ node: 'n1' }, 'yes');
  log.warn({ err: new Error('why') }, 'hm');
  expect(lines()).toEqual([
    { level: 'info', time: expect.any(String) as unknown, node: 'n1', msg: 'yes' },
    { level: 'warn', time: expect.any(String) as unknown, err: { type: 'Error', message: 'why', stack: expect.stringContaining('why') as unknown }, msg: 'hm' },
  ]);
});

it('lets nothing that a tenant wrote begin a line or steer a terminal', () => {
  const { io, lines, text } = logged();
  newLogger(io, 'info').info('a\n{"level":"error"}\u001b[2J\u202eb\u2028');
  expect(text()).not.toMatch(/[\u001b\u202e\u2028]|\n./);
  expect(lines()).toMatchObject([{ msg: 'a\n{"level":"error"}\u001b[2J\u202eb\u2028' }]);
});

it('tells what has become otherwise', () => {
  const told: string[] = [];
  const tell = onChange((text) => told.push(text));
  for (const text of ['a', 'a', undefined, undefined, 'a', 'b']) tell(text);
  expect(told).toEqual(['a', 'a', 'b']);
});
