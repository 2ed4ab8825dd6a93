/** YAML text to plain values with positions: YAML 1.2, where dates and `yes` stay text. */
import { CORE_SCHEMA, EVENT_ID, YAMLException, constructFromEvents, parseEvents } from 'js-yaml';
import type { Event } from 'js-yaml';
import { documentPosition } from './yaml-positions.ts';
import type { Position } from './yaml-positions.ts';

export interface YamlDocument {
  readonly value: unknown;
  readonly position: Position;
}

export interface YamlProblem {
  readonly line: number;
  readonly message: string;
}

export interface YamlDocuments {
  readonly documents: readonly YamlDocument[];
  readonly problems: readonly YamlProblem[];
}

/** A document whose aliases expand to more values than this, and to more than it has itself, is an attack or a mistake. */
const maxValues = 200_000;

/**
 * All documents of a text that are not empty. A syntax error loses the whole text, since what follows it cannot be told
 * apart; an error inside a document (a key twice, an unknown tag) only that document.
 */
export function yamlDocuments(text: string): YamlDocuments {
  const documents: YamlDocument[] = [];
  const problems: YamlProblem[] = [];
  const lineAt = lineIndex(text);
  let events: readonly Event[];
  try {
    events = parseEvents(text, {});
  } catch (error) {
    return { documents, problems: [yamlProblem(error, 1, lineAt)] };
  }
  for (const own of eventsByDocument(events)) {
    const position = documentPosition(own, text, lineAt);
    if (position.weight > maxValues && position.weight > own.length) {
      problems.push({ line: position.line, message: `aliases expand the document to ${position.weight === Infinity ? 'endlessly many' : position.weight} values; accepted: at most ${maxValues}` });
      continue;
    }
    try {
      for (const value of constructFromEvents([...own], { source: text, schema: CORE_SCHEMA })) {
        if (value !== null && value !== undefined) documents.push({ value, position });
      }
    } catch (error) {
      problems.push(yamlProblem(error, position.line, lineAt));
    }
  }
  return { documents, problems };
}

/** Anything but YAML's own errors is a defect of ours and goes on. */
function yamlProblem(error: unknown, line: number, lineAt: (offset: number) => number): YamlProblem {
  if (!(error instanceof YAMLException)) throw error;
  return { line: error.mark === undefined ? line : lineAt(error.mark.position), message: `is not valid YAML: ${error.reason}` };
}

function eventsByDocument(events: readonly Event[]): readonly (readonly Event[])[] {
  const starts = events.flatMap((event, index) => (event.type === EVENT_ID.DOCUMENT ? [index] : []));
  return starts.map((start, index) => events.slice(start, starts[index + 1]));
}

/** The 1-based line of an offset, by binary search. */
function lineIndex(text: string): (offset: number) => number {
  const starts = [0];
  for (let newline = text.indexOf('\n'); newline >= 0; newline = text.indexOf('\n', newline + 1)) starts.push(newline + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  };
}
