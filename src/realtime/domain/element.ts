/** Builds XML from typed elements, so that no text can become markup. */

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** Names are the program's own literals; attribute values and text may be anybody's. */
export interface XmlElement {
  readonly name: string;
  /** Attributes that are undefined are left out. */
  readonly attributes: Attributes;
  /** Either text or elements, never mixed: indentation would change mixed content. */
  readonly content: string | readonly XmlElement[];
}

/** Thrown for a character that XML 1.0 cannot carry, even escaped. */
export class XmlCharacterError extends Error {
  override readonly name = 'XmlCharacterError';
  readonly code = 'XML_CHARACTER';
  /** Where it would have gone: `domain/os/cmdline`, `domain/metadata/rtvm:domain@name`. */
  readonly field: string;
  constructor(field: string, position: number, codePoint: number) {
    const character = `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`;
    super(`${field}: the character ${character} at position ${position} cannot be written in XML; accepted: any text without control characters (tab and line breaks are fine) and without unpaired surrogates`);
    this.field = field;
  }
}

/** An element of text, of children (undefined ones are left out), or of neither. */
export function element(name: string, attributes: Attributes = {}, content: string | number | readonly (XmlElement | undefined)[] = []): XmlElement {
  if (typeof content === 'object') return { name, attributes, content: content.filter((child) => child !== undefined) };
  return { name, attributes, content: String(content) };
}

/**
 * The document as text, indented by two spaces, with a line break at its end.
 * @throws XmlCharacterError naming the element or attribute.
 */
export function formatXml(root: XmlElement): string {
  const lines: string[] = [];
  format(root, '', root.name, lines);
  return `${lines.join('\n')}\n`;
}

function format({ name, attributes, content }: XmlElement, indent: string, path: string, lines: string[]): void {
  const start = `${indent}<${name}${formatAttributes(attributes, path)}`;
  if (content.length === 0) {
    lines.push(`${start}/>`);
  } else if (typeof content === 'string') {
    lines.push(`${start}>${escape(content, path)}</${name}>`);
  } else {
    lines.push(`${start}>`);
    for (const child of content) format(child, `${indent}  `, `${path}/${child.name}`, lines);
    lines.push(`${indent}</${name}>`);
  }
}

function formatAttributes(attributes: Attributes, path: string): string {
  return Object.entries(attributes)
    .map(([name, value]) => (value === undefined ? '' : ` ${name}='${escape(String(value), `${path}@${name}`)}'`))
    .join('');
}

/** Line breaks and tabs too: a reader turns them into spaces in attributes, and drops carriage returns everywhere. */
const escapes: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'], ['<', '&lt;'], ['>', '&gt;'], ["'", '&apos;'], ['"', '&quot;'], ['\t', '&#9;'], ['\n', '&#10;'], ['\r', '&#13;'],
]);

/** Outside of Char in https://www.w3.org/TR/xml/#charsets; a surrogate matches only when it is unpaired. */
const forbidden = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

function escape(text: string, field: string): string {
  const bad = forbidden.exec(text);
  if (bad !== null) throw new XmlCharacterError(field, bad.index, text.codePointAt(bad.index)!);
  return text.replace(/[&<>'"\t\n\r]/g, (character) => escapes.get(character)!);
}
