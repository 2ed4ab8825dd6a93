/** From the path that a person writes to a file under the host's image root, and never to one outside. */
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { nearest } from '../../realtime/nearest.ts';
import { errorCode, reasonOf } from '../host/host-root.ts';
import { ImageError } from './image-error.ts';

/** How many names a message lists. */
const listedNames = 8;

/**
 * The real path of a regular file under the image root. Symbolic links are followed, since administrators use them to switch
 * versions, but not out of the root.
 * @param path - relative, as in RealtimeImage and `spec.kernel`: written by a tenant.
 * @throws ImageError `IMAGE_PATH_INVALID`, `IMAGE_ROOT_MISSING`, `IMAGE_MISSING` (saying what is there), `IMAGE_NOT_A_FILE`, `IMAGE_UNREADABLE`.
 */
export async function resolveImagePath(imageRoot: string, path: string): Promise<string> {
  requireRelative(path);
  const root = await realRoot(imageRoot);
  const wanted = join(root, path);
  const real = await realpath(wanted).catch(async (error: unknown) => {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') throw await missingError(root, path, error);
    throw new ImageError('IMAGE_UNREADABLE', `image ${quoted(path)} cannot be read: ${reasonOf(error)}`, { cause: error });
  });
  if (!real.startsWith(root.endsWith(sep) ? root : root + sep)) {
    throw new ImageError('IMAGE_PATH_INVALID', `image ${quoted(path)} is a symbolic link out of the image root ${root}; accepted: files in it and links within it`);
  }
  const found = await stat(real);
  if (!found.isFile()) {
    throw new ImageError('IMAGE_NOT_A_FILE', `image ${quoted(path)} is ${found.isDirectory() ? 'a directory' : 'a device, pipe or socket'}; accepted: a regular file under ${root}`);
  }
  return real;
}

/**
 * Refuses an image root that holds directories of ours, or lies in one: a tenant's path would reach other people's disks and images.
 * @throws ImageError `IMAGE_ROOT_UNSAFE`, `IMAGE_ROOT_MISSING`.
 */
export async function requireApart(imageRoot: string, directories: readonly string[]): Promise<void> {
  const root = await realRoot(imageRoot);
  for (const directory of directories) {
    const real = await realpath(directory).catch(() => directory);
    if (![[real, root], [root, real]].some(([inner = '', outer = '']) => `${inner}/`.startsWith(outer === '/' ? '/' : `${outer}/`))) continue;
    throw new ImageError('IMAGE_ROOT_UNSAFE', `the image root ${root} and ${real}, which holds what is other VMs', are not apart: no image is taken from there; accepted: a directory with images alone, as --image-root /var/lib/rtvm/images`);
  }
}

function requireRelative(path: string): void {
  const why = path === '' ? 'is empty'
    : path.includes('\0') ? 'has a NUL character'
      : path.startsWith('/') ? 'is absolute'
        : path.split('/').includes('..') ? 'has ".."'
          : undefined;
  if (why !== undefined) throw new ImageError('IMAGE_PATH_INVALID', `image path ${quoted(path)} ${why}; accepted: a path below the host's image root, such as "debian/13.qcow2"`);
}

async function realRoot(imageRoot: string): Promise<string> {
  try {
    return await realpath(imageRoot);
  } catch (error) {
    throw new ImageError('IMAGE_ROOT_MISSING', `the image root ${imageRoot} cannot be used: ${reasonOf(error)}; make it and put images there: mkdir -p ${imageRoot}`, { cause: error });
  }
}

async function missingError(root: string, path: string, cause: unknown): Promise<ImageError> {
  const folder = dirname(join(root, path));
  const names = (await readdir(folder, { withFileTypes: true }).catch(() => [])).filter((entry) => !entry.name.startsWith('.')).map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)).sort();
  const meant = nearest(basename(path), names);
  const there = names.length === 0 ? `${folder} is empty or missing` : `there: ${names.slice(0, listedNames).join(', ')}${names.length > listedNames ? ` and ${names.length - listedNames} more` : ''}`;
  return new ImageError('IMAGE_MISSING', `there is no image ${quoted(path)} under ${root}${meant === undefined ? '' : `; did you mean ${quoted(meant)}?`} (${there})`, { cause });
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
