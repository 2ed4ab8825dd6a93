/** The host's files as they are: the state directory, the image root and what may be fetched. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Runtime } from '../runtime/runtime.ts';
import { readIfThere } from '../store/directory/atomic-file.ts';
import type { HostRoot } from './host/host-root.ts';
import type { OpenHostFiles } from './host-files.ts';
import { GuestFiles } from './images/guest-files.ts';
import { prepareSerialLog, removeSerialLog } from './serial-log.ts';

export interface FilesOnDiskOptions {
  readonly root: HostRoot;
  readonly stateDirectory: string;
  readonly imageRoot: string;
  /** URL prefixes that images may be fetched from. */
  readonly allowedUrls: readonly string[];
  readonly runtime: Runtime;
}

const gib = 2 ** 30;
/** Room for a handful of operating systems; the oldest that no guest needs are removed first. */
const maxCacheBytes = 100 * gib;
const maxImageBytes = 50 * gib;

export function filesOnDisk({ root, stateDirectory, imageRoot, allowedUrls, runtime }: FilesOnDiskOptions): OpenHostFiles {
  return (imagesInUse) => {
    const guestFiles = new GuestFiles({
      root, stateDirectory, imageRoot, runtime, urlPrefixes: allowedUrls, maxCacheBytes, maxImageBytes, imagesInUse,
    });
    const noteOf = (name: string) => join(stateDirectory, name);
    return {
      prepare: async (vm, guest, signal) => ({
        ...await guestFiles.prepare(vm, guest, signal),
        serialLog: await prepareSerialLog(stateDirectory, vm),
      }),
      remove: async (vm, { nodeLocal, serialLog }) => {
        await guestFiles.remove(vm.uid, { keepNodeLocal: nodeLocal });
        if (!serialLog) await removeSerialLog(stateDirectory, vm);
      },
      readNote: (name) => readIfThere(noteOf(name)),
      writeNote: async (name, text) => {
        const staged = `${noteOf(name)}.new`;
        await mkdir(stateDirectory, { recursive: true });
        await writeFile(staged, text, { mode: 0o600 });
        await rename(staged, noteOf(name));
      },
    };
  };
}
