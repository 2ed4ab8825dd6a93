// The base of the upgrade contract: taken from git history, bundled by its own scripts, kept for the next run.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const repository = resolve(import.meta.dirname, '../..');

/** The release that is upgraded, and gone back to: docs/decisions/0011-upgrade-contract.md says when it moves on. */
export const baseCommit = '676d6003a198ef21287e8841d9ce2c9805e0c163';

export interface Release {
  /** `rtvm.mjs`, as it was shipped. */
  readonly bundle: string;
  /** The Helm chart. */
  readonly chart: string;
}

/**
 * Named in the cache by what it is made of: the commit, the packages that it locks and the scripts that bundle it.
 * @throws Error where this clone does not hold the commit, with what brings it.
 */
export async function baseRelease(): Promise<Release> {
  await requireCommit();
  const [packages, bundler] = [await objectOf('package-lock.json'), await objectOf('scripts/bundle')];
  const made = createHash('sha256').update([baseCommit, packages, bundler].join()).digest('hex').slice(0, 16);
  const caches = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'rtvm-testbed');
  const cache = join(caches, `release-${baseCommit.slice(0, 7)}-${made}`);
  if (!existsSync(cache)) await make(cache);
  return { bundle: join(cache, 'rtvm.mjs'), chart: join(cache, 'chart') };
}

/** The bundle and the chart, and nothing else of the sources. */
async function make(cache: string): Promise<void> {
  mkdirSync(join(repository, 'build'), { recursive: true });
  const work = mkdtempSync(join(repository, 'build', 'base-release-'));
  try {
    const [sources, result] = [join(work, 'sources'), join(work, 'result')];
    mkdirSync(sources);
    await git('archive', '--output', join(work, 'sources.tar'), baseCommit);
    await run('tar', ['-xf', join(work, 'sources.tar'), '-C', sources]);
    await installPackages(sources);
    const bundler = join(sources, 'scripts/bundle/main.ts');
    await run(process.execPath, ['--disable-warning=ExperimentalWarning', bundler, result]);
    cpSync(join(sources, 'deploy/helm/rtvm'), join(result, 'chart'), { recursive: true });
    mkdirSync(join(cache, '..'), { recursive: true });
    const partial = `${cache}.${process.pid}`;
    cpSync(result, partial, { recursive: true });
    moveUnlessThere(partial, cache);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Several test processes may make it at once: the first counts. */
function moveUnlessThere(partial: string, cache: string): void {
  try {
    renameSync(partial, cache);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    if (!existsSync(cache)) throw error;
  }
}

/** Those of this checkout, linked, where it locks the same; else those that the release locks, from the registry. */
async function installPackages(sources: string): Promise<void> {
  const locked = (folder: string) => readFileSync(join(folder, 'package-lock.json'), 'utf8');
  if (locked(sources) === locked(repository)) {
    await run('cp', ['-al', join(repository, 'node_modules'), join(sources, 'node_modules')]);
    return;
  }
  await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: sources });
}

async function requireCommit(): Promise<void> {
  try {
    await git('cat-file', '-e', `${baseCommit}^{commit}`);
  } catch (error) {
    const isShallow = await git('rev-parse', '--is-shallow-repository').catch(() => 'unknown');
    const remedy = isShallow === 'true'
      ? 'this clone is shallow: git fetch --unshallow (in CI: a checkout of the whole history)'
      : 'fetch the history of main into this clone';
    const missing = `commit ${baseCommit}, from which upgrades are tested, is not in the git history of ${repository}`;
    throw new Error(`${missing}; ${remedy}`, { cause: error });
  }
}

/** The name by content that git has given to a file or folder of the release. */
async function objectOf(path: string): Promise<string> {
  return git('rev-parse', `${baseCommit}:${path}`);
}

async function git(...args: readonly string[]): Promise<string> {
  const { stdout } = await run('git', ['-C', repository, ...args]);
  return stdout.trim();
}
