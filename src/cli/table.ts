/** Aligned columns of text, kept within a width. */
import { stripVTControlCharacters } from 'node:util';

export interface Column {
  readonly title: string;
  /** Numbers read best right-aligned. Left unless said otherwise. */
  readonly align?: 'left' | 'right' | undefined;
}

export interface TableOptions {
  /** Columns of the terminal: the last table column is wrapped at spaces to stay within. */
  readonly width: number;
  /** Formats the row of titles, for instance bold on a terminal. */
  readonly formatTitles?: ((line: string) => string) | undefined;
}

/** Narrower than this nothing is wrapped to: a long line is better than a word to a line. */
const narrowestWrap = 20;
const gap = '  ';

/**
 * Lays out rows under their titles, each column as wide as its widest cell. Cells may hold colour escapes, which take no
 * room. Only the last column wraps, so the one with sentences belongs there.
 * @returns lines without a final newline
 */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[], options: TableOptions): string {
  const widths = columns.map((column, index) => Math.max(textWidth(column.title), ...rows.map((row) => textWidth(row[index] ?? ''))));
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + gap.length, 0);
  const room = Math.max(narrowestWrap, options.width - before);

  const line = (cells: readonly string[]) => cells
    .map((cell, index) => (columns[index]?.align === 'right' ? padStart(cell, widths[index]!) : padEnd(cell, widths[index]!)))
    .join(gap).trimEnd();
  const body = rows.flatMap((row) => wrap(row[columns.length - 1] ?? '', room).map((part, index) => (
    line([...columns.slice(0, -1).map((_, column) => (index === 0 ? row[column] ?? '' : '')), part])
  )));

  const titles = line(columns.map((column) => column.title));
  return [options.formatTitles?.(titles) ?? titles, ...body].join('\n');
}

/** Columns that the text takes on a terminal: every character that we print takes one, and escapes take none. */
export function textWidth(text: string): number {
  return stripVTControlCharacters(text).length;
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)));
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - textWidth(text))) + text;
}

/** Breaks text at spaces into lines of at most `width`; a longer word has a line to itself. At least one line. */
export function wrap(text: string, width: number): string[] {
  return wrapParts(text.split(' '), ' ', width);
}

/**
 * Puts parts one after the other into lines of at most `width`, never breaking a part. The separator stands between
 * them; where a line ends, what it has beside spaces stays: `, ` leaves its comma.
 */
export function wrapParts(parts: readonly string[], separator: string, width: number): string[] {
  const lines: string[] = [];
  for (const [index, part] of parts.entries()) {
    const ending = index < parts.length - 1 ? separator.trimEnd() : '';
    const last = lines.pop();
    const longer = last === undefined ? part : `${last}${separator}${part}`;
    if (last !== undefined && textWidth(longer + ending) > width) lines.push(last + separator.trimEnd(), part);
    else lines.push(longer);
  }
  return lines;
}
