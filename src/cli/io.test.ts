import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Io, printable } from './io.ts';
import type { ColourChoice } from './io.ts';
import { colourStyle, plainStyle } from './style.ts';

function ioOn(terminal: boolean, env: Readonly<Record<string, string>>, columns?: number): Io {
  const stdout = Object.assign(new PassThrough(), { isTTY: terminal, ...(columns === undefined ? {} : { columns }) });
  return new Io({ stdin: Readable.from([]), stdout, stderr: new PassThrough(), env });
}

describe('colour', () => {
  const rows: readonly (readonly [choice: ColourChoice, terminal: boolean, env: Readonly<Record<string, string>>, coloured: boolean])[] = [
    ['auto', true, { TERM: 'xterm' }, true],
    ['auto', false, { TERM: 'xterm' }, false],
    ['auto', true, { TERM: 'dumb' }, false],
    ['auto', true, { TERM: 'xterm', NO_COLOR: '1' }, false],
    ['auto', true, { TERM: 'xterm', NO_COLOR: '' }, true],
    ['always', false, { NO_COLOR: '1' }, true],
    ['never', true, { TERM: 'xterm' }, false],
  ];
  it.each(rows)('%s, terminal %s, %j: %s', (choice, terminal, env, coloured) => {
    const io = ioOn(terminal, env);
    io.chooseColour(choice);
    expect(io.style).toBe(coloured ? colourStyle : plainStyle);
  });
});

describe('unicode', () => {
  it.each([
    [{ LANG: 'en_US.UTF-8' }, true],
    [{ LANG: 'C.utf8' }, true],
    [{ LANG: 'en_US.UTF-8', LC_ALL: 'C' }, false],
    [{ LANG: 'C', LC_CTYPE: 'C.UTF-8', LC_ALL: '' }, true],
    [{}, false],
  ])('%j: %s', (env, unicode) => {
    expect(ioOn(true, env).unicode).toBe(unicode);
  });
});

it('keeps to the width of the terminal, and to 80 columns elsewhere', () => {
  expect([ioOn(true, {}, 132).columns, ioOn(true, {}).columns, ioOn(false, {}, 132).columns]).toEqual([132, 80, 80]);
});

it('writes control characters out, so that a file cannot steer a terminal', () => {
  expect(printable('a\tb\n\u001b[31mred\u009b0m \u202ebackwards')).toBe('a\tb\n\\u001b[31mred\\u009b0m \\u202ebackwards');
});
