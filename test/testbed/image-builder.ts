// Builds the Dockerfile with buildah, without a daemon and without a container registry: the images that it names are made here, of Debian's
// packages and the Node of this checkout, in a store that goes away with the builder.
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const repository = join(import.meta.dirname, '../..');
/** Outlives the test: Debian is fetched once per clone. */
const cache = join(repository, 'build/image');

/** Why no image can be built here; undefined where one can. */
export function imageBuilderMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'skipped where the tests do not run as root';
  const missing = ['buildah', 'mmdebstrap'].find((program) => !['/usr/bin', '/usr/local/bin'].some((folder) => existsSync(join(folder, program))));
  if (missing !== undefined) return `skipped where ${missing} is not installed`;
  return refusal();
}

/** A container may have root and buildah, and yet be refused the mounts that every step of a build needs. */
function refusal(): string | undefined {
  const store = mkdtempSync(join(tmpdir(), 'rtvm-buildah-'));
  try {
    execFileSync('buildah', [...storeOptions(store), 'from', 'scratch'], { stdio: 'pipe' });
    execFileSync('unshare', ['--mount', '--pid', '--fork', 'mount', '-t', 'proc', 'proc', '/proc'], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return `skipped where buildah cannot work: ${String((error as { readonly stderr?: Buffer }).stderr ?? error).trim().split('\n').at(-1)!}`;
  } finally {
    rmSync(store, { recursive: true, force: true });
  }
}

function storeOptions(store: string): readonly string[] {
  return ['--root', join(store, 'root'), '--runroot', join(store, 'run'), '--storage-driver', 'vfs'];
}

export class ImageBuilder implements Disposable {
  readonly #store: string;

  constructor() {
    mkdirSync(cache, { recursive: true });
    this.#store = mkdtempSync(join(cache, 'store-'));
  }

  /** Makes the two images that the Dockerfile begins with, under the names that it has for them. */
  async makeBases(names: { readonly base: string; readonly node: string }): Promise<void> {
    await this.#commit('scratch', names.base, async (container) => {
      await this.buildah('add', '-q', container, await debianRoot(), '/');
    });
    await this.#commit(names.base, names.node, async (container) => {
      await this.buildah('copy', '-q', container, join(repository, 'node_modules/node/bin/node'), '/usr/local/bin/node');
      await this.buildah('copy', '-q', container, npmFolder(), '/usr/local/lib/node_modules/npm');
      const root = await this.mount(container);
      symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm'));
      const authorities = ownAuthorities();
      if (authorities === '') return;
      writeFileSync(join(root, 'etc/own-authorities.pem'), authorities);
      await this.buildah('config', '--env', 'NODE_EXTRA_CA_CERTS=/etc/own-authorities.pem', container);
    });
  }

  async build(image: string, ...options: readonly string[]): Promise<void> {
    const npmrc = join(homedir(), '.npmrc');
    const secret = existsSync(npmrc) ? ['--secret', `id=npmrc,src=${npmrc}`] : [];
    await this.buildah('build', '--isolation', 'chroot', '--pull-never', '--format', 'oci', ...secret, ...options, '-t', image, repository);
  }

  /** @returns its root on this machine; it stays until the builder goes. */
  async rootOf(image: string): Promise<string> {
    return this.mount(await this.#from(image));
  }

  async mount(container: string): Promise<string> {
    return (await this.buildah('mount', container)).trim();
  }

  /** @throws Error with the last lines of what buildah said. */
  async buildah(...args: readonly string[]): Promise<string> {
    try {
      const { stdout } = await run('buildah', [...storeOptions(this.#store), ...args], { maxBuffer: 1 << 26 });
      return stdout;
    } catch (error) {
      const said = error as { readonly stdout?: string; readonly stderr?: string };
      throw new Error(`buildah ${args[0]!} failed:\n${`${said.stdout ?? ''}${said.stderr ?? ''}`.trim().split('\n').slice(-30).join('\n')}`, { cause: error });
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#store, { recursive: true, force: true });
  }

  async #from(image: string): Promise<string> {
    return (await this.buildah('from', '--pull-never', image)).trim();
  }

  async #commit(from: string, image: string, change: (container: string) => Promise<void>): Promise<void> {
    const container = await this.#from(from);
    await change(container);
    await this.buildah('commit', '-q', '--rm', container, image);
  }
}

/** A minimal Debian 13 as debian:trixie-slim is one: no manuals, no translations. */
async function debianRoot(): Promise<string> {
  const file = join(cache, 'trixie.tar');
  if (existsSync(file)) return file;
  const partial = `${file}.${process.pid}.partial`;
  const without = ['man', 'locale', 'doc', 'info'].map((folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`);
  await run('mmdebstrap', ['--quiet', '--format=tar', '--variant=minbase', '--include=ca-certificates', ...without, 'trixie', partial, 'http://deb.debian.org/debian'], { maxBuffer: 1 << 26 });
  renameSync(partial, file);
  return file;
}

/** Of the npm on this machine's PATH. */
function npmFolder(): string {
  return dirname(dirname(execFileSync('sh', ['-c', 'readlink -f "$(command -v npm)"'], { encoding: 'utf8' }).trim()));
}

/** Certificates that this machine's npm trusts beside the usual ones, as a company's base image would bring them. */
function ownAuthorities(): string {
  const named = [join(homedir(), '.npmrc'), '/etc/npmrc'].filter((file) => existsSync(file)).flatMap((file) => /^cafile\s*=\s*(.+)$/m.exec(readFileSync(file, 'utf8'))?.[1]?.trim() ?? []);
  const files = new Set([process.env['NODE_EXTRA_CA_CERTS'] ?? '', ...named]);
  return [...files].filter((file) => file !== '' && existsSync(file)).map((file) => readFileSync(file, 'utf8')).join('\n');
}
