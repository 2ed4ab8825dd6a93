// Images that cannot be used, through `rtvm run`: each told with what to do, the VM taken back, and nothing left of it.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { repository, startLocalHost } from './support/local-host.ts';
import type { LocalHost } from './support/local-host.ts';
import { expectRefused, reasonsIn } from './support/refusal.ts';

const rom = readFileSync(join(repository, 'guest/probe.rom'));
const romSha256 = createHash('sha256').update(rom).digest('hex');
const otherSha256 = '0'.repeat(64);

let host: LocalHost;
let images: string;

beforeAll(async () => {
  host = await startLocalHost();
  images = join(host.dir, 'images');
  mkdirSync(join(images, 'sub'), { recursive: true });
  copyFileSync(join(repository, 'guest/probe.rom'), join(images, 'probe.rom'));
  writeFileSync(join(host.dir, 'outside.raw'), 'not below the image root');
  symlinkSync(join(host.dir, 'outside.raw'), join(images, 'link.raw'));
  symlinkSync(host.dir, join(images, 'linked'));
  writeFileSync(join(images, 'short.rom'), 'x');
  const qemuImg = (...args: readonly string[]) => execFileSync('qemu-img', ['create', '-q', ...args], { cwd: images });
  qemuImg('-f', 'raw', 'disk.raw', '1M');
  qemuImg('-f', 'qcow2', '-b', 'disk.raw', '-F', 'raw', 'backed.qcow2');
  qemuImg('-f', 'qcow2', '-o', 'data_file=elsewhere.raw', 'split.qcow2', '1M');
});
afterAll(() => host[Symbol.asyncDispose]());

interface Case {
  readonly what: string;
  readonly image: string;
  /** Beside `image: {name: faulty}`, or instead of it. */
  readonly uses?: string;
  /** IMAGES stands for the image root. */
  readonly told: string;
}

const cases: readonly Case[] = [
  {
    what: 'a file that is not there',
    image: '{format: rom, source: {path: prob.rom}}',
    told: 'there is no image "prob.rom" under IMAGES; did you mean "probe.rom"? (there: backed.qcow2, disk.raw, elsewhere.raw, link.raw, linked, probe.rom, short.rom, split.qcow2 and 1 more)',
  },
  {
    what: 'a kernel that is not there',
    image: '{format: raw, source: {path: disk.raw}}',
    uses: 'kernel: {path: prob.rom}',
    told: 'there is no image "prob.rom" under IMAGES; did you mean "probe.rom"? (there: backed.qcow2, disk.raw, elsewhere.raw, link.raw, linked, probe.rom, short.rom, split.qcow2 and 1 more)',
  },
  {
    what: 'another SHA-256',
    image: `{format: rom, source: {path: probe.rom, sha256: "${otherSha256}"}}`,
    told: `IMAGES/probe.rom has the SHA-256 ${romSha256}, but the RealtimeImage says ${otherSha256}: it is not the file that was meant, or was damaged; put the right file there, or correct sha256`,
  },
  {
    what: 'a link out of the image root',
    image: '{format: raw, source: {path: link.raw}}',
    told: 'image "link.raw" is a symbolic link out of the image root IMAGES; accepted: files in it and links within it',
  },
  {
    what: 'a directory that is a link out of the image root',
    image: '{format: raw, source: {path: linked/outside.raw}}',
    told: 'image "linked/outside.raw" is a symbolic link out of the image root IMAGES; accepted: files in it and links within it',
  },
  {
    what: 'a directory',
    image: '{format: raw, source: {path: sub}}',
    told: 'image "sub" is a directory; accepted: a regular file under IMAGES',
  },
  {
    what: 'a qcow2 with a backing file',
    image: '{format: qcow2, source: {path: backed.qcow2}}',
    told: 'IMAGES/backed.qcow2 has a backing file, which could be any file of the host, and is refused; make an image that stands alone: qemu-img convert -O qcow2',
  },
  {
    what: 'a qcow2 with a data file',
    image: '{format: qcow2, source: {path: split.qcow2}}',
    told: 'IMAGES/split.qcow2 keeps its data in another file, which could be any file of the host, and is refused; make an image that stands alone: qemu-img convert -O qcow2',
  },
  {
    what: 'a raw file given as qcow2',
    image: '{format: qcow2, source: {path: disk.raw}}',
    told: 'IMAGES/disk.raw is not a qcow2 image (it does not begin with "QFI\\xfb"); correct the RealtimeImage\'s format, or convert the file: qemu-img convert -O qcow2',
  },
  {
    what: 'a raw file given as rom',
    image: '{format: rom, source: {path: disk.raw}}',
    told: 'IMAGES/disk.raw has nothing at its end, where a CPU begins to run firmware, so it is no rom; correct the RealtimeImage\'s format (a disk image is raw or qcow2), or name a firmware image',
  },
  {
    what: 'a rom of an odd size',
    image: '{format: rom, source: {path: short.rom}}',
    told: 'IMAGES/short.rom has 1 bytes; accepted as rom: a firmware image of a multiple of 64 KiB, at most 16 MiB',
  },
  {
    what: 'a server that nobody allowed',
    image: `{format: raw, source: {url: "https://images.example/disk.raw", sha256: "${otherSha256}"}}`,
    told: "https://images.example/disk.raw is not on this host's list of places to fetch images from; the list is empty: its administrator has to allow a URL prefix first, with --allow-url of the agent (or of rtvm run)",
  },
];

test.each(cases)('$what', async ({ image, uses = 'image: {name: faulty}', told }) => {
  const manifest = host.write('faulty.yaml', `apiVersion: rtvm.dev/v1alpha1
kind: RealtimeImage
metadata: {name: faulty}
spec: ${image}
---
apiVersion: rtvm.dev/v1alpha1
kind: RealtimeVM
metadata: {name: faulty}
spec:
  cpu: {vcpus: 2, policy: Mixed, realtime: {}}
  memory: {size: 32Mi, pageSize: 2Mi}
  ${uses}
`);
  const result = await host.run([manifest], { env: { RTVM_IMAGE_ROOT: images } });
  expectRefused(result);
  expect(reasonsIn(result)).toEqual([
    `rtvm: RealtimeVM default/faulty cannot run: ${told.replaceAll('IMAGES', images)} (ImageUnusable)`,
    'rtvm: RealtimeVM default/faulty was taken back: nothing of it is left',
  ]);
  await host.nothingIsLeft();
});

test('a good image runs afterwards, with its SHA-256', async () => {
  const manifest = host.write('fine.yaml', readFileSync(join(repository, 'examples/probe-vm.yaml'), 'utf8').replace('path: probe.rom', `path: probe.rom\n    sha256: "${romSha256}"`));
  await host.runsAndDeletes(manifest);
});
