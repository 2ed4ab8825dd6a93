// node scripts/bundle/main.ts [FOLDER]: the product as one file, in build/bundle/ or FOLDER.
import { join, resolve } from 'node:path';
import { bundle } from './bundle.ts';

const repository = join(import.meta.dirname, '../..');
const { file, bytes, packages } = await bundle(repository, resolve(process.argv[2] ?? join(repository, 'build/bundle')));
console.log(`${file}: ${(bytes / 1e6).toFixed(2)} MB, ${packages.length} packages in it`);
