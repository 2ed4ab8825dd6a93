// The image, built from the Dockerfile as it is: what is in it, what is not, and that it works as nobody on a root that cannot be written.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundle } from '../../scripts/bundle/bundle.ts';
import { ImageBuilder, imageBuilderMissing } from '../testbed/image-builder.ts';

const repository = join(import.meta.dirname, '../..');
const missing = imageBuilderMissing();
const image = 'localhost/rtvm:test';
const argument = (name: string) => new RegExp(`^ARG ${name}=(\\S+)$`, 'm').exec(readFileSync(join(repository, 'Dockerfile'), 'utf8'))![1]!;
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(2)} MB`;

describe.skipIf(missing !== undefined)(missing === undefined ? 'the image' : `the image (${missing})`, () => {
  let builder: ImageBuilder;
  let root: string;
  let baseRoot: string;

  beforeAll(async () => {
    builder = new ImageBuilder();
    const [base, node] = [argument('BASE_IMAGE'), argument('NODE_IMAGE')];
    await builder.makeBases({ base, node });
    await builder.build(image, '--build-arg', 'REVISION=0123456789abcdef');
    root = await builder.rootOf(image);
    baseRoot = await builder.rootOf(base);
  }, 600_000);
  afterAll(() => {
    builder[Symbol.dispose]();
  });

  test('holds one bundle, the same as a checkout makes, and its programs by name', async () => {
    const checkout = await bundle(repository, join(root, '..', 'checkout-bundle'));
    try {
      const digest = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');
      expect(digest(join(root, 'rtvm/rtvm.mjs'))).toBe(digest(checkout.file));
    } finally {
      rmSync(join(checkout.file, '..'), { recursive: true });
    }
    expect(readdirSync(join(root, 'rtvm')).toSorted()).toEqual(['LICENSE', 'THIRD-PARTY-NOTICES', 'rtvm.mjs']);
  });

  test('has no npm, no compiler, no servers of QEMU, and nothing of the build', () => {
    const names = ['/bin', '/sbin', '/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin'].flatMap((folder) => readdirSync(join(root, folder)));
    expect(names.filter((name) => /^(npm|npx|yarn|corepack|gcc|cc|g\+\+|make|ld|as|python3?|git|curl|wget|qemu-(nbd|io|storage-daemon))$/.test(name))).toEqual([]);
    expect(names).toEqual(expect.arrayContaining(['node', 'rtvm', 'kubectl-rtvm', 'qemu-img', 'prlimit', 'chrt', 'taskset']));
    for (const folder of ['source', 'bundle', 'usr/local/lib/node_modules', 'root/.npm', 'root/.npmrc', 'var/lib/apt/lists/deb.debian.org_debian_dists_trixie_InRelease']) {
      expect(lstatSync(join(root, folder), { throwIfNoEntry: false }), folder).toBeUndefined();
    }
  });

  test('says in its configuration what it is, and runs as nobody', async () => {
    const { OCIv1: { config } } = JSON.parse(await builder.buildah('inspect', '--type', 'image', image)) as { readonly OCIv1: { readonly config: Readonly<Record<string, unknown>> } };
    const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { readonly version: string };
    expect(config).toMatchObject({
      User: '65532:65532',
      Entrypoint: ['/usr/local/bin/rtvm'],
      Cmd: ['--help'],
      Labels: {
        'org.opencontainers.image.title': 'rtvm',
        'org.opencontainers.image.version': version,
        'org.opencontainers.image.revision': '0123456789abcdef',
        'org.opencontainers.image.licenses': 'Apache-2.0',
        'org.opencontainers.image.source': 'https://github.com/rtvm-dev/rtvm',
      },
    });
    // What reaches npm while building stays there.
    expect(JSON.stringify(config)).not.toMatch(/npm|NODE_EXTRA/);
  });

  /** As the container's user, in a mount namespace where the image is the root and cannot be written. */
  function inside(command: string, stdin = ''): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
    const script = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && mount -t proc proc "$1/proc" && exec chroot --userspec=65532:65532 "$1" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin sh -c "$2"';
    return new Promise((resolve) => {
      const child = execFile('unshare', ['--mount', '--pid', '--fork', 'sh', '-c', script, 'sh', root, command], (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, stdout, stderr });
      });
      child.stdin!.end(stdin);
    });
  }

  test('works as nobody on a read-only root', async () => {
    expect(await inside('id -u; id -un; touch /tmp/x')).toMatchObject({ code: 1, stdout: '65532\nrtvm\n', stderr: expect.stringContaining('Read-only file system') as string });
    expect(await inside('rtvm --version && kubectl-rtvm --version')).toEqual({ code: 0, stdout: `${argument('VERSION')}\n`.repeat(2), stderr: '' });
    const vm = readFileSync(join(repository, 'examples/plain-vm.yaml'), 'utf8');
    expect(await inside('rtvm validate -f -', vm)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+ resources? fine/) as string });
    expect(await inside('rtvm validate -f -', vm.replace('kind: RealtimeVM', 'kind: RealtimeWM'))).toMatchObject({ code: 1 });
    expect(await inside('rtvm controller')).toMatchObject({ code: 1, stderr: expect.stringContaining('no cluster to talk to') as string });
    expect(await inside('qemu-img --version')).toMatchObject({ code: 0 });
    expect(await inside('chrt --version && taskset --version && prlimit --version')).toMatchObject({ code: 0 });
  });

  test('is small', () => {
    const [whole, base] = [bytesUnder(root), bytesUnder(baseRoot)];
    const node = lstatSync(join(root, 'usr/local/bin/node')).size;
    const published = lstatSync(join(repository, 'node_modules/node/bin/node')).size;
    const own = bytesUnder(join(root, 'rtvm'));
    const tools = whole - base - node - own;
    console.log([
      `image ${megabytes(whole)} = base ${megabytes(base)} + Node ${megabytes(node)} (${megabytes(published)} as published) + rtvm with its licences ${megabytes(own)} + qemu-img and its libraries ${megabytes(tools)}; what is not of the base:`,
      ...addedTo(baseRoot, root).toSorted((a, b) => b.bytes - a.bytes).slice(0, 25).map(({ path, bytes }) => `  ${megabytes(bytes).padStart(9)} /${path}`),
    ].join('\n'));
    expect(own).toBeLessThan(5e6);
    expect(own + tools).toBeLessThan(15e6);
    expect(whole).toBeLessThan(base + published + 10e6);
  });
});

/** The files of a root that another has not, or has otherwise. */
function addedTo(base: string, root: string, folder = ''): readonly { readonly path: string; readonly bytes: number }[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return addedTo(base, root, path);
    const [before, after] = [lstatSync(join(base, path), { throwIfNoEntry: false }), lstatSync(join(root, path))];
    return !entry.isFile() || (before?.size === after.size && before.mtimeMs === after.mtimeMs) ? [] : [{ path, bytes: after.size }];
  });
}

/** What the files hold together; a link counts as nothing. */
function bytesUnder(folder: string): number {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(folder, entry.name);
    return sum + (entry.isDirectory() ? bytesUnder(path) : entry.isFile() ? lstatSync(path).size : 0);
  }, 0);
}
