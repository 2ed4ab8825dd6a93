/** Where each field of a YAML document stands, so that a problem with it has a line. */
import { EVENT_ID, getScalarValue } from 'js-yaml';
import type { Event } from 'js-yaml';
import type { PathStep } from './field-path.ts';

/** One value of a document. */
export interface Position {
  /** Of its key, its dash, or the value itself; 1-based. */
  readonly line: number;
  /** By key or index. Empty for scalars, and for aliases, whose content stands elsewhere. */
  readonly children: ReadonlyMap<PathStep, Position>;
  /** Number of values in it, with aliases counted as what they stand for; infinite where one stands for what it is in. */
  readonly weight: number;
}

interface Open {
  readonly line: number;
  readonly kind: 'document' | 'sequence' | 'mapping';
  readonly children: Map<PathStep, Position>;
  readonly anchor: string | undefined;
  weight: number;
  key: { readonly text: string; readonly line: number } | undefined;
}

/**
 * The root position of one document, from its parser events.
 * @param lineAt the 1-based line of an offset in `source`.
 */
export function documentPosition(events: readonly Event[], source: string, lineAt: (offset: number) => number): Position {
  const anchors = new Map<string, Position>();
  const stack: Open[] = [];
  const nameOf = (start: number, end: number) => (start < 0 ? undefined : source.slice(start, end));
  const open = (kind: Open['kind'], line: number, anchor?: string) => { stack.push({ line, kind, children: new Map(), anchor, weight: 1, key: undefined }); };
  const add = (position: Position, text: string | undefined) => {
    const parent = stack.at(-1)!;
    if (parent.kind === 'mapping' && parent.key === undefined) {
      parent.key = { text: text ?? '', line: position.line };
      return;
    }
    parent.weight += position.weight;
    if (parent.kind === 'mapping') {
      const { text: key, line } = parent.key!;
      parent.children.set(key, { ...position, line });
      parent.key = undefined;
    } else {
      parent.children.set(parent.children.size, position);
    }
  };
  for (const event of events) {
    switch (event.type) {
      case EVENT_ID.DOCUMENT:
        open('document', 1);
        break;
      case EVENT_ID.SEQUENCE:
        open('sequence', lineAt(event.start), nameOf(event.anchorStart, event.anchorEnd));
        break;
      case EVENT_ID.MAPPING:
        open('mapping', lineAt(event.start), nameOf(event.anchorStart, event.anchorEnd));
        break;
      case EVENT_ID.SCALAR: {
        const leaf: Position = { line: event.valueStart < 0 ? stack.at(-1)!.line : lineAt(event.valueStart), children: new Map(), weight: 1 };
        const anchor = nameOf(event.anchorStart, event.anchorEnd);
        if (anchor !== undefined) anchors.set(anchor, leaf);
        add(leaf, event.valueStart < 0 ? '' : getScalarValue(source, event));
        break;
      }
      case EVENT_ID.ALIAS: {
        const anchor = source.slice(event.anchorStart, event.anchorEnd);
        const endless = stack.some((container) => container.anchor === anchor);
        const weight = endless ? Infinity : (anchors.get(anchor)?.weight ?? 1);
        add({ line: lineAt(event.anchorStart), children: new Map(), weight }, undefined);
        break;
      }
      case EVENT_ID.POP: {
        const closed = stack.pop()!;
        if (closed.kind === 'document') return closed.children.get(0) ?? closed;
        const position: Position = { line: closed.line, children: closed.children, weight: closed.weight };
        if (closed.anchor !== undefined) anchors.set(closed.anchor, position);
        add(position, undefined);
        break;
      }
    }
  }
  throw new TypeError('the events of a document do not end');
}

/** The line of a field, or of the nearest value around it that is there. */
export function lineOfPath(root: Position, steps: readonly PathStep[]): number {
  let position = root;
  for (const step of steps) {
    const child = position.children.get(step);
    if (child === undefined) break;
    position = child;
  }
  return position.line;
}

/** The position of a value inside, or the root's where it has none of its own. */
export function childPosition(root: Position, steps: readonly PathStep[]): Position {
  let position = root;
  for (const step of steps) position = position.children.get(step) ?? { line: position.line, children: new Map(), weight: 1 };
  return position;
}
