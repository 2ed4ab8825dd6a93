/** Puts the files of the page into the bundle, in place of the module that reads them from a checkout. */
import { join } from 'node:path';
import type { Plugin } from 'esbuild';
import { readPageFiles } from '../../src/cli/ui/page-files.ts';

/** @param repository - with `src/`. */
export function embedPage(repository: string): Plugin {
  return {
    name: 'embed-page',
    setup(build) {
      build.onLoad({ filter: /[\\/]src[\\/]cli[\\/]ui[\\/]page-files\.ts$/ }, () => ({
        contents: `const files = ${JSON.stringify(readPageFiles(join(repository, 'src/cli/ui/page')))};\nexport const readPageFiles = () => files;\n`,
        loader: 'js',
      }));
    },
  };
}
