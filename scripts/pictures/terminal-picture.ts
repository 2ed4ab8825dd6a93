// An SVG of what a command prints on a terminal.
const fontSize = 14;
/** Of DejaVu Sans Mono and its like: width of a character and height of a line, in units of the font's size. */
const [advance, leading] = [0.602, 1.25];
const margin = 14;
const bar = 26;

const escapeXml = (value: string) => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** @param title the command. @param text what it printed. */
export function terminalPicture(title: string, text: string): string {
  const lines = text.trimEnd().split('\n');
  const width = Math.ceil(Math.max(title.length, ...lines.map((line) => line.length)) * fontSize * advance + 2 * margin);
  const height = Math.ceil(lines.length * fontSize * leading + 2 * margin + bar);
  const rows = lines.map((line, index) => (
    `<text x="${margin}" y="${(bar + margin + (index + 0.8) * fontSize * leading).toFixed(1)}" textLength="${(line.length * fontSize * advance).toFixed(1)}" xml:space="preserve">${escapeXml(line)}</text>`
  ));

  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(title).replaceAll('"', '&quot;')}">
<rect width="100%" height="100%" rx="8" fill="#16181d"/>
<text x="${margin}" y="18" fill="#9aa4b2" font-family="monospace" font-size="12">$ ${escapeXml(title)}</text>
<g fill="#e6e9ef" font-family="'DejaVu Sans Mono', 'Noto Sans Mono', Menlo, Consolas, monospace" font-size="${fontSize}">
${rows.join('\n')}
</g>
</svg>
`;
}
