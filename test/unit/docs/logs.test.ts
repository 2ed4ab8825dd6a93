// docs/operations.md lists the fields that a line of the log may have, and shows lines as they are written.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { logLine } from '../../../src/runtime/log-line.ts';
import type { LogFields, LogLevel } from '../../../src/runtime/log.ts';
import { pages, root } from './pages.ts';

const page = pages.find(({ path }) => path === 'docs/operations.md')!;
const section = page.text.slice(page.text.indexOf('\n## Logs\n'), page.text.indexOf('\n## Failure table\n'));

it('has every field, and none that there is not', () => {
  const source = readFileSync(join(root, 'src/runtime/log.ts'), 'utf8');
  const fields = [...source.matchAll(/^ {2}readonly (\w+)\?: /gm)].map(([, name]) => name!);
  expect(fields.length).toBeGreaterThan(15);
  const rows = [...section.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(([, cell]) => cell!.match(/\w+/g) ?? []);
  expect(rows.toSorted()).toEqual([...fields, 'level', 'time', 'msg'].toSorted());
});

it('shows lines as they are written', () => {
  const lines = /```json\n(.*?)```/s.exec(section)![1]!.trim().split('\n');
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) {
    const { level, time, msg, error, ...fields } = JSON.parse(line) as LogFields & { readonly level: LogLevel; readonly time: string; readonly msg: string };
    // An error is described as it was thrown: what is shown of one is not thrown again here.
    const described = error === undefined ? '' : `"error":${JSON.stringify(error)},`;
    expect(logLine({ level, message: msg, fields }, new Date(time)).replace('"msg":', `${described}"msg":`)).toBe(line);
  }
});
