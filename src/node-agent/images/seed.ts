/** Makes the cloud-init seed of a VM: a NoCloud volume (ISO 9660, label CIDATA) with its user data, meta data and network configuration. */
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CORE_SCHEMA, dump, load } from 'js-yaml';
import type { VmIdentity } from '../../realtime/ids.ts';
import type { CloudInitSpec } from '../../realtime/spec.ts';
import { reasonOf } from '../host/host-root.ts';
import { ImageError, storageError } from './image-error.ts';
import { isoVolume } from './iso9660.ts';

/** User data holds keys and passwords: libvirt gives the volume to QEMU's user, and nobody else reads it. */
const privateMode = 0o600;

/**
 * Writes `seed.iso` into a folder of the VM's own, in place of an earlier one. What the tenant wrote goes into files of fixed
 * names; no path has anything of it.
 * @throws ImageError `CLOUD_INIT_INVALID` naming the field, `DISK_FULL`, `STORAGE_FAILED`.
 */
export async function makeSeed(folder: string, vm: VmIdentity, cloudInit: CloudInitSpec, signal?: AbortSignal): Promise<string> {
  const files = seedFiles(vm, cloudInit);
  const partial = join(folder, 'seed.iso.partial');
  const path = join(folder, 'seed.iso');
  try {
    await rm(partial, { force: true });
    await writeFile(partial, isoVolume('CIDATA', files), { mode: privateMode, signal });
    await rename(partial, path);
    return path;
  } catch (error) {
    signal?.throwIfAborted();
    throw storageError(`making ${path}`, error);
  } finally {
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
