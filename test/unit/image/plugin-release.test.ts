// What krew installs: an archive that is always the same, a manifest that krew's own rules accept, and a launcher that runs or says why not.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { makePluginRelease } from '../../../scripts/release/plugin-archive.ts';
import type { PluginRelease } from '../../../scripts/release/plugin-archive.ts';

const repository = join(import.meta.dirname, '../../..');
const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { readonly version: string };
const temporary = mkdtempSync(join(tmpdir(), 'rtvm-krew-'));
const store = join(temporary, 'store');
let release: PluginRelease;

beforeAll(async () => {
  release = await makePluginRelease(repository, join(temporary, 'one'));
  mkdirSync(store);
  execFileSync('tar', ['-xzf', release.archive, '-C', store]);
});
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

/** Krew's rules for a Plugin (its internal/index/validation), and of its naming guide the length of the short description. */
const plugin = z.strictObject({
  apiVersion: z.literal('krew.googlecontainertools.github.com/v1alpha2'),
  kind: z.literal('Plugin'),
  metadata: z.strictObject({ name: z.string().regex(/^[\w-]+$/) }),
  spec: z.strictObject({
    version: z.string().regex(/^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/),
    homepage: z.url(),
    shortDescription: z.string().min(1).max(50).regex(/^[^\r\n]+$/),
    description: z.string().min(1),
    caveats: z.string().min(1),
    platforms: z.array(z.strictObject({
      selector: z.strictObject({ matchExpressions: z.array(z.strictObject({ key: z.enum(['os', 'arch']), operator: z.literal('In'), values: z.array(z.string()).min(1) })).min(1) }),
      uri: z.url(),
      sha256: z.string().regex(/^[a-f0-9]{64}$/),
      bin: z.string().min(1),
    })).min(1),
  }),
});

describe('the kubectl plugin', () => {
  test('has a manifest that krew accepts, with the checksum of the archive', () => {
    const manifest = plugin.parse(load(readFileSync(release.manifest, 'utf8')));
    expect(manifest.metadata.name).toBe('rtvm');
    expect(manifest.spec.version).toBe(`v${version}`);
    const [platform] = manifest.spec.platforms;
    expect(platform!.sha256).toBe(createHash('sha256').update(readFileSync(release.archive)).digest('hex'));
    expect(platform!.uri).toMatch(new RegExp(`/v${version}/kubectl-rtvm-${version}\\.tar\\.gz$`));
    expect(readdirSync(store).toSorted()).toEqual(['LICENSE', 'THIRD-PARTY-NOTICES', platform!.bin, 'rtvm.mjs']);
  });

  test('is the same archive each time', async () => {
    expect((await makePluginRelease(repository, join(temporary, 'two'))).sha256).toBe(release.sha256);
  });

  /** As krew links it, with a PATH of nothing but these programs. */
  function called(name: string, node: string | undefined, ...args: readonly string[]) {
    const bin = join(temporary, name);
    mkdirSync(bin);
    symlinkSync(join('..', 'store', 'kubectl-rtvm'), join(bin, 'kubectl-rtvm'));
    for (const program of ['sh', 'dirname', 'readlink']) symlinkSync(execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim(), join(bin, program));
    if (node !== undefined) symlinkSync(node, join(bin, 'node'));
    const { status, stdout, stderr } = spawnSync(join(bin, 'kubectl-rtvm'), args, { env: { PATH: bin }, encoding: 'utf8' });
    return { status, stdout, stderr };
  }

  test('runs from a link, as krew makes it', () => {
    expect(called('linked', join(repository, 'node_modules/node/bin/node'), '--version')).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
    expect(called('helping', join(repository, 'node_modules/node/bin/node'), '--help').stdout).toMatch(/^Usage: kubectl rtvm /);
  });

  test('says what it needs where Node is missing or too old', () => {
    const needs = "kubectl rtvm: needs Node.js 24 or newer as 'node' on the PATH";
    expect(called('without', undefined, '--version')).toEqual({ status: 2, stdout: '', stderr: `${needs}, found none; see https://nodejs.org/en/download\n` });
    const old = join(temporary, 'old-node');
    writeFileSync(old, '#!/bin/sh\necho v18.20.4\n', { mode: 0o755 });
    expect(called('old', old, '--version')).toEqual({ status: 2, stdout: '', stderr: `${needs}, found v18.20.4; see https://nodejs.org/en/download\n` });
  });
});
