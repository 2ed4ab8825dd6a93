/** What a command reads and writes through, as a value, so that commands run the same in a test and in a terminal. */
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { machineRuntime } from '../runtime/runtime.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { ExitCode } from './exit.ts';
import { colourStyle, plainStyle } from './style.ts';
import type { Style } from './style.ts';

export const colourChoices = ['auto', 'always', 'never'] as const;
export type ColourChoice = (typeof colourChoices)[number];

export interface IoStreams {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Default: the machine's. */
  readonly runtime?: Runtime;
}

/** Columns of a table or picture that is not written to a terminal: what fits everywhere. */
const defaultColumns = 80;

export class Io {
  readonly env: IoStreams['env'];
  readonly runtime: Runtime;
  /** What rtvm exits with, as `process.exitCode`: a command's action sets it. */
  exitCode: ExitCode = 0;
  readonly #streams: IoStreams;
  #colour: ColourChoice = 'auto';

  constructor(streams: IoStreams) {
    this.env = streams.env;
    this.runtime = streams.runtime ?? machineRuntime;
    this.#streams = streams;
  }

  /** Writes a command's result: lines, each ended by a newline. */
  out(lines: string): void {
    this.#streams.stdout.write(ended(lines));
  }

  /** Writes what is not the result: problems, warnings, progress. Never coloured, since it quotes what strangers wrote. */
  err(lines: string): void {
    this.#streams.stderr.write(ended(printable(lines)));
  }

  /** All of standard input as UTF-8. */
  readStdin(): Promise<string> {
    return text(this.#streams.stdin);
  }

  /** Asks on standard error. @returns the next line of standard input; nothing where there is none, or the signal aborts. */
  async ask(question: string, signal: AbortSignal): Promise<string> {
    this.#streams.stderr.write(printable(question));
    for await (const line of createInterface({ input: this.#streams.stdin, signal })) return line;
    return '';
  }

  /** Whether a person types into standard input. */
  get readsTerminal(): boolean {
    return this.#streams.stdin.isTTY === true;
  }

  get isTerminal(): boolean {
    return this.#streams.stdout.isTTY === true;
  }

  /** Width in columns that output should keep to. */
  get columns(): number {
    return this.isTerminal ? (this.#streams.stdout.columns ?? defaultColumns) : defaultColumns;
  }

  /** Whether the locale's characters are UTF-8; the first that is set of LC_ALL, LC_CTYPE and LANG decides (locale(7)). */
  get unicode(): boolean {
    const { LC_ALL, LC_CTYPE, LANG } = this.env;
    return /utf-?8/i.test([LC_ALL, LC_CTYPE, LANG].find((value) => value !== undefined && value !== '') ?? '');
  }

  chooseColour(choice: ColourChoice): void {
    this.#colour = choice;
  }

  /** Colour for standard output. `auto`: a terminal that is not `dumb`, unless NO_COLOR is set (no-color.org). */
  get style(): Style {
    const wanted = this.#colour === 'auto'
      ? this.isTerminal && this.env['TERM'] !== 'dumb' && (this.env['NO_COLOR'] ?? '') === ''
      : this.#colour === 'always';
    return wanted ? colourStyle : plainStyle;
  }
}

/** Control characters written out (`\u001b`): a file's name or content must not steer the reader's terminal. */
export function printable(lines: string): string {
  return lines.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, (character) => (
    character === '\n' || character === '\t' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  ));
}

function ended(lines: string): string {
  return lines.endsWith('\n') ? lines : `${lines}\n`;
}
