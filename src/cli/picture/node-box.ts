/** Frames what is drawn of one host NUMA node, and puts frames side by side. */
import type { Style } from '../style.ts';
import { padEnd, textWidth } from '../table.ts';
import type { Glyphs } from './glyphs.ts';

/** Columns that a frame adds to its content: an edge and a space on both sides. */
export const frameWidth = 4;

/** A frame around lines, with a title in its upper edge; `innerWidth` columns of content. */
export function frame(title: string, lines: readonly string[], innerWidth: number, glyphs: Glyphs, style: Style): string[] {
  const [topLeft, topRight] = glyphs.node.top;
  const [bottomLeft, bottomRight] = glyphs.node.bottom;
  const side = style('dim', glyphs.vertical);
  const rule = (count: number) => glyphs.horizontal.repeat(Math.max(0, count));
  return [
    style('dim', `${topLeft}${rule(1)} `) + title + style('dim', ` ${rule(innerWidth - textWidth(title) - 1)}${topRight}`),
    ...lines.map((line) => `${side} ${padEnd(line, innerWidth)} ${side}`),
    style('dim', bottomLeft + rule(innerWidth + 2) + bottomRight),
  ];
}

/** Blocks of equal width in rows of `perRow`, each as high as its row's highest. */
export function sideBySide(blocks: readonly (readonly string[])[], perRow: number): string[] {
  const lines: string[] = [];
  for (let first = 0; first < blocks.length; first += perRow) {
    const row = blocks.slice(first, first + perRow);
    const height = Math.max(...row.map((block) => block.length));
    for (let index = 0; index < height; index += 1) {
      lines.push(row.map((block) => block[index] ?? ' '.repeat(textWidth(block[0] ?? ''))).join(' ').trimEnd());
    }
  }
  return lines;
}
