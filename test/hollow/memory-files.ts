/** A host's files in memory, as an agent has them: disks by path, notes. They outlive the agents, as on a real disk. */
import { ImageError } from '../../src/node-agent/images/image-error.ts';
import type { HostFiles, OpenHostFiles } from '../../src/node-agent/host-files.ts';
import type { HostLink } from './memory-hypervisor.ts';

interface Disk {
  readonly vm: string;
  readonly persistence: string;
}

const folders: Readonly<Record<string, string>> = { Ephemeral: 'ephemeral', NodeLocal: 'node-local' };

export class MemoryFiles {
  readonly #disks = new Map<string, Disk>();
  readonly #notes = new Map<string, string>();
  /** No disk can be made, no note be written. */
  isFull = false;

  /** Paths of all disks that are there, and who has them. */
  get disks(): ReadonlyMap<string, Disk> {
    return this.#disks;
  }

  /** @param link what is between the agent and its disks: they take their time. */
  open(link: HostLink): OpenHostFiles {
    const call = async <Result>(act: () => Result): Promise<Result> => {
      await link.there();
      let outcome: { readonly result: Result } | { readonly refusal: unknown };
      try {
        outcome = { result: act() };
      } catch (refusal) {
        outcome = { refusal };
      }
      await link.back();
      if ('refusal' in outcome) throw outcome.refusal;
      return outcome.result;
    };
    const prepare: HostFiles['prepare'] = ({ uid }, { boot, disks, cloudInit }) => call(() => ({
      disks: new Map(disks.map(({ name, persistence }) => {
        const path = `/disks/${uid}/${folders[persistence] ?? ''}/${name}.raw`;
        if (!this.#disks.has(path)) this.#make(path, { vm: uid, persistence });
        return [name, { path, format: 'raw' as const, preallocated: true }];
      })),
      ...(boot.kind === 'rom' ? { rom: `/images/${boot.image.name}` } : {}),
      ...(boot.kind === 'kernel' ? { kernel: `/images/${boot.path}` } : {}),
      ...(cloudInit === undefined ? {} : { seed: `/seeds/${uid}.img` }),
      serialLog: `/serial/${uid}.log`,
    }));
    return () => ({
      prepare,
      remove: ({ uid }, { nodeLocal }) => call(() => {
        for (const [path, { vm, persistence }] of this.#disks) {
          if (vm === uid && !(nodeLocal && persistence === 'NodeLocal')) this.#disks.delete(path);
        }
      }),
      readNote: (name) => call(() => this.#notes.get(name)),
      writeNote: (name, text) => call(() => {
        if (this.isFull) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
        this.#notes.set(name, text);
      }),
    });
  }

  #make(path: string, disk: Disk): void {
    if (this.isFull) throw new ImageError('DISK_FULL', `making ${path}: no space left on device`);
    this.#disks.set(path, disk);
  }
}
