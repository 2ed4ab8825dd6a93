// The page inside a bundle is the page of the sources.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import { embedPage } from '../../scripts/bundle/embed-page.ts';
import { readPageFiles } from '../../src/cli/ui/page-files.ts';

it('has the same files, with no directory to read them from', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'rtvm-bundle-'));
  try {
    const outfile = join(directory, 'page.mjs');
    await build({ entryPoints: [join(import.meta.dirname, '../../src/cli/ui/page-files.ts')], bundle: true, platform: 'node', format: 'esm', outfile, plugins: [embedPage(join(import.meta.dirname, '../..'))], logLevel: 'error' });
    const bundled = await import(outfile) as { readonly readPageFiles: typeof readPageFiles };
    const files = readPageFiles();
    expect(bundled.readPageFiles()).toEqual(files);
    expect(files.map(({ name }) => name)).toEqual(expect.arrayContaining(['index.html', 'style.css', 'main.ts']));
    expect(files.filter(({ name }) => name.includes('.test.'))).toEqual([]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
