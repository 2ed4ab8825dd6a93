// The chart's README: what a person wrote about it, with the table of values from their comments.
import { allEntries } from './value-entries.ts';
import type { ValueGroup } from './value-entries.ts';

const marker = '<!-- values -->';

/** @param text - README.in.md. */
export function chartReadme(text: string, values: ValueGroup): string {
  if (!text.includes(marker)) throw new Error(`README.in.md has no ${marker}`);
  const rows = allEntries(values).map(({ path, value, description }) => `| \`${path.map(quoted).join('.')}\` | \`${JSON.stringify(value).replaceAll('|', '\\|')}\` | ${description.replaceAll('|', '\\|')} |`);
  const table = ['| value | default | what it is |', '|---|---|---|', ...rows].join('\n');
  return `<!-- Generated from README.in.md and values.yaml by "npm run generate"; do not edit. -->\n${text.replace(marker, () => table)}`;
}

function quoted(key: string): string {
  return key.includes('.') ? `"${key}"` : key;
}
