// node scripts/release/main.ts [FOLDER]: the kubectl plugin as krew installs it, in build/release/ or FOLDER.
import { join, resolve } from 'node:path';
import { makePluginRelease } from './plugin-archive.ts';

const repository = join(import.meta.dirname, '../..');
const { archive, manifest, sha256 } = await makePluginRelease(repository, resolve(process.argv[2] ?? join(repository, 'build/release')));
console.log(`${archive}\n${manifest}: sha256 ${sha256}`);
