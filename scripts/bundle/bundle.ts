/** Makes the product one file that Node 24 runs: `rtvm.mjs`, and beside it the licences of what is inside. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { embedPage } from './embed-page.ts';
import { inlineFiles } from './inline-files.ts';
import { leanClientNode } from './lean-client-node.ts';
import { bundledPackages, thirdPartyNotices } from './third-party.ts';
import type { BundledPackage } from './third-party.ts';

export const bundleName = 'rtvm.mjs';
export const noticesName = 'THIRD-PARTY-NOTICES';

/**
 * The file runs by itself where `node` is on the PATH. glibc then gives memory back that is free at the end of its heap, as by default,
 * but no longer raises the limit by itself: 5 MB less in an idle process. Packages in CommonJS call `require` for Node's own
 * modules, which a module does not have.
 */
const head = [
  '#!/usr/bin/env -S MALLOC_TRIM_THRESHOLD_=131072 node',
  'import{createRequire as rtvmCreateRequire}from"node:module";const require=rtvmCreateRequire(import.meta.url);',
].join('\n');

export interface Bundle {
  readonly file: string;
  readonly bytes: number;
  readonly packages: readonly BundledPackage[];
  /** Modules that it takes from outside itself. */
  readonly imports: readonly string[];
}

/**
 * The same sources and packages give the same bytes, in whichever folder.
 * @param repository - with `src/`, `package.json` and `node_modules/`.
 * @param folder - made where it is missing; files of the same names are replaced.
 * @throws Error that names the file which cannot be bundled, or the package whose licence nobody has looked at.
 */
export async function bundle(repository: string, folder: string): Promise<Bundle> {
  const result = await build({
    absWorkingDir: repository,
    entryPoints: ['src/cli/main.ts'],
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    banner: { js: head },
    // All licences in full are in the notices.
    legalComments: 'none',
    metafile: true,
    write: false,
    outfile: bundleName,
    logLevel: 'silent',
    plugins: [embedPage(repository), inlineFiles(join(repository, 'src')), leanClientNode],
  });
  const output = Object.values(result.metafile.outputs)[0]!;
  const packages = await bundledPackages(repository, Object.entries(output.inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])));
  const { contents } = result.outputFiles[0]!;
  const file = join(folder, bundleName);
  await mkdir(folder, { recursive: true });
  await writeFile(file, contents);
  await chmod(file, 0o755);
  await writeFile(join(folder, noticesName), thirdPartyNotices(packages));
  return { file, bytes: contents.byteLength, packages, imports: [...new Set(output.imports.map(({ path }) => path))].toSorted() };
}
