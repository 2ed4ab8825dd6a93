import { describe, expect, it } from 'vitest';
import { machineClock } from './clock.ts';
import { Deadline } from './deadline.ts';
import { loggedError } from './logged-error.ts';

class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly code = 'REFUSED';
  readonly body = 'of no interest in a log';
}

/** Without where they were made. */
function described(error: unknown): unknown {
  return JSON.parse(JSON.stringify(loggedError(error), (key, value: unknown) => (key === 'stack' ? undefined : value)));
}

describe('an error in the log', () => {
  it('has its name, code and message, those of its causes, and nothing else', () => {
    const error = new Error('outer', { cause: new RefusedError('middle', { cause: Object.assign(new Error('inner'), { code: 5, errno: -2, syscall: 'open' }) }) });
    expect(described(error)).toEqual({
      name: 'Error', message: 'outer',
      cause: { name: 'RefusedError', code: 'REFUSED', message: 'middle', cause: { name: 'Error', code: 5, message: 'inner' } },
    });
  });

  it('says where it was made, innermost first, without repeating the message', () => {
    const { stack } = loggedError(new Error('a\n    at nowhere (file.ts:1:1)'));
    expect(stack![0]).toContain('logged-error.test.ts');
    expect(stack!.join('\n')).not.toContain('nowhere');
    expect(loggedError(Object.assign(new Error('a'), { stack: undefined }))).toEqual({ name: 'Error', message: 'a' });
  });

  it('of a time-out is what it says, without the constants of a DOMException', async () => {
    using deadline = new Deadline(machineClock, undefined, 0);
    await new Promise((resolve) => deadline.signal.addEventListener('abort', resolve, { once: true }));
    for (const error of [deadline.signal.reason, new DOMException('not done within 0 ms', 'TimeoutError')]) {
      const { stack = [], ...rest } = loggedError(error);
      expect(rest).toEqual({ name: 'TimeoutError', code: DOMException.TIMEOUT_ERR, message: 'not done within 0 ms' });
      expect(stack.every((frame) => frame.includes(':'))).toBe(true);
      expect(JSON.stringify(loggedError(error))).not.toContain('_ERR');
    }
    const aborted = loggedError(AbortSignal.abort().reason);
    expect({ ...aborted, stack: [] }).toEqual({ name: 'AbortError', code: DOMException.ABORT_ERR, message: 'This operation was aborted', stack: [] });
  });

  it('ends where a cause comes again, and after some that do not', () => {
    const error = new Error('a');
    error.cause = new Error('b', { cause: error });
    expect(described(error)).toEqual({ name: 'Error', message: 'a', cause: { name: 'Error', message: 'b' } });
    const own = new Error('own');
    own.cause = own;
    expect(described(own)).toEqual({ name: 'Error', message: 'own' });
    const deep = Array.from({ length: 1000 }).reduce<Error>((cause, _, depth) => new Error(`at ${depth}`, { cause }), new Error('root'));
    expect(JSON.stringify(described(deep)).match(/"message"/g)).toHaveLength(9);
  });

  it('is of bounded length', () => {
    const huge = 'x'.repeat(1_000_000);
    const error = Object.assign(new Error(huge, { cause: huge }), { name: huge, code: huge });
    expect(loggedError(error)).toMatchObject({
      name: `${'x'.repeat(100)}… (999900 characters more)`,
      message: `${'x'.repeat(2000)}… (998000 characters more)`,
      cause: { name: 'string', message: `${'x'.repeat(2000)}… (998000 characters more)` },
    });
    expect(JSON.stringify(loggedError(error)).length).toBeLessThan(10_000);
  });

  it('of several at once has the first as its cause', () => {
    expect(described(new AggregateError([new RefusedError('::1'), new RefusedError('127.0.0.1')]))).toEqual({
      name: 'AggregateError', message: '', cause: { name: 'RefusedError', code: 'REFUSED', message: '::1' },
    });
    expect(described(new AggregateError([], 'none'))).toEqual({ name: 'AggregateError', message: 'none' });
  });

  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;
  it.each<[string, unknown, unknown]>([
    ['an error without a message', new Error(), { name: 'Error', message: '' }],
    ['one whose message is none', Object.assign(new Error('a'), { message: 5, stack: 7 }), { name: 'Error', message: '5' }],
    ['a text', 'no', { name: 'string', message: 'no' }],
    ['a refusal of the API server', { kind: 'Status', code: 409 }, { name: 'object', message: '{"kind":"Status","code":409}' }],
    ['what JSON cannot hold', cyclic, { name: 'object', message: '[object Object]' }],
    ['what JSON leaves out', { toJSON: () => undefined }, { name: 'object', message: 'undefined' }],
    ['a symbol', Symbol('s'), { name: 'symbol', message: 'Symbol(s)' }],
    ['nothing', undefined, { name: 'undefined', message: 'undefined' }],
    ['null', null, { name: 'object', message: 'null' }],
  ])('is made of %s too', (_, thrown, expected) => {
    expect(described(thrown)).toEqual(expected);
  });
});
