/**
 * The files of the page, as browsers get them: from `page/` beside this file, with types taken out of its modules. In a
 * bundle this module is replaced by one that holds them (scripts/bundle/embed-page.ts).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { extname, join } from 'node:path';

export interface PageFile {
  readonly name: string;
  readonly contentType: string;
  readonly text: string;
}

/** Modules keep their names, so that they import each other in a browser as they do here. */
const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ts': 'text/javascript; charset=utf-8',
};

export function readPageFiles(directory = join(import.meta.dirname, 'page')): readonly PageFile[] {
  return readdirSync(directory).toSorted().flatMap((name): PageFile[] => {
    const contentType = contentTypes[extname(name)];
    if (contentType === undefined || name.endsWith('.test.ts')) return [];
    const text = readFileSync(join(directory, name), 'utf8');
    return [{ name, contentType, text: extname(name) === '.ts' ? stripTypeScriptTypes(text) : text }];
  });
}
