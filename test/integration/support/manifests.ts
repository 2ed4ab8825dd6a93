// Manifests of the tests' VMs. JSON is YAML.

const apiVersion = 'rtvm.dev/v1alpha1';

/** ROMs under the tests' image root, see roms.ts. */
export type RomName = 'probe' | 'deaf';

/** Documents of one file. */
export function manifest(...documents: readonly object[]): string {
  return documents.map((document) => `${JSON.stringify(document, undefined, 2)}\n`).join('---\n');
}

export function romImage(name: RomName): object {
  return { apiVersion, kind: 'RealtimeImage', metadata: { name }, spec: { format: 'rom', source: { path: `${name}.rom` } } };
}

export function vm(name: string, spec: object): object {
  return { apiVersion, kind: 'RealtimeVM', metadata: { name }, spec };
}

/** Two vCPUs, the second of them realtime on a pCPU of its own; 32 MiB in huge pages. */
export const mixed = {
  cpu: { vcpus: 2, policy: 'Mixed', realtime: { mask: '^0' } },
  memory: { size: '32Mi', pageSize: '2Mi' },
} as const;

/** One vCPU that floats over the shared CPUs, in small pages. */
export const shared = { cpu: { vcpus: 1 }, memory: { size: '16Mi' } } as const;

/** A guest that uses no CPU time, and is ended a second after it was asked to switch off, which it does not hear. */
export const deaf = { image: { name: 'deaf' }, terminationGracePeriodSeconds: 1 } as const;
