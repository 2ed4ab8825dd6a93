/** The forms that results are printed in for programs. */
import { dump } from 'js-yaml';

export const dataFormats = ['json', 'yaml'] as const;
export type DataFormat = (typeof dataFormats)[number];

/** Plain data as indented JSON or as YAML, ended by a newline. Values are JSON's: a field that is undefined is left out. */
export function formatData(data: unknown, format: DataFormat): string {
  switch (format) {
    case 'json': return `${JSON.stringify(data, null, 2)}\n`;
    // Through JSON first, so that both forms say the same: undefined fields go, and a CpuSet is its text.
    case 'yaml': return dump(JSON.parse(JSON.stringify(data)), { lineWidth: -1, noRefs: true });
  }
}
