/** Makes the cloud-init seed of a VM: a NoCloud volume (ISO 9660, label CIDATA) with its user data, meta data and network configuration. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CORE_SCHEMA, dump, load } from 'js-yaml';
import type { VmIdentity } from '../../realtime/ids.ts';
import type { CloudInitSpec } from '../../realtime/spec.ts';
import { errorCode, reasonOf } from '../host/host-root.ts';
import { ImageError, diskFullError, storageError } from './image-error.ts';

const run = promisify(execFile);

/** User data holds keys and passwords: libvirt gives the volume to QEMU's user, and nobody else reads it. */
const privateMode = 0o600;

/**
 * Writes `seed.iso` into a folder of the VM's own, in place of an earlier one. What the tenant wrote goes into files of fixed
 * names; no path and no argument has anything of it.
 * @throws ImageError `CLOUD_INIT_INVALID` naming the field, `TOOL_MISSING`, `TOOL_FAILED`, `DISK_FULL`, `STORAGE_FAILED`.
 */
export async function makeSeed(folder: string, vm: VmIdentity, cloudInit: CloudInitSpec, signal?: AbortSignal): Promise<string> {
  const files = seedFiles(vm, cloudInit);
  const content = join(folder, 'seed.partial');
  const partial = join(folder, 'seed.iso.partial');
  const path = join(folder, 'seed.iso');
  try {
    await rm(content, { recursive: true, force: true });
    await mkdir(content, { mode: 0o700 });
    for (const [name, text] of files) await writeFile(join(content, name), text, { mode: privateMode });
    await writeIso(partial, content, signal);
    await chmod(partial, privateMode);
    await rename(partial, path);
    return path;
  } catch (error) {
    throw error instanceof ImageError || signal?.aborted === true ? error : storageError(`making ${path}`, error);
  } finally {
    await rm(content, { recursive: true, force: true });
    await rm(partial, { force: true });
  }
}

/** By the names that cloud-init's NoCloud reads. */
function seedFiles(vm: VmIdentity, cloudInit: CloudInitSpec): Map<string, string> {
  const files = new Map([['user-data', cloudInit.userData], ['meta-data', metaData(vm, cloudInit.metaData)]]);
  if (cloudInit.networkConfig !== undefined) files.set('network-config', cloudInit.networkConfig);
  return files;
}

/**
 * cloud-init sets a machine up once per instance-id: that is the VM's UID, unless the tenant's meta data has another, which is
 * how one asks for the set-up to run again.
 */
function metaData(vm: VmIdentity, text: string | undefined): string {
  return dump({ 'instance-id': vm.uid, 'local-hostname': vm.name, ...parseMetaData(text) }, { schema: CORE_SCHEMA, lineWidth: -1 });
}

function parseMetaData(text: string | undefined): object {
  if (text === undefined || text.trim() === '') return {};
  try {
    // No aliases: a few lines of them unfold into gigabytes.
    const value = load(text, { schema: CORE_SCHEMA, maxAliases: 0 });
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
    throw new TypeError('it is no mapping');
  } catch (error) {
    throw new ImageError('CLOUD_INIT_INVALID', `spec.cloudInit.metaData: ${reasonOf(error)}; accepted: a YAML mapping without aliases, such as "local-hostname: plc-1"`, { cause: error });
  }
}

async function writeIso(path: string, content: string, signal: AbortSignal | undefined): Promise<void> {
  try {
    // -no_rc: no start-up files of whoever runs this.
    await run('xorriso', ['-no_rc', '-as', 'mkisofs', '-quiet', '-no-pad', '-volid', 'CIDATA', '-joliet', '-rational-rock', '-output', path, content], {
      signal,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
    });
  } catch (error) {
    signal?.throwIfAborted();
    if (errorCode(error) === 'ENOENT') throw new ImageError('TOOL_MISSING', 'xorriso is not installed, so no cloud-init seed can be made: apt-get install xorriso', { cause: error });
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : reasonOf(error);
    if (/exceeds free space|No space left on device/.test(said)) throw diskFullError(`making ${path}`, error);
    throw new ImageError('TOOL_FAILED', `xorriso could not make ${path}: ${said}`, { cause: error });
  }
}
