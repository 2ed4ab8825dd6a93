import { Readable, Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { machineRuntime } from '../../runtime/runtime.ts';
import { Io } from '../io.ts';
import { logProblems } from './log-problems.ts';
import { newLogger, onChange } from './logger.ts';

const noon = new Date('2026-11-22T12:00:00Z');

function logged(): { readonly io: Io; readonly lines: () => readonly unknown[]; readonly text: () => string } {
  let text = '';
  const stream = () => new Writable({ write(chunk: Buffer, _encoding, done) { text += chunk.toString(); done(); } });
  const runtime = { ...machineRuntime, clock: { ...machineRuntime.clock, date: () => noon } };
  const io = new Io({ stdin: Readable.from([]), stdout: stream(), stderr: stream(), env: {}, runtime });
  return { io, text: () => text, lines: () => text.trimEnd().split('\n').map((line) => JSON.parse(line) as unknown) };
}

it('writes one JSON object a line, from its level on', () => {
  const { io, lines } = logged();
  const log = newLogger(io, 'info');
  log.debug('no');
  log.info('yes', { node: 'n1' });
  log.warn('hm', { error: new Error('why') });
  const time = noon.toISOString();
  expect(lines()).toEqual([
    { level: 'info', time, node: 'n1', msg: 'yes' },
    { level: 'warn', time, error: { name: 'Error', message: 'why', stack: expect.arrayContaining([]) as unknown }, msg: 'hm' },
  ]);
});

it.each(['debug', 'info', 'warn', 'error'] as const)('leaves out what is below %s', (level) => {
  const { io, lines } = logged();
  const log = newLogger(io, level);
  for (const each of ['debug', 'info', 'warn', 'error'] as const) log[each]('m');
  const levels = ['debug', 'info', 'warn', 'error'];
  expect(lines().map((line) => (line as { readonly level: string }).level)).toEqual(levels.slice(levels.indexOf(level)));
});

it('lets nothing that a tenant or libvirt wrote begin a line or steer a terminal', () => {
  const { io, lines, text } = logged();
  const hostile = 'a\n{"level":"error"}\u001b[2J\u202eb\u2028';
  newLogger(io, 'info').info('m', { vm: hostile, findings: [hostile], error: Object.assign(new Error(hostile), { stack: '' }) });
  expect(text()).not.toMatch(/[\u001b\u202e\u2028]|\n./);
  expect(lines()).toMatchObject([{ vm: hostile, findings: [hostile], error: { message: hostile } }]);
});

it('reports what has changed', () => {
  const reported: string[] = [];
  const report = onChange((text: string) => reported.push(text), (text) => text);
  for (const text of ['a', 'a', undefined, undefined, 'a', 'b']) report(text);
  expect(reported).toEqual(['a', 'a', 'b']);
});

it('has each problem of the store as an entry', () => {
  const { io, lines } = logged();
  const log = newLogger(io, 'info');
  logProblems(log, [
    { code: 'STATE_DAMAGED', file: 'a.yaml', line: 3, path: 'spec', message: 'no' },
    { code: 'STORE_FAILED', file: 'https://api', path: '', message: 'away' },
  ]);
  logProblems(log, []);
  expect(lines()).toMatchObject([
    { level: 'warn', reason: 'STATE_DAMAGED', detail: 'a.yaml:3: spec: no', msg: 'the store reports a problem' },
    { level: 'warn', reason: 'STORE_FAILED', detail: 'https://api: away', msg: 'the store reports a problem' },
  ]);
});
