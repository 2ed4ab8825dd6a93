/** The characters that pictures are drawn with: box drawing where the locale is UTF-8, ASCII elsewhere. */

export interface Glyphs {
  readonly arrow: string;
  readonly free: string;
  readonly bar: { readonly planned: string; readonly taken: string; readonly free: string };
  /** Corners and edges of a host NUMA node. */
  readonly node: { readonly top: readonly [left: string, right: string]; readonly bottom: readonly [left: string, right: string] };
  readonly horizontal: string;
  readonly vertical: string;
  /** The box of a core: plain, or heavy where a realtime vCPU runs on it. */
  readonly core: CoreBox;
  readonly realtimeCore: CoreBox;
  readonly fold: string;
}

export interface CoreBox {
  readonly horizontal: string;
  readonly vertical: string;
  /** The corners, and where the line between two SMT siblings meets the edge. */
  readonly top: readonly [left: string, join: string, right: string];
  readonly bottom: readonly [left: string, join: string, right: string];
}

export const unicodeGlyphs: Glyphs = {
  arrow: '→',
  free: '·',
  bar: { planned: '█', taken: '▓', free: '░' },
  node: { top: ['╭', '╮'], bottom: ['╰', '╯'] },
  horizontal: '─',
  vertical: '│',
  core: { horizontal: '─', vertical: '│', top: ['┌', '┬', '┐'], bottom: ['└', '┴', '┘'] },
  realtimeCore: { horizontal: '━', vertical: '┃', top: ['┏', '┳', '┓'], bottom: ['┗', '┻', '┛'] },
  fold: '⋯',
};

export const asciiGlyphs: Glyphs = {
  arrow: '->',
  free: '.',
  bar: { planned: '#', taken: '+', free: '.' },
  node: { top: ['+', '+'], bottom: ['+', '+'] },
  horizontal: '-',
  vertical: '|',
  core: { horizontal: '-', vertical: '|', top: ['+', '+', '+'], bottom: ['+', '+', '+'] },
  realtimeCore: { horizontal: '=', vertical: '|', top: ['+', '+', '+'], bottom: ['+', '+', '+'] },
  fold: '...',
};

export function glyphsFor(unicode: boolean): Glyphs {
  return unicode ? unicodeGlyphs : asciiGlyphs;
}
