// Random resources, most of them nearly right: what they say is drawn from near the edges of the rules.
import fc from 'fast-check';

/** A key, most often absent. */
const rarely = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { freq: 1, nil: undefined });
const oneOf = <Value>(...values: readonly Value[]) => fc.constantFrom(...values);

/** Mostly the honest values; sometimes one of the others. */
const mostly = <Value>(honest: fc.Arbitrary<Value>, other: fc.Arbitrary<Value>) => fc.oneof({ weight: 12, arbitrary: honest }, { weight: 1, arbitrary: other });

const number = fc.nat({ max: 6 });
const maskItem = mostly(
  fc.tuple(oneOf('', '', '^'), number, oneOf(undefined, undefined, 1, 2, 3)).map(([sign, first, more]) => `${sign}${first}${more === undefined ? '' : `-${String(first + more)}`}`),
  oneOf('3-1', '1-2-3', 'a', '1-', '-3', '^^5', '^2^', '5a', '', ' 1 ', '^ 2', '1 - 2', '1\t', '0-300', '^0-9999', '200-9000', '^99999', '00', '1 2', '1234567890', '\u00a01', '\u00a0', '1–2', '+1', '^3-1'),
);
const mask = mostly(fc.array(maskItem, { minLength: 1, maxLength: 4 }).map((items) => items.join(',')), oneOf('', '  ', ',', '^0', '^0-1', Array.from({ length: 129 }, (_, vcpu) => vcpu).join(','), '^0', 'x'.repeat(1025)));

const cpu = fc.record({
  vcpus: mostly<number | string>(oneOf(1, 2, 3, 4, 4, 6), oneOf<number | string>(0, 255, 256, 1.5, '4')),
  policy: oneOf('Dedicated', 'Dedicated', 'Mixed', 'Mixed', 'Shared', undefined),
  threadPolicy: rarely(oneOf('Prefer', 'Require', 'Isolate')),
  coreSharing: rarely(oneOf('Forbid', 'Allow')),
  dedicatedMask: rarely(mask),
  emulatorThreads: rarely(oneOf('Housekeeping', 'Share', 'Isolate')),
  topology: rarely(fc.record({ sockets: oneOf(1, 2), cores: oneOf(1, 2, 3, 4), threads: oneOf(1, 2) })),
  model: rarely(oneOf('host-passthrough', 'Skylake-Server', '<x/>')),
  realtime: fc.option(fc.record({ mask: fc.option(mask, { freq: 3, nil: undefined }), priority: rarely(oneOf(1, 99, 0, 100)) }), { nil: undefined }),
});

const size = mostly(
  oneOf('1Gi', '2Gi', '512Mi', '64Mi', '1048576Ki', '3Gi', '64Ti', '00002Gi'),
  oneOf('3Mi', '1Mi', '1023Ki', '1024Ki', '0Mi', '0Gi', '65Ti', '64000Gi', '68719476737Ki', '68719476736Ki', '99999999999999Ti', '1G', '1.5Gi', '', '1', 'Gi', '00000000000001Gi', '99999999999999Ki'),
);

const memory = fc.record({
  size,
  pageSize: rarely(oneOf('Small', 'Large', 'Any', '2Mi', '1Gi')),
  locked: rarely(fc.boolean()),
});

const cellVcpus = mostly(oneOf('0', '1', '0-1', '2-3', '0-2', '3', '4-5', '1-3', '0,2', '1,3'), oneOf('', '3-1', '9', '0-9000', '99999999999', '1,', 'a', '00-01', '0,0'));
const numa = fc.record({
  nodes: rarely(oneOf(1, 2, 3, 16, 17)),
  cells: rarely(fc.array(fc.record({ vcpus: cellVcpus, memory: mostly(oneOf('512Mi', '1Gi', '256Mi'), size) }), { minLength: 1, maxLength: 3 })),
});
/** Cells that fit a guest of four vCPUs and 1Gi, which random ones hardly ever do. */
const fittingCells = oneOf(
  [{ vcpus: '0-1', memory: '512Mi' }, { vcpus: '2-3', memory: '512Mi' }],
  [{ vcpus: '0,3', memory: '256Mi' }, { vcpus: '1-2', memory: '768Mi' }],
  [{ vcpus: '0-3', memory: '1Gi' }],
  [{ vcpus: '2,0-1', memory: '1022Mi' }, { vcpus: '3', memory: '2Mi' }],
  [{ vcpus: '0-1', memory: '512Mi' }, { vcpus: '1-3', memory: '512Mi' }],
  [{ vcpus: '0-1', memory: '513Mi' }, { vcpus: '2-3', memory: '511Mi' }],
);
const shapeWithCells = fc.tuple(cpu, memory, fittingCells).map(([oneCpu, oneMemory, cells]) => ({ cpu: { ...oneCpu, vcpus: 4, topology: undefined }, memory: { ...oneMemory, size: '1Gi' }, numa: { cells } }));

const inlineShape = fc.oneof(
  { weight: 8, arbitrary: fc.record({ cpu, memory, numa: rarely(numa) }) },
  { weight: 2, arbitrary: shapeWithCells },
);
const vmShape = fc.oneof(
  { weight: 12, arbitrary: inlineShape },
  { weight: 2, arbitrary: oneOf({ className: 'rt' }) },
  { weight: 1, arbitrary: fc.record({ className: rarely(oneOf('rt', 'RT')), cpu: rarely(cpu), memory: rarely(memory), numa: rarely(numa) }) },
);

const name = mostly(oneOf('a', 'b', 'c', 'd-1'), oneOf('A', '', 'x_y', '-a'));
const few = <Value>(item: fc.Arbitrary<Value>) => rarely(fc.array(item, { maxLength: 3 }));

const vmRest = fc.record({
  disks: few(fc.record({ name, image: fc.option(oneOf('debian'), { nil: undefined }), emptySize: rarely(size), persistence: rarely(oneOf('Ephemeral', 'NodeLocal')) })),
  networks: few(fc.record({ name, network: name, model: rarely(oneOf('virtio', 'e1000e')), mac: rarely(oneOf('52:54:00:00:00:0a', '52:54:00:00:00:0A', '52:54:00:00:00:0b', '01:00:5e:00:00:01', '52:54')) })),
  hostDevices: few(fc.record({ name, class: name, numaAffinity: rarely(oneOf('Required', 'Preferred')) })),
  image: rarely(fc.record({ name: oneOf('debian', 'Debian') })),
  kernel: rarely(fc.record({ path: mostly(oneOf('vmlinuz', 'a/b-1.0'), oneOf('/etc/shadow', '../x', 'a//b', '-x', 'a b')), args: rarely(oneOf('quiet', 'a\nb', 'tab\there', '\u0085')) })),
  cloudInit: rarely(fc.record({ userData: oneOf('#cloud-config\n', 'a\u0000b', 'ü\u{1f600}', '\u0007') })),
  firmware: rarely(fc.record({ type: rarely(oneOf('BIOS', 'UEFI')), uuid: rarely(oneOf('6b3f1d0e-58b1-4a0c-9e0b-2f6f0d1c7a11', '00000000-0000-0000-0000-000000000000', 'AAAAAAAA-aaaa-AAAA-aaaa-AAAAAAAAAAAA', 'abc', '6b3f1d0e58b14a0c9e0b2f6f0d1c7a11')) })),
  ioThreads: rarely(oneOf(0, 16, 17)),
  latency: rarely(fc.record({ maxMicroseconds: oneOf(0, 1, 1_000_000, 1_000_001) })),
  restartedAt: rarely(oneOf('2026-01-31T12:00:00Z', '2026-01-31', '2026-01-31T12:00:00+01:00')),
  runStrategy: rarely(oneOf('Always', 'Halted', 'Never')),
  nodeSelector: rarely(oneOf({ a: 'b' }, { 'example.org/x': '' }, { a: 'b c' }, { 'a b': 'c' }, { 'Example.org/x': 'y' })),
  tolerations: few(fc.record({ key: rarely(oneOf('a', 'example.org/b')), operator: rarely(oneOf('Exists', 'Equal')), effect: rarely(oneOf('NoSchedule', 'NoExecute')) })),
  terminationGracePeriodSeconds: rarely(oneOf(0, 86_400, 86_401, -1)),
  placementPriority: rarely(oneOf(0, -1_000_000, 1_000_001)),
});

const source = fc.record({
  path: fc.option(mostly(oneOf('a.qcow2', 'x/y.raw'), oneOf('../a', '/a', 'a b')), { nil: undefined }),
  url: rarely(mostly(oneOf('https://images.example.org/a', 'http://x:80/y'), oneOf('file:///etc/passwd', 'https://u:p@x/y', 'https://x/a b'))),
  sha256: fc.option(mostly(oneOf('a'.repeat(64)), oneOf('abc', 'A'.repeat(64))), { nil: undefined }),
});
const imageSpec = fc.record({
  source,
  format: mostly(oneOf('raw', 'qcow2', 'rom'), oneOf('vmdk', undefined)),
  realtimeMask: rarely(mask),
  guest: rarely(fc.record({ kernelArgs: rarely(oneOf('isolcpus=1', 'a\u001bb')), realtimeKernel: rarely(fc.boolean()) })),
});

const classSpec = fc.tuple(inlineShape, fc.record({
  packing: rarely(oneOf('Spread', 'Pack', 'Best')),
  maxCpusPerNamespace: rarely(oneOf(0, 1, 1_000_001)),
  allow: rarely(fc.record({ networks: few(name), deviceClasses: few(name), nodeLocalDisks: rarely(fc.boolean()) })),
  nodeSelector: rarely(oneOf({ 'rtvm.dev/realtime': 'true' }, { a: '-' }, { '/': 'a' })),
  allowedNamespaces: rarely(oneOf({ matchLabels: { team: 'ran' } }, { matchLabels: { 'te am': 'ran' } }, { matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] }, { matchExpressions: [{ key: 'a', operator: 'Is' }] })),
})).map(([shape, rest]) => ({ ...shape, ...rest }));

const hostCpus = mostly(oneOf('', '0-1', '2-3', '0', '4,6-7', '1,3', '2-2'), oneOf('3-1', '8191', '8192', '99999999999', 'all', '1,,2', '0-8191'));
const pci = mostly(oneOf('0000:3b:00.1', '0000:3b:00.2', '0000:5e:1f.7'), oneOf('eth0', '0000:3B:00.1', '0000:3b:20.0'));
const nodeSpec = fc.record({
  dedicatedCpus: fc.option(hostCpus, { nil: undefined }),
  sharedCpus: fc.option(hostCpus, { nil: undefined }),
  vcpusPerSharedCpu: rarely(oneOf(0, 1, 64, 65)),
  reservedHugepages: few(fc.record({ numaNode: oneOf(0, 0, 1), size: oneOf('2Mi', '2Mi', '2048Ki', '1Gi', '1024Mi'), count: oneOf(0, 5, -1) })),
  unschedulable: rarely(fc.boolean()),
  maxPriority: rarely(oneOf(1, 49, 99, 100)),
  networks: few(fc.record({ name, openToInline: rarely(fc.boolean()), bridge: rarely(oneOf('br0', 'br 0', 'a'.repeat(16))), macvtap: rarely(oneOf('eth0', '../x')), sriov: rarely(fc.array(pci, { minLength: 1, maxLength: 2 })), vhostUser: fc.option(oneOf('/run/vhost', '/run/vhost', '/run/../etc', 'run'), { freq: 1, nil: undefined }) })),
  deviceClasses: few(fc.record({ name, addresses: fc.array(pci, { minLength: 1, maxLength: 2 }) })),
});

export interface RandomDocument {
  readonly apiVersion: 'rtvm.dev/v1alpha1';
  readonly kind: 'RealtimeVM' | 'RealtimeVMClass' | 'RealtimeImage' | 'RealtimeNode';
  readonly metadata: { readonly name: string };
  readonly spec: object;
}

function document(kind: RandomDocument['kind'], spec: fc.Arbitrary<object>): fc.Arbitrary<RandomDocument> {
  // Through JSON, which leaves out what is absent.
  return spec.map((value) => JSON.parse(JSON.stringify({ apiVersion: 'rtvm.dev/v1alpha1', kind, metadata: { name: 'random' }, spec: value })) as RandomDocument);
}

/** Any of the four kinds that people write, RealtimeVMs most of all. */
export const randomDocument: fc.Arbitrary<RandomDocument> = fc.oneof(
  { weight: 6, arbitrary: document('RealtimeVM', fc.tuple(vmShape, vmRest).map(([shape, rest]) => ({ ...shape, ...rest }))) },
  { weight: 2, arbitrary: document('RealtimeVMClass', classSpec) },
  { weight: 1, arbitrary: document('RealtimeImage', imageSpec) },
  { weight: 2, arbitrary: document('RealtimeNode', nodeSpec) },
);
