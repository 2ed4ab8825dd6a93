// What an error is called is data, which a minified bundle keeps, and not the name of its class, which it does not.
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import { loggedError } from '../../src/runtime/logged-error.ts';

const root = join(import.meta.dirname, '../..');
const classes = globSync('src/**/*.ts', { cwd: root }).filter((path) => !/\.test\.ts$|\/testing\//.test(path)).flatMap((path) => {
  const text = readFileSync(join(root, path), 'utf8');
  return [...text.matchAll(/class (\w+) extends \w*Error\b/g)].map(([, name]) => ({ path, name: name! }));
});

it('is called the same when it is minified, whichever of our errors it is', async () => {
  expect(classes.length).toBeGreaterThan(15);
  const directory = mkdtempSync(join(tmpdir(), 'rtvm-errors-'));
  try {
    const outfile = join(directory, 'errors.mjs');
    const contents = classes.map(({ path, name }) => `export { ${name} } from './${path}';`).join('\n');
    await build({
      stdin: { contents, resolveDir: root, loader: 'ts' },
      bundle: true, minify: true, platform: 'node', target: 'node24', format: 'esm', outfile, logLevel: 'error',
      banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    });
    const minified = await import(outfile) as Readonly<Record<string, new (...args: readonly unknown[]) => Error>>;
    // No constructor of theirs asks more of its arguments.
    const names = classes.map(({ name }) => [name, loggedError(new minified[name]!([], [], [], String)).name]);
    expect(names).toEqual(classes.map(({ name }) => [name, name]));
    expect(minified['StoreError']!.name).not.toBe('StoreError');
  } finally {
    rmSync(directory, { recursive: true });
  }
});
