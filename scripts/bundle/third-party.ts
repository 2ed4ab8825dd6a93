/** The packages that a bundle holds, and the text that their licences ask to go with it. */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';

export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX. */
  readonly license: string;
  /** In full, as the package ships them; where it ships none, who its package.json says has the rights. */
  readonly texts: readonly string[];
}

/** What may be in a product under Apache-2.0 with no more than a notice. */
const allowed = ['Apache-2.0', 'MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'BlueOak-1.0.0', 'Unlicense'];

const manifest = z.object({
  name: z.string(),
  version: z.string(),
  license: z.string(),
  author: z.union([z.string(), z.object({ name: z.string() }).transform(({ name }) => name)]).optional(),
});

/**
 * @param inputs - paths of bundled files, relative to the repository.
 * @returns sorted by name and version.
 * @throws Error where a licence is not among those allowed, or a package says neither its terms nor its author.
 */
export async function bundledPackages(repository: string, inputs: readonly string[]): Promise<readonly BundledPackage[]> {
  const folders = new Set(inputs.flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0] ?? []));
  const packages = await Promise.all([...folders].map((folder) => readPackage(join(repository, folder))));
  return packages.toSorted((a, b) => (`${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1));
}

async function readPackage(folder: string): Promise<BundledPackage> {
  const { name, version, license, author } = manifest.parse(JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')));
  if (!allowed.includes(license)) throw new Error(`${name} ${version} is under ${license}; a bundled package may be under ${allowed.join(', ')}`);
  const files = (await readdir(folder)).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file)).toSorted();
  const texts = await Promise.all(files.map(async (file) => (await readFile(join(folder, file), 'utf8')).replaceAll('\r\n', '\n').trim()));
  if (texts.length > 0) return { name, version, license, texts };
  if (author === undefined) throw new Error(`${name} ${version} ships no licence text and names no author, so nothing can be said of whose it is`);
  return { name, version, license, texts: [`Copyright ${author}. The package ships no licence text; its package.json declares ${license}.`] };
}

export function thirdPartyNotices(packages: readonly BundledPackage[]): string {
  const rule = '-'.repeat(80);
  const parts = packages.map(({ name, version, license, texts }) => [rule, `${name} ${version}`, `Licence: ${license}`, ...texts.flatMap((text) => ['', text])].join('\n'));
  return `${['rtvm is under Apache-2.0. rtvm.mjs also holds code of these packages, each under its own licence.', ...parts].join('\n\n')}\n`;
}
