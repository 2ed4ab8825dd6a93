/** A host's files in memory, as an agent has them: disks by name and content, notes. They outlive the agents, as on a real disk. */
import type { OpenHostFiles } from '../../src/node-agent/host-files.ts';

interface Disk {
  readonly vm: string;
  readonly name: string;
  readonly persistence: string;
}

export class MemoryFiles {
  readonly #disks = new Map<string, Disk>();
  readonly #notes = new Map<string, string>();

  /** Paths of all disks that are there, and who has them. */
  get disks(): ReadonlyMap<string, Disk> {
    return this.#disks;
  }

  readonly open: OpenHostFiles = () => ({
    prepare: (vm, { boot, disks }) => Promise.resolve({
      disks: new Map(disks.map(({ name, persistence }) => {
        const path = `/disks/${vm.uid}/${persistence}/${name}.raw`;
        this.#disks.set(path, { vm: vm.uid, name, persistence });
        return [name, { path, format: 'raw' as const, preallocated: true }];
      })),
      ...(boot.kind === 'rom' ? { rom: `/images/${boot.image.name}` } : {}),
      ...(boot.kind === 'kernel' ? { kernel: `/images/${boot.path}` } : {}),
      serialLog: `/serial/${vm.uid}.log`,
    }),
    remove: ({ uid }, { keepNodeLocal }) => {
      for (const [path, { vm, persistence }] of this.#disks) {
        if (vm === uid && !(keepNodeLocal && persistence === 'NodeLocal')) this.#disks.delete(path);
      }
      return Promise.resolve();
    },
    readNote: (name) => Promise.resolve(this.#notes.get(name)),
    writeNote: (name, text) => {
      this.#notes.set(name, text);
      return Promise.resolve();
    },
  });
}
