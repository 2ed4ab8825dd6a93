/**
 * Leaves out of the bundle what `@kubernetes/client-node` brings and nobody calls: our store takes credentials and trust from its
 * KubeConfig and sends with Node's own https. That is 1.5 of 2.5 MB, and 16 MB of memory in each process.
 */
import type { Plugin } from 'esbuild';

/** By the name under which KubeConfig imports them: what it takes from them to make the generated API clients. */
const uncalled: Readonly<Record<string, readonly string[]>> = {
  undici: ['Agent', 'ProxyAgent'],
  './gen/index.js': ['createConfiguration', 'ServerConfiguration'],
  './middleware.js': ['setHeaderMiddleware'],
};

export const leanClientNode: Plugin = {
  name: 'lean-client-node',
  setup(build) {
    // The package's own entry re-exports everything; whoever needs more than KubeConfig is told so by esbuild.
    build.onResolve({ filter: /^@kubernetes\/client-node$/ }, ({ importer, resolveDir, kind }) => build.resolve('@kubernetes/client-node/dist/config.js', { importer, resolveDir, kind }));
    build.onResolve({ filter: /^(undici|\.\/gen\/index\.js|\.\/middleware\.js)$/ }, ({ path, importer }) =>
      (/@kubernetes[\\/]client-node[\\/]dist[\\/]config\.js$/.test(importer) ? { path, namespace: 'uncalled' } : undefined));
    build.onLoad({ filter: /.*/, namespace: 'uncalled' }, ({ path }) => ({
      contents: uncalled[path]!.map((name) => `export function ${name}() { throw new Error(${JSON.stringify(`${name} of ${path} is not in the bundle: only KubeConfig of client-node is`)}); }`).join('\n'),
    }));
  },
};
