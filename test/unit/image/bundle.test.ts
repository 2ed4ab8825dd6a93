// The product as one file: that it needs nothing beside itself, is the same wherever it is made, and does what the sources do.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundle, noticesName } from '../../../scripts/bundle/bundle.ts';
import type { Bundle } from '../../../scripts/bundle/bundle.ts';

const repository = join(import.meta.dirname, '../../..');
const node = join(repository, 'node_modules/.bin/node');
const temporary = mkdtempSync(join(tmpdir(), 'rtvm-bundle-'));
const alone = join(temporary, 'alone');
let made: Bundle;

beforeAll(async () => {
  made = await bundle(repository, alone);
});
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

/** A checkout's sources in another folder, with the same packages. */
function copyOfSources(name: string): string {
  const copy = join(temporary, name);
  cpSync(join(repository, 'src'), join(copy, 'src'), { recursive: true });
  for (const file of ['package.json', 'tsconfig.json']) copyFileSync(join(repository, file), join(copy, file));
  mkdirSync(join(copy, 'guest'));
  copyFileSync(join(repository, 'guest/probe.rom'), join(copy, 'guest/probe.rom'));
  symlinkSync(join(repository, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

interface Ended { readonly code: number; readonly stdout: string; readonly stderr: string }

function run(args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(node, [...args], { cwd: repository, env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' } }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, stdout, stderr });
    });
  });
}

describe('the bundle', () => {
  test('is one file below 5 MB that imports nothing but what Node brings', () => {
    // `debug` tries it for its colours, and goes without.
    const optional = ['supports-color'];
    expect(made.imports.filter((name) => !name.startsWith('node:') && !builtinModules.includes(name) && !optional.includes(name))).toEqual([]);
    expect(made.bytes).toBeLessThan(5_000_000);
  });

  test('has the same bytes when it is made in another folder, and no path of either', async () => {
    const folder = copyOfSources('elsewhere');
    const other = await bundle(folder, join(temporary, 'out'));
    const digest = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');
    expect(digest(other.file)).toBe(digest(made.file));
    expect(digest(join(temporary, 'out', noticesName))).toBe(digest(join(alone, noticesName)));
    const text = readFileSync(made.file, 'latin1');
    for (const path of [repository, temporary]) expect(text.includes(path), path).toBe(false);
  });

  test('holds the files that modules read from beside themselves, and refuses what would not be there', async () => {
    const folder = copyOfSources('readers');
    const main = join(folder, 'src/cli/main.ts');
    mkdirSync(join(folder, 'src/cli/beside'));
    writeFileSync(join(folder, 'src/cli/beside/page.html'), '<p>"it\'s" $& there</p>\n');
    writeFileSync(main, "import { readFileSync } from 'node:fs';\nconsole.log(readFileSync(new URL('./beside/page.html', import.meta.url), 'utf8'));\n");
    const reads = await bundle(folder, join(temporary, 'reads'));
    expect(await run([reads.file])).toEqual({ code: 0, stdout: '<p>"it\'s" $& there</p>\n\n', stderr: '' });

    writeFileSync(main, 'const name = "page.html";\nconsole.log(new URL(name, import.meta.url));\n');
    await expect(bundle(folder, join(temporary, 'refused'))).rejects.toThrow(/src\/cli\/main\.ts:2.*import\.meta says nothing in the bundle/s);
    expect(() => readFileSync(join(temporary, 'refused/rtvm.mjs'))).toThrow('ENOENT');
  });

  test.for([
    ['--version'],
    ['--help'],
    ['controller', '--help'],
    ['validate', '-f', 'examples'],
    ['validate', '-f', 'test/corpus/bad'],
    ['plan', '-f', 'examples', '-o', 'json'],
    ['plan', '-f', 'examples/probe-vm.yaml', '--host', 'examples/host-a.yaml', '--color', 'always'],
    ['render', '-f', 'examples/probe-vm.yaml', '--host', 'examples/host-a.yaml'],
    ['agent', '--kubeconfig', '/nonexistent'],
    ['controller', '--kubeconfig', '/nonexistent'],
  ])('says what the sources say: rtvm %s', async (args) => {
    const [bundled, source] = await Promise.all([run([made.file, ...args]), run(['src/cli/main.ts', ...args])]);
    expect(bundled).toEqual(source);
    expect(bundled.stdout + bundled.stderr).not.toBe('');
  });

  test('goes with the terms of every package in it', () => {
    const notices = readFileSync(join(alone, noticesName), 'utf8');
    expect(made.packages.length).toBeGreaterThan(10);
    for (const { name, version, texts } of made.packages) {
      expect(notices).toContain(`\n${name} ${version}\nLicence: `);
      expect(texts.join('').length, name).toBeGreaterThan(50);
    }
    expect(made.packages.map(({ name }) => name)).toEqual(expect.arrayContaining(['@kubernetes/client-node', 'commander', 'zod']));
    expect(made.packages.map(({ name }) => name)).not.toContain('undici');
  });
});
