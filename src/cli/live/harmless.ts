/** What strangers wrote, on its way to a terminal: nothing in it may steer one, and nothing may break a table. */
import { printable } from '../io.ts';
import type { Io } from '../io.ts';
import { formatData } from '../output/formats.ts';
import type { DataFormat } from '../output/formats.ts';

/** A copy of plain data with every string of it on one line and without control characters. */
export function harmless<Value>(value: Value): Value {
  return cleaned(value) as Value;
}

function cleaned(value: unknown): unknown {
  if (typeof value === 'string') return printable(value.replace(/\s+/g, ' '));
  if (Array.isArray(value)) return value.map(cleaned);
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, held]) => [printable(key), cleaned(held)]));
  return value;
}

/** Prints data for programs. JSON reads what is written out here as the character that it was. */
export function printData(data: unknown, format: DataFormat, io: Io): void {
  io.out(printable(formatData(data, format)));
}
