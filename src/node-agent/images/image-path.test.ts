import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireApart, resolveImagePath } from './image-path.ts';

let directory: string;
let root: string;

beforeAll(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'rtvm-images-')));
  root = join(directory, 'images');
  mkdirSync(join(root, 'debian'), { recursive: true });
  mkdirSync(join(directory, 'images-of-another'));
  writeFileSync(join(root, 'probe.rom'), 'rom');
  writeFileSync(join(root, 'debian/13.qcow2'), 'qcow2');
  writeFileSync(join(root, '-rf; $(reboot) & \'".raw'), 'odd');
  writeFileSync(join(directory, 'secret'), 'secret');
  writeFileSync(join(directory, 'images-of-another/disk'), 'disk');
  symlinkSync('debian/13.qcow2', join(root, 'current.qcow2'));
  symlinkSync('../secret', join(root, 'out'));
  symlinkSync('..', join(root, 'parent'));
  symlinkSync('../images-of-another/disk', join(root, 'neighbour'));
  symlinkSync('nowhere', join(root, 'dangling'));
  symlinkSync('loop', join(root, 'loop'));
  execFileSync('mkfifo', [join(root, 'pipe')]);
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

test.each([
  ['probe.rom', 'probe.rom'],
  ['debian/13.qcow2', 'debian/13.qcow2'],
  ['./debian//13.qcow2', 'debian/13.qcow2'],
  ['current.qcow2', 'debian/13.qcow2'],
  ['parent/images/probe.rom', 'probe.rom'],
  ['-rf; $(reboot) & \'".raw', '-rf; $(reboot) & \'".raw'],
])('%s', async (path, expected) => {
  expect(await resolveImagePath(root, path)).toBe(join(root, expected));
});

describe('refused', () => {
  const there = 'there: -rf; $(reboot) & \'".raw, current.qcow2, dangling, debian/, loop, neighbour, out, parent and 2 more';
  test.each([
    ['', 'IMAGE_PATH_INVALID', 'image path "" is empty; accepted: a path below the host\'s image root, such as "debian/13.qcow2"'],
    ['/etc/shadow', 'IMAGE_PATH_INVALID', 'image path "/etc/shadow" is absolute; accepted: a path below the host\'s image root, such as "debian/13.qcow2"'],
    ['debian/../../secret', 'IMAGE_PATH_INVALID', 'image path "debian/../../secret" has ".."; accepted: a path below the host\'s image root, such as "debian/13.qcow2"'],
    ['probe.rom\0.raw', 'IMAGE_PATH_INVALID', 'image path "probe.rom\\u0000.raw" has a NUL character; accepted: a path below the host\'s image root, such as "debian/13.qcow2"'],
    ['out', 'IMAGE_PATH_INVALID', 'image "out" is a symbolic link out of the image root ROOT; accepted: files in it and links within it'],
    ['neighbour', 'IMAGE_PATH_INVALID', 'image "neighbour" is a symbolic link out of the image root ROOT; accepted: files in it and links within it'],
    ['parent/secret', 'IMAGE_PATH_INVALID', 'image "parent/secret" is a symbolic link out of the image root ROOT; accepted: files in it and links within it'],
    ['debian', 'IMAGE_NOT_A_FILE', 'image "debian" is a directory; accepted: a regular file under ROOT'],
    ['pipe', 'IMAGE_NOT_A_FILE', 'image "pipe" is a device, pipe or socket; accepted: a regular file under ROOT'],
    ['prob.rom', 'IMAGE_MISSING', `there is no image "prob.rom" under ROOT; did you mean "probe.rom"? (${there})`],
    ['something-else', 'IMAGE_MISSING', `there is no image "something-else" under ROOT (${there})`],
    ['dangling', 'IMAGE_MISSING', expect.stringContaining('there is no image "dangling" under ROOT')],
    ['debian/14.qcow2', 'IMAGE_MISSING', 'there is no image "debian/14.qcow2" under ROOT; did you mean "13.qcow2"? (there: 13.qcow2)'],
    ['ubuntu/24.04.qcow2', 'IMAGE_MISSING', 'there is no image "ubuntu/24.04.qcow2" under ROOT (ROOT/ubuntu is empty or missing)'],
    ['probe.rom/x', 'IMAGE_MISSING', 'there is no image "probe.rom/x" under ROOT (ROOT/probe.rom is empty or missing)'],
    ['loop', 'IMAGE_UNREADABLE', expect.stringContaining('image "loop" cannot be read: ELOOP')],
  ])('%j', async (path, code, message: unknown) => {
    const error: unknown = await resolveImagePath(root, path).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code });
    expect((error as Error).message.replaceAll(root, 'ROOT')).toEqual(message);
  });

  test('no image root', async () => {
    const missing = join(directory, 'missing');
    await expect(resolveImagePath(missing, 'probe.rom')).rejects.toMatchObject({ code: 'IMAGE_ROOT_MISSING', message: expect.stringContaining(`mkdir -p ${missing}`) as unknown });
  });
});

describe('the image root and what is other VMs\'', () => {
  test.each([['apart', 'images-of-another'], ['not there yet', 'state/disks'], ['apart by name alone', 'images-cache']])('%s', async (_, other) => {
    await expect(requireApart(root, [join(directory, other)])).resolves.toBeUndefined();
  });

  test.each<[string, () => readonly [imageRoot: string, other: string]]>([
    ['the same', () => [root, root]],
    ['one in the other', () => [directory, join(directory, 'images-of-another')]],
    ['the other way round', () => [join(root, 'debian'), root]],
    ['by a symbolic link', () => [join(root, 'parent'), join(directory, 'images-of-another')]],
    ['the root of the file system', () => ['/', join(directory, 'images-of-another')]],
  ])('%s is refused', async (_, paths) => {
    const [imageRoot, other] = paths();
    await expect(requireApart(imageRoot, [other])).rejects.toMatchObject({
      code: 'IMAGE_ROOT_UNSAFE', message: `the image root ${realpathSync(imageRoot)} and ${other}, which holds what is other VMs', are not apart: no image is taken from there; accepted: a directory with images alone, as --image-root /var/lib/rtvm/images`,
    });
  });
});
