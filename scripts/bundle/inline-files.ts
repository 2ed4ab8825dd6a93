/** Puts the files that our modules read from beside themselves into the bundle, as text; what is no text as base64. */
import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Plugin } from 'esbuild';

/** The one way to read such a file, from a checkout as in the bundle. The name must be a literal. */
const reading = /\breadFileSync\(new URL\('(\.{1,2}\/[^']+)', import\.meta\.url\), '(utf8|base64)'\)/g;

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
        const texts = await Promise.all([...source.matchAll(reading)].map(([, name, encoding]) => readFile(join(dirname(path), name!), encoding as 'utf8' | 'base64')));
        const contents = source.replaceAll(reading, () => JSON.stringify(texts.shift()!));
        if (!/\bimport\.meta\b/.test(contents)) return { contents, loader: 'ts' };
        const line = contents.split('\n').findIndex((text) => /\bimport\.meta\b/.test(text)) + 1;
        return { errors: [{
          text: "import.meta says nothing in the bundle; accepted, to read a file from beside the module: readFileSync(new URL('./name', import.meta.url), 'utf8') or 'base64'",
          location: { file: relative(dirname(sources), path), line },
        }] };
      });
    },
  };
}
