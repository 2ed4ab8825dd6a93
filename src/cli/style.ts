/** Colour, an extra that only a terminal gets: nothing is ever told by colour alone. */
import { styleText } from 'node:util';

export type TextFormat = Parameters<typeof styleText>[0];

/** Gives the text in the format, or as it is where there is no colour. */
export type Style = (format: TextFormat, text: string) => string;

export const plainStyle: Style = (_format, text) => text;
/** Whether the stream takes colour is decided once, in io.ts, so the stream is not asked again here. */
export const colourStyle: Style = (format, text) => styleText(format, text, { validateStream: false });
