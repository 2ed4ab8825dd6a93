// Guests of every kind that the API has, on paper, and a host of two NUMA nodes that has room for all of them.

const apiVersion = 'rtvm.dev/v1alpha1';
const gib = 1024;

function numaNode(id: number, cpus: string, distances: readonly number[]): object {
  const hugepages = [{ size: '2Mi', total: 8 * gib, free: 8 * gib }, { size: '1Gi', total: 32, free: 32 }];
  return { id, cpus, memoryMiB: 128 * gib, distances, hugepages };
}

const functions = ['0000:3b:02.0', '0000:3b:02.1'];
const accelerators = ['0000:5e:00.0', '0000:5e:00.1'];

/** 64 CPUs, two threads a core. */
export const host = {
  apiVersion, kind: 'RealtimeNode', metadata: { name: 'paper' },
  spec: {
    dedicatedCpus: '4-31,36-63', sharedCpus: '0-3,32-35', vcpusPerSharedCpu: 16,
    networks: [
      { name: 'lan', bridge: 'br0', openToInline: true }, { name: 'stacked', macvtap: 'eth1', openToInline: true },
      { name: 'functions', sriov: functions, openToInline: true },
      { name: 'switch', vhostUser: '/run/switch', openToInline: true },
    ],
    deviceClasses: [{ name: 'accelerator', addresses: accelerators }],
  },
  status: {
    topology: {
      numaNodes: [numaNode(0, '0-31', [10, 21]), numaNode(1, '32-63', [21, 10])],
      cores: Array.from({ length: 32 }, (_, core) => `${2 * core},${2 * core + 1}`),
      caches: [{ level: 3, cpus: '0-31' }, { level: 3, cpus: '32-63' }],
      pciDevices: [...functions, ...accelerators].map((address) => ({ address, numaNode: 0 })),
    },
  },
};

const dedicated = (vcpus: number) => ({ vcpus, policy: 'Dedicated' });

const deviceClass = {
  apiVersion, kind: 'RealtimeVMClass', metadata: { name: 'radio' },
  spec: {
    cpu: { ...dedicated(4), threadPolicy: 'Require', emulatorThreads: 'Isolate', realtime: { priority: 10 } },
    memory: { size: '4Gi', pageSize: '1Gi' }, packing: 'Pack',
    allow: { deviceClasses: ['accelerator'], networks: ['functions'] },
  },
};

const images = Object.entries({ rom: 'rom', system: 'qcow2', plain: 'raw' }).map(([name, format]) => ({
  apiVersion, kind: 'RealtimeImage', metadata: { name }, spec: { format, source: { path: `${name}.${format}` } },
}));

const image = { name: 'system' };
const memory = { size: '512Mi' };
const pages = { size: '64Mi', pageSize: '2Mi' };

const specs: Readonly<Record<string, object>> = {
  'bios': { cpu: { vcpus: 2 }, memory, image },
  'uefi': { cpu: { vcpus: 2 }, memory, image, firmware: { type: 'UEFI' } },
  'named': { cpu: { vcpus: 2 }, memory, image, firmware: { uuid: '0d4fa2be-6a7e-4a3f-9a3c-0a7c8d1e2f03' } },
  'firmware': { cpu: { vcpus: 2, policy: 'Mixed', realtime: {} }, memory: pages, image: { name: 'rom' } },
  'kernel': { cpu: { vcpus: 1 }, memory, kernel: { path: 'vmlinuz', initrd: 'initrd.img', args: 'quiet' } },
  'disks': {
    cpu: { vcpus: 1 }, memory, ioThreads: 2, cloudInit: { userData: '#cloud-config\n' },
    disks: [
      { name: 'root', image: 'system', persistence: 'NodeLocal' },
      { name: 'second', image: 'plain' }, { name: 'empty', emptySize: '1Gi' },
    ],
  },
  'cards': {
    cpu: { vcpus: 1 }, memory: pages, image,
    networks: [
      { name: 'one', network: 'lan', mac: '52:54:00:12:34:56' }, { name: 'other', network: 'lan', model: 'e1000e' },
      { name: 'stacked', network: 'stacked' }, { name: 'switched', network: 'switch' },
      { name: 'function', network: 'functions' },
    ],
  },
  'cells': { cpu: dedicated(8), memory: { size: '8Gi', pageSize: '1Gi' }, numa: { nodes: 2 }, image },
  'uneven': {
    cpu: dedicated(3), memory: { size: '96Mi', pageSize: '2Mi' }, image,
    numa: { cells: [{ vcpus: '0-1', memory: '64Mi' }, { vcpus: '2', memory: '32Mi' }] },
  },
  'threads': {
    cpu: { ...dedicated(4), threadPolicy: 'Isolate', topology: { sockets: 1, cores: 2, threads: 2 } },
    memory: pages, image,
  },
  'model': { cpu: { vcpus: 1, model: 'Skylake-Server' }, memory: { ...memory, locked: true }, image },
  'masked': { cpu: { vcpus: 4, policy: 'Mixed', dedicatedMask: '2-3' }, memory, image },
  'shared-emulator': {
    cpu: { ...dedicated(2), emulatorThreads: 'Share', realtime: { priority: 5 } }, memory: pages, image,
  },
  'radio': {
    className: 'radio', image, networks: [{ name: 'front', network: 'functions' }],
    hostDevices: [{ name: 'fec', class: 'accelerator', numaAffinity: 'Required' }],
  },
};

export const shapeNames = Object.keys(specs);

/** All that `rtvm render -f` needs. */
export const documents: readonly object[] = [
  deviceClass, ...images,
  ...Object.entries(specs).map(([name, spec]) => ({ apiVersion, kind: 'RealtimeVM', metadata: { name }, spec })),
];
