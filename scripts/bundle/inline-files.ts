/** Puts the files that our modules read from beside themselves into the bundle, as text. */
import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Plugin } from 'esbuild';

/** The one way to read such a file, from a checkout as in the bundle. The name must be a literal. */
const reading = /\breadFileSync\(new URL\('(\.{1,2}\/[^']+)', import\.meta\.url\), 'utf8'\)/g;

/**
 * In the bundle a module lies elsewhere than in a checkout, so any other use of `import.meta` refuses it.
 * @param sources - folder of our modules; packages are left alone.
 */
export function inlineFiles(sources: string): Plugin {
  return {
    name: 'inline-files',
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        if (relative(sources, path).startsWith('..')) return undefined;
        const source = await readFile(path, 'utf8');
        const names = [...source.matchAll(reading)].map((match) => match[1]!);
        const texts = await Promise.all(names.map((name) => readFile(join(dirname(path), name), 'utf8')));
        const contents = source.replaceAll(reading, () => JSON.stringify(texts.shift()!));
        if (!/\bimport\.meta\b/.test(contents)) return { contents, loader: 'ts' };
        const line = contents.split('\n').findIndex((text) => /\bimport\.meta\b/.test(text)) + 1;
        return { errors: [{
          text: "import.meta says nothing in the bundle; accepted, to read a file from beside the module: readFileSync(new URL('./name', import.meta.url), 'utf8')",
          location: { file: relative(dirname(sources), path), line },
        }] };
      });
    },
  };
}
