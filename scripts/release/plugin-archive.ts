/** Makes what krew installs: an archive of the bundle and its launcher, and the manifest that names the archive by its checksum. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { bundle, bundleName, noticesName } from '../bundle/bundle.ts';

const run = promisify(execFile);

export interface PluginRelease {
  readonly archive: string;
  readonly manifest: string;
  /** Of the archive, in hex. */
  readonly sha256: string;
}

/** The same sources give the same bytes. @param folder - made where it is missing. */
export async function makePluginRelease(repository: string, folder: string): Promise<PluginRelease> {
  const { version } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')) as { readonly version: string };
  const archive = join(folder, `kubectl-rtvm-${version}.tar.gz`);
  const bytes = await packed(repository);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const template = await readFile(join(repository, 'deploy/krew/rtvm.yaml'), 'utf8');
  const manifest = join(folder, 'rtvm.yaml');
  await mkdir(folder, { recursive: true });
  await writeFile(archive, bytes);
  await writeFile(manifest, template.replaceAll('${VERSION}', version).replaceAll('${SHA256}', sha256));
  return { archive, manifest, sha256 };
}

async function packed(repository: string): Promise<Buffer> {
  const content = await mkdtemp(join(tmpdir(), 'rtvm-plugin-'));
  try {
    await bundle(repository, content);
    await copyFile(join(repository, 'deploy/krew/kubectl-rtvm'), join(content, 'kubectl-rtvm'));
    await copyFile(join(repository, 'LICENSE'), join(content, 'LICENSE'));
    const fixed = ['--format=ustar', '--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--mode=u=rwX,go=rX'];
    const { stdout } = await run('tar', [...fixed, '-C', content, '-c', 'LICENSE', noticesName, 'kubectl-rtvm', bundleName], { encoding: 'buffer', maxBuffer: 1 << 26 });
    return gzipSync(stdout, { level: 9 });
  } finally {
    await rm(content, { recursive: true, force: true });
  }
}
