import { expect, it } from 'vitest';
import { logLine } from './log-line.ts';
import { withFields } from './log.ts';
import type { LogEntry } from './log.ts';
import { recordedLog } from './testing/recorded-log.ts';

const noon = new Date('2026-11-22T12:00:00Z');
const line = (entry: Partial<LogEntry>) => logLine({ level: 'warn', message: 'm', fields: {}, ...entry }, noon);

it('takes entries of every level, with the fields that all of them have', () => {
  const log = recordedLog();
  const ofNode = withFields(log, { node: 'n1', vm: 'default/a' });
  ofNode.debug('one');
  ofNode.info('two', { vm: 'default/b' });
  ofNode.warn('three', { retryInMs: 100 });
  ofNode.error('four', { node: undefined });
  expect(log.entries).toEqual([
    { level: 'debug', message: 'one', fields: { node: 'n1', vm: 'default/a' } },
    { level: 'info', message: 'two', fields: { node: 'n1', vm: 'default/b' } },
    { level: 'warn', message: 'three', fields: { node: 'n1', vm: 'default/a', retryInMs: 100 } },
    { level: 'error', message: 'four', fields: { node: undefined, vm: 'default/a' } },
  ]);
});

it('is one line of JSON: level, time, fields, error, message', () => {
  expect(line({ message: 'reconcile failed; retrying', fields: { error: 'no', vm: 'default/a', retryInMs: 100, request: undefined, findings: ['a', 'b'] } })).toBe(
    '{"level":"warn","time":"2026-11-22T12:00:00.000Z","vm":"default/a","retryInMs":100,"findings":["a","b"],"error":{"name":"string","message":"no"},"msg":"reconcile failed; retrying"}',
  );
  expect(line({ fields: { error: new DOMException('too long', 'TimeoutError') } })).not.toMatch(/\n|_ERR/);
});

it('is of bounded length, and its fields begin no line', () => {
  const text = line({ fields: { detail: 'x'.repeat(100_000), findings: Array.from({ length: 500 }, (_, index) => `\n${index}`) } });
  expect(text).not.toContain('\n');
  const { detail, findings } = JSON.parse(text) as { readonly detail: string; readonly findings: readonly string[] };
  expect(detail).toBe(`${'x'.repeat(4000)}… (96000 characters more)`);
  expect([findings.length, findings[99], findings[100]]).toEqual([101, '\n99', '… (400 more)']);
});
