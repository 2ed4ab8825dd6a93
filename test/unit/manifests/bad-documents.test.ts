import { describe, expect, test } from 'vitest';
import { checkManifests } from '../../../src/cli/input/manifests.ts';
import { formatProblems } from '../../../src/crds/document-problem.ts';
import { parseFiles } from '../../../src/crds/parse-files.ts';

/** What validating one file says. */
function told(text: string): string {
  return formatProblems(checkManifests(parseFiles([{ file: 'f.yaml', text }]), 'refuse').problems);
}

const document = (kind: string) => (spec: string, metadata = 'name: a') => `apiVersion: rtvm.dev/v1alpha1\nkind: ${kind}\nmetadata: {${metadata}}\nspec:\n${spec}\n`;
const vm = document('RealtimeVM');
const image = document('RealtimeImage');
const vmClass = document('RealtimeVMClass');
/** cpu at line 5, memory at line 6, anything else from line 7. */
const plainVm = (more: string, metadata?: string) => vm(`  cpu: {vcpus: 4}\n  memory: {size: 1Gi}\n${more}`, metadata);
const withCpu = (cpu: string) => vm(`  cpu: {${cpu}}\n  memory: {size: 1Gi}`);
/** spec from line 5. */
const node = (spec: string, topology = 'numaNodes: [{id: 0, cpus: "0-3", memoryMiB: 1024, hugepages: [{size: 2Mi, total: 8}]}]') => document('RealtimeNode')(`${spec}\nstatus:\n  topology: {${topology}}`);
const nodeWith = (topology: string) => node('  {}', topology);

const kinds = 'RealtimeVM, RealtimeVMClass, RealtimeImage, RealtimeNode, RealtimeAllocation';
const relative = 'must be a path relative to the host\'s image root, such as "debian/12.qcow2": no leading "/", no "..", parts of letters, digits and any of "_.+@=~-" that begin with a letter, digit or "_"';
const resourceName = 'must be a name of lower-case letters, digits, "-" and ".", beginning and ending with a letter or digit';
const size = 'must be a whole number of MiB from 1Mi to 64Ti; accepted: sizes such as 512Mi or 4Gi';
const bomb = ['a: &a [1,2,3,4,5,6,7,8,9,10]', ...['b', 'c', 'd', 'e', 'f'].map((name, index) => `${name}: &${name} [${Array<string>(10).fill(`*${'abcdef'[index]!}`).join(',')}]`)].join('\n');

describe('YAML', () => {
  test.each([
    ['a tab', 'a:\n\t- b', 'f.yaml:2: is not valid YAML: tab characters must not be used in indentation'],
    ['an open bracket', 'a: [1,', 'f.yaml:1: is not valid YAML: unexpected end of the stream within a flow collection'],
    ['two colons', 'a: b: c', 'f.yaml:1: is not valid YAML: bad indentation of a mapping entry'],
    ['a key twice', 'kind: A\nkind: B', 'f.yaml:2: is not valid YAML: duplicated mapping key'],
    ['an unknown anchor', 'a: *b', 'f.yaml:1: is not valid YAML: unidentified alias "b"'],
    ['an unknown tag', 'a: !!js/function x', 'f.yaml:1: is not valid YAML: unknown scalar tag !<tag:yaml.org,2002:js/function>'],
    ['a key that is a list', '? [a]\n: b', 'f.yaml:1: is not valid YAML: object-based map does not support complex keys'],
    ['an alias in what it stands for', 'a: &x {b: *x}', 'f.yaml:1: aliases expand the document to endlessly many values; accepted: at most 200000'],
    ['aliases of aliases', bomb, 'f.yaml:1: aliases expand the document to 1234567 values; accepted: at most 200000'],
    ['deep nesting', '['.repeat(200), 'f.yaml:1: is not valid YAML: nesting exceeded maxDepth (100)'],
  ])('%s', (_, text, expected) => expect(told(text)).toBe(expected));

  test('an error in one document leaves the others', () => {
    expect(told(`a: 1\na: 2\n---\n${plainVm('  zebra: 1')}`)).toMatch(/^f\.yaml:2: is not valid YAML: duplicated mapping key\nf\.yaml:10: spec\.zebra: unknown field; accepted: className, /);
  });
});

describe('what a document is', () => {
  test.each([
    ['a word', 'hello', 'f.yaml:1: "hello": is not a resource; accepted: a mapping with apiVersion, kind, metadata and spec'],
    ['a list', '- a', 'f.yaml:1: ["a"]: is not a resource; accepted: a mapping with apiVersion, kind, metadata and spec'],
    ['no kind', 'apiVersion: rtvm.dev/v1alpha1', `f.yaml:1: kind: is required; accepted: ${kinds}`],
    ['a kind in the wrong case', 'kind: RealtimeVm', 'f.yaml:1: kind: "RealtimeVm": is not a kind of rtvm; did you mean RealtimeVM?'],
    ['a kind of somebody else', 'kind: Pod', `f.yaml:1: kind: "Pod": is not a kind of rtvm; accepted: ${kinds}`],
    ['no version', 'kind: RealtimeVM', 'f.yaml:1: apiVersion: is required; accepted: rtvm.dev/v1alpha1'],
    ['another version', 'kind: RealtimeVM\napiVersion: rtvm.dev/v1', 'f.yaml:2: apiVersion: "rtvm.dev/v1": is not known; accepted: rtvm.dev/v1alpha1'],
    ['no metadata', 'apiVersion: rtvm.dev/v1alpha1\nkind: RealtimeVM\nspec: {}', 'f.yaml:1: metadata: is required; accepted: a mapping'],
    ['no spec', 'apiVersion: rtvm.dev/v1alpha1\nkind: RealtimeVM\nmetadata: {name: a}', 'f.yaml:1: spec: is required; accepted: a mapping'],
    ['an empty spec', vm(''), 'f.yaml:4: spec: null: must be a mapping, found nothing; write {} to take the defaults, or remove the field'],
    ['no name', plainVm('', ''), 'f.yaml:3: metadata.name: is required; accepted: a string'],
    ['a name in capitals', plainVm('', 'name: My_VM'), `f.yaml:3: metadata.name: "My_VM": ${resourceName}`],
    ['a name that climbs', plainVm('', 'name: ../../etc'), `f.yaml:3: metadata.name: "../../etc": ${resourceName}`],
    ['a name that is a number', plainVm('', 'name: 12'), 'f.yaml:3: metadata.name: 12: must be a string, found the number 12; quote it: "12"'],
    ['a long name', plainVm('', `name: ${'a'.repeat(254)}`), `f.yaml:3: metadata.name: "${'a'.repeat(78)}…: must have at most 253 characters`],
    ['a namespace with a dot', plainVm('', 'name: a, namespace: b.c'), 'f.yaml:3: metadata.namespace: "b.c": must be a name of lower-case letters, digits and "-", beginning and ending with a letter or digit'],
    ['a namespace where there is none', vmClass('  cpu: {vcpus: 1}\n  memory: {size: 1Gi}', 'name: a, namespace: b'), 'f.yaml:3: metadata.namespace: unknown field; accepted: name, uid, resourceVersion, generation, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds, finalizers, labels, annotations, ownerReferences, managedFields'],
    ['a label that is a boolean', plainVm('', 'name: a, labels: {rtvm.dev/realtime: true}'), 'f.yaml:3: metadata.labels["rtvm.dev/realtime"]: true: must be a string, found the boolean true; quote it: "true"'],
    ['a label key with a space', plainVm('', 'name: a, labels: {"a b": c}'), 'f.yaml:3: metadata.labels: "a b": must be a label key such as "example.org/name"'],
    ['one name twice', `${plainVm('')}---\n${plainVm('')}`, 'f.yaml:11: metadata.name: "a": RealtimeVM default/a is already at f.yaml:1; accepted: one document for each resource'],
  ])('%s', (_, text, expected) => expect(told(text)).toBe(expected));
});

describe('fields of a RealtimeVM', () => {
  test.each([
    ['a mistyped field', withCpu('vcpus: 4, polciy: Dedicated'), 'f.yaml:5: spec.cpu.polciy: unknown field; did you mean policy?'],
    ['a field in the wrong case', plainVm('  Networks: []'), 'f.yaml:7: spec.Networks: unknown field; did you mean networks?'],
    ['a mistyped required field', withCpu('vcpu: 4'), 'f.yaml:5: spec.cpu.vcpus: is required; accepted: a whole number\nf.yaml:5: spec.cpu.vcpu: unknown field; did you mean vcpus?'],
    ['a field of no meaning', withCpu('vcpus: 4, zebra: 1'), 'f.yaml:5: spec.cpu.zebra: unknown field; accepted: vcpus, policy, threadPolicy, coreSharing, dedicatedMask, emulatorThreads, topology, model, realtime'],
    ['neither class nor shape', vm('  {}'), 'f.yaml:4: spec: states neither className nor cpu and memory; accepted: one of the two'],
    ['realtime with nothing in it', withCpu('vcpus: 4, policy: Dedicated, realtime: '), 'f.yaml:5: spec.cpu.realtime: null: must be a mapping, found nothing; write {} to take the defaults, or remove the field'],
    ['a mask that is a number', withCpu('vcpus: 4, policy: Dedicated, realtime: {mask: 2}'), 'f.yaml:5: spec.cpu.realtime.mask: 2: must be a string, found the number 2; quote it: "2"'],
    ['a mask that cannot be read', vm('  cpu:\n    vcpus: 4\n    policy: Dedicated\n    realtime:\n      mask: "^9-"\n  memory: {size: 1Gi}'), 'f.yaml:9: spec.cpu.realtime.mask: "^9-": cannot be parsed at item "^9-"; accepted: items N, A-B, ^N or ^A-B, separated by commas'],
    ['no vCPU', withCpu('vcpus: 0'), 'f.yaml:5: spec.cpu.vcpus: 0: must be at least 1'],
    ['too many vCPUs', withCpu('vcpus: 256'), 'f.yaml:5: spec.cpu.vcpus: 256: must be at most 255'],
    ['half a vCPU', withCpu('vcpus: 1.5'), 'f.yaml:5: spec.cpu.vcpus: 1.5: must be a whole number, found the number 1.5'],
    ['vCPUs in quotes', withCpu('vcpus: "4"'), 'f.yaml:5: spec.cpu.vcpus: "4": must be a whole number, found a string; remove the quotes: 4'],
    ['infinitely many vCPUs', withCpu('vcpus: .inf'), 'f.yaml:5: spec.cpu.vcpus: null: must be a whole number, found the number Infinity'],
    ['a policy in the wrong case', withCpu('vcpus: 4, policy: dedicated'), 'f.yaml:5: spec.cpu.policy: "dedicated": is not known; accepted: Shared, Dedicated, Mixed; did you mean Dedicated?'],
    ['an unknown policy', withCpu('vcpus: 4, policy: Pinned'), 'f.yaml:5: spec.cpu.policy: "Pinned": is not known; accepted: Shared, Dedicated, Mixed'],
    ['a priority out of range', withCpu('vcpus: 4, policy: Dedicated, realtime: {priority: 100}'), 'f.yaml:5: spec.cpu.realtime.priority: 100: must be at most 99'],
    ['a CPU model with markup', withCpu('vcpus: 4, model: "<x/>"'), 'f.yaml:5: spec.cpu.model: "<x/>": must be "host-passthrough" or the name of a CPU model of libvirt, such as "Skylake-Server"'],
    ['a decimal size', vm('  cpu: {vcpus: 4}\n  memory: {size: 1G}'), 'f.yaml:6: spec.memory.size: "1G": must be a size in whole MiB such as "512Mi" or "4Gi" (units Ki, Mi, Gi, Ti)'],
    ['a size without a unit', vm('  cpu: {vcpus: 4}\n  memory: {size: 1024}'), 'f.yaml:6: spec.memory.size: 1024: must be a size in whole MiB such as "512Mi" or "4Gi" (units Ki, Mi, Gi, Ti)'],
    ['a size that is no whole MiB', vm('  cpu: {vcpus: 4}\n  memory: {size: 1023Ki}'), `f.yaml:6: spec.memory.size: "1023Ki": ${size}`],
    ['no memory', vm('  cpu: {vcpus: 4}\n  memory: {size: 0Mi}'), `f.yaml:6: spec.memory.size: "0Mi": ${size}`],
    ['a cell list backwards', plainVm('  numa:\n    cells:\n    - {vcpus: "3-0", memory: 1Gi}'), 'f.yaml:9: spec.numa.cells[0].vcpus: "3-0": range "3-0" runs backwards; accepted: numbers and ranges such as "0-3,8"'],
    ['a disk of both kinds', plainVm('  disks:\n  - {name: a, image: b, emptySize: 1Gi}'), 'f.yaml:8: spec.disks[0]: has both image and emptySize; accepted: one of them'],
    ['a disk of no kind', plainVm('  disks:\n  - {name: a}'), 'f.yaml:8: spec.disks[0]: has neither image nor emptySize; accepted: one of them'],
    ['disks that are no list', plainVm('  disks: {name: a}'), 'f.yaml:7: spec.disks: {"name":"a"}: must be a list, found a mapping'],
    ['a disk that is a word', plainVm('  disks: [a]'), 'f.yaml:7: spec.disks[0]: "a": must be a mapping, found a string'],
    ['a group\'s MAC address', plainVm('  networks: [{name: a, network: b, mac: "01:00:5e:00:00:01"}]'), 'f.yaml:7: spec.networks[0].mac: "01:00:5e:00:00:01": must be a unicast MAC address such as "52:54:00:12:34:56", its second digit even'],
    ['an absolute kernel', plainVm('  kernel: {path: /etc/shadow}'), `f.yaml:7: spec.kernel.path: "/etc/shadow": ${relative}`],
    ['a kernel outside the root', plainVm('  kernel: {path: a/../../b}'), `f.yaml:7: spec.kernel.path: "a/../../b": ${relative}`],
    ['a kernel that looks like an option', plainVm('  kernel: {path: -x}'), `f.yaml:7: spec.kernel.path: "-x": ${relative}`],
    ['arguments of two lines', plainVm('  kernel: {path: a, args: "a\\nb"}'), 'f.yaml:7: spec.kernel.args: "a\\nb": must be one line without control characters'],
    ['a terminal\'s escape', plainVm('  kernel: {path: a, args: "a\\e[31m"}'), 'f.yaml:7: spec.kernel.args: "a\\u001b[31m": must be one line without control characters'],
    ['half a character in arguments', plainVm('  kernel: {path: a, args: "a\\ud800"}'), 'f.yaml:7: spec.kernel.args: "a\\ud800": has half a character (an unpaired surrogate, "\\ud800" to "\\udfff"); accepted: whole characters'],
    ['half a character in user data', plainVm('  cloudInit: {userData: "\\udc00\\ud83d\\ude00"}'), 'f.yaml:7: spec.cloudInit.userData: "\\udc00😀": has half a character (an unpaired surrogate, "\\ud800" to "\\udfff"); accepted: whole characters'],
    ['a NUL in user data', plainVm('  cloudInit: {userData: "a\\0b"}'), 'f.yaml:7: spec.cloudInit.userData: "a\\u0000b": must be text without control characters other than tab and newline'],
    ['no UUID', plainVm('  firmware: {uuid: abc}'), 'f.yaml:7: spec.firmware.uuid: "abc": must be a UUID such as "6b3f1d0e-58b1-4a0c-9e0b-2f6f0d1c7a11"'],
    ['the nil UUID', plainVm('  firmware: {uuid: 00000000-0000-0000-0000-000000000000}'), 'f.yaml:7: spec.firmware.uuid: "00000000-0000-0000-0000-000000000000": has the same digit everywhere, which libvirt refuses; accepted: a UUID as uuidgen prints it'],
    ['a date for a time', plainVm('  restartedAt: 2026-01-31'), 'f.yaml:7: spec.restartedAt: "2026-01-31": must be a time such as "2026-01-31T12:00:00Z"'],
    ['a missing image', plainVm('  image:\n    name: nowhere'), 'f.yaml:8: spec.image.name: "nowhere": namespace "default" has no RealtimeImage of this name; accepted: the name of a RealtimeImage in the VM\'s own namespace'],
    ['a key of all objects', plainVm('  firmware: {__proto__: {type: UEFI}}'), 'f.yaml:7: spec.firmware.__proto__: unknown field; accepted: type, uuid'],
    ['an alias, at the place where it is used', vm('  cpu: &cpu {vcpus: 0}\n  memory: {size: 1Gi}\n  numa: *cpu'), 'f.yaml:5: spec.cpu.vcpus: 0: must be at least 1\nf.yaml:7: spec.numa.vcpus: unknown field; accepted: nodes, cells'],
  ])('%s', (_, text, expected) => expect(told(text)).toBe(expected));
});

describe('fields of a RealtimeImage', () => {
  test.each([
    ['an unknown format', image('  format: vmdk\n  source: {path: a}'), 'f.yaml:5: spec.format: "vmdk": is not known; accepted: raw, qcow2, rom'],
    ['no format', image('  source: {path: a}'), 'f.yaml:4: spec.format: is required; accepted: raw, qcow2, rom'],
    ['no source', image('  format: raw\n  source: {}'), 'f.yaml:6: spec.source: has neither path nor url; accepted: one of them'],
    ['both sources', image('  format: raw\n  source: {path: a, url: "https://x/y"}'), 'f.yaml:6: spec.source: has both path and url; accepted: one of them'],
    ['a URL without a sum', image('  format: raw\n  source: {url: "https://x/y"}'), 'f.yaml:6: spec.source.sha256: is required with url; accepted: the 64 digits that sha256sum prints for the file'],
    ['a file URL', image('  format: raw\n  source: {url: "file:///etc/passwd"}'), 'f.yaml:6: spec.source.url: "file:///etc/passwd": must be an http or https URL such as "https://images.example.org/rt.qcow2", without user name or password'],
    ['a password in the URL', image('  format: raw\n  source: {url: "https://u:p@x/y"}'), 'f.yaml:6: spec.source.url: "https://u:p@x/y": must be an http or https URL such as "https://images.example.org/rt.qcow2", without user name or password'],
    ['a short sum', image('  format: raw\n  source: {path: a, sha256: abc}'), 'f.yaml:6: spec.source.sha256: "abc": must be a SHA-256 sum: 64 lower-case hexadecimal digits, as sha256sum prints it'],
    ['an image outside the root', image('  format: raw\n  source: {path: ../a}'), `f.yaml:6: spec.source.path: "../a": ${relative}`],
  ])('%s', (_, text, expected) => expect(told(text)).toBe(expected));

  test('one that is refused is not also told as missing', () => {
    expect(told(`${plainVm('  image: {name: i}')}---\n${image('  format: raw\n  source: {}', 'name: i')}`)).toBe('f.yaml:14: spec.source: has neither path nor url; accepted: one of them');
    expect(told(`${plainVm('  image: {name: i}')}---\n${image('  format: raw', 'name: i')}`)).toBe('f.yaml:12: spec.source: is required; accepted: a mapping');
  });
});

describe('fields of a RealtimeNode', () => {
  test.each([
    ['CPUs both dedicated and shared', node('  dedicatedCpus: "1-2"\n  sharedCpus: "2-3"'), 'f.yaml:6: spec.sharedCpus: "2-3": has CPUs 2, which spec.dedicatedCpus has too; accepted: each CPU in one of them'],
    ['CPUs that are not there', node('  dedicatedCpus: "2-9"'), 'f.yaml:5: spec.dedicatedCpus: "2-9": has CPUs 4-9, which the host does not have; accepted: CPUs 0-3'],
    ['a range backwards', node('  dedicatedCpus: "3-1"'), 'f.yaml:5: spec.dedicatedCpus: "3-1": range "3-1" runs backwards; accepted: numbers and ranges such as "0-3,8"'],
    ['no CPU list', node('  dedicatedCpus: all'), 'f.yaml:5: spec.dedicatedCpus: "all": must be a CPU list such as "0-3,8"'],
    ['a CPU number out of this world', node('  dedicatedCpus: "99999999999"'), 'f.yaml:5: spec.dedicatedCpus: "99999999999": 99999999999 is above the highest CPU number, 8191; accepted: numbers and ranges such as "0-3,8"'],
    ['more reserved pages than there are', node('  reservedHugepages: [{numaNode: 0, size: 2Mi, count: 9}]'), 'f.yaml:5: spec.reservedHugepages[0].count: 9: is more than the 8 pages of 2Mi on host NUMA node 0; accepted: at most 8'],
    ['pages reserved on no node', node('  reservedHugepages: [{numaNode: 1, size: 2Mi, count: 1}]'), 'f.yaml:5: spec.reservedHugepages[0].numaNode: 1: is not a NUMA node of the host; accepted: 0'],
    ['pages reserved of no size', node('  reservedHugepages: [{numaNode: 0, size: 1Gi, count: 1}]'), 'f.yaml:5: spec.reservedHugepages[0].size: "1Gi": is not a size that host NUMA node 0 has; accepted: 2Mi'],
    ['pages reserved twice', node('  reservedHugepages: [{numaNode: 0, size: 2Mi, count: 5}, {numaNode: 0, size: 2048Ki, count: 5}]'), 'f.yaml:5: spec.reservedHugepages[1]: reserves pages of 2048Ki on host NUMA node 0 a second time; accepted: one entry for each'],
    ['a network of two kinds', node('  networks: [{name: a, bridge: b, macvtap: c}]'), 'f.yaml:5: spec.networks[0]: has bridge and macvtap; accepted: one of bridge, macvtap, sriov, vhostUser'],
    ['a network of no kind', node('  networks: [{name: a}]'), 'f.yaml:5: spec.networks[0]: has none of bridge, macvtap, sriov, vhostUser; accepted: one of bridge, macvtap, sriov, vhostUser'],
    ['two networks of one name', node('  networks: [{name: a, bridge: b}, {name: a, bridge: c}]'), 'f.yaml:5: spec.networks[1].name: "a": is the name of another network, at spec.networks[0].name; accepted: a name of its own for each'],
    ['a bridge with a space', node('  networks: [{name: a, bridge: "br 0"}]'), 'f.yaml:5: spec.networks[0].bridge: "br 0": must be the name of a network interface, at most 15 letters, digits, "_", "-" and "."'],
    ['a socket directory that climbs', node('  networks: [{name: a, vhostUser: /run/../etc}]'), 'f.yaml:5: spec.networks[0].vhostUser: "/run/../etc": must be an absolute path such as "/var/run/vhost", with no ".."'],
    ['an address twice', node('  deviceClasses: [{name: a, addresses: ["0000:3b:00.1", "0000:3b:00.1"]}]'), 'f.yaml:5: spec.deviceClasses[0].addresses[1]: "0000:3b:00.1": is the address of another device in this list, at spec.deviceClasses[0].addresses[0]; accepted: an address of its own for each'],
    ['two device classes of one name', node('  deviceClasses: [{name: a, addresses: ["0000:3b:00.1"]}, {name: a, addresses: ["0000:3b:00.2"]}]'), 'f.yaml:5: spec.deviceClasses[1].name: "a": is the name of another device class, at spec.deviceClasses[0].name; accepted: a name of its own for each'],
    ['no PCI address', node('  deviceClasses: [{name: a, addresses: [eth0]}]'), 'f.yaml:5: spec.deviceClasses[0].addresses[0]: "eth0": must be a PCI address such as "0000:3b:00.1", in lower case'],
    ['a priority that starves the kernel', node('  maxPriority: 100'), 'f.yaml:5: spec.maxPriority: 100: must be at most 99'],
    ['no topology', document('RealtimeNode')('  {}'), 'f.yaml:1: status.topology: is missing, so nothing can be placed here; the node\'s agent writes it, and "rtvm host inventory" prints it'],
    ['a NUMA node twice', nodeWith('numaNodes: [{id: 0, cpus: "0", memoryMiB: 1}, {id: 0, cpus: "1", memoryMiB: 1}]'), 'f.yaml:7: status.topology.numaNodes[1].id: 0: is the number of an earlier host NUMA node; accepted: a number of its own for each'],
    ['a CPU on two NUMA nodes', nodeWith('numaNodes: [{id: 0, cpus: "0-1", memoryMiB: 1}, {id: 1, cpus: "1", memoryMiB: 1}]'), 'f.yaml:7: status.topology.numaNodes[1].cpus: "1": has CPUs 1, which an earlier host NUMA node has; accepted: each CPU in one of them'],
    ['too few distances', nodeWith('numaNodes: [{id: 0, cpus: "0", memoryMiB: 1, distances: []}]'), 'f.yaml:7: status.topology.numaNodes[0].distances: has 0 distances for 1 host NUMA nodes; accepted: one for each, in their order'],
    ['a CPU in two cores', nodeWith('numaNodes: [{id: 0, cpus: "0-1", memoryMiB: 1}], cores: ["0-1", "1"]'), 'f.yaml:7: status.topology.cores[1]: "1": has CPUs 1, which an earlier core has; accepted: each CPU in one core'],
    ['CPUs in no core', nodeWith('numaNodes: [{id: 0, cpus: "0-2", memoryMiB: 1}], cores: ["0-1"]'), 'f.yaml:7: status.topology.cores: leave out CPUs 2; accepted: each of CPUs 0-2 in one core, or no such field (then each is a core)'],
    ['cores of CPUs that are not there', nodeWith('numaNodes: [{id: 0, cpus: "0-1", memoryMiB: 1}], cores: ["0-1", "2"]'), 'f.yaml:7: status.topology.cores: have CPUs 2, which no host NUMA node has; accepted: CPUs 0-1'],
    ['huge pages that are not huge', nodeWith('numaNodes: [{id: 0, cpus: "0", memoryMiB: 1, hugepages: [{size: 4Ki, total: 1}]}]'), 'f.yaml:7: status.topology.numaNodes[0].hugepages[0].size: "4Ki": is not a size of huge pages; accepted: 2Mi or 1Gi'],
    ['huge pages twice', nodeWith('numaNodes: [{id: 0, cpus: "0", memoryMiB: 1, hugepages: [{size: 2Mi, total: 1}, {size: 2Mi, total: 1}]}]'), 'f.yaml:7: status.topology.numaNodes[0].hugepages[1].size: "2Mi": stands here already; accepted: one entry for each size'],
    ['more free pages than there are', nodeWith('numaNodes: [{id: 0, cpus: "0", memoryMiB: 1, hugepages: [{size: 2Mi, total: 1, free: 2}]}]'), 'f.yaml:7: status.topology.numaNodes[0].hugepages[0].free: 2: is more than all there are; accepted: at most 1'],
  ])('%s', (_, text, expected) => expect(told(text)).toBe(expected));
});

describe('a RealtimeVMClass', () => {
  test('is checked by itself, at its own line', () => {
    expect(told(vmClass('  cpu: {vcpus: 2, realtime: {}}\n  memory: {size: 1Gi}'))).toBe('f.yaml:5: spec.cpu.policy: realtime vCPUs need pCPUs of their own, which the default Shared does not give; accepted: policy Dedicated or Mixed');
  });

  test('that is refused is not also told as missing', () => {
    expect(told(`${vm('  className: c')}---\n${vmClass('  cpu: {vcpus: 0}\n  memory: {size: 1Gi}', 'name: c')}`)).toBe('f.yaml:11: spec.cpu.vcpus: 0: must be at least 1');
  });
});

test('of two files, the second with the same name names the first', () => {
  const { problems } = parseFiles([{ file: 'a.yaml', text: `\n${plainVm('')}` }, { file: 'b.yaml', text: plainVm('') }]);
  expect(problems).toEqual([{ code: 'RESOURCE_TWICE', file: 'b.yaml', line: 3, path: 'metadata.name', value: 'a', resource: { kind: 'RealtimeVM', namespace: 'default', name: 'a' }, message: 'RealtimeVM default/a is already at a.yaml:2; accepted: one document for each resource' }]);
});
