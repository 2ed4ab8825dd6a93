/**
 * What `rtvm run` costs beside libvirt: from the manifest to a domain that runs *and is verified*, against `virsh define` and
 * `virsh start` of the same XML, in turn, on one private libvirtd with real KVM. Node's own start-up and the loading of modules
 * (printed beside it) are left out: they happen once per process, not per VM.
 *
 *   node bench/start-cost.ts [pairs]      needs root; default 10 pairs; exits with 1 when the median ratio is above 1.5
 */
import { execFileSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { Io } from '../src/cli/io.ts';
import { followUntilSettled } from '../src/cli/run/follow.ts';
import { openLocalNode } from '../src/cli/run/local-node.ts';
import { waitUntilGone } from '../src/cli/run/wait-until-gone.ts';
import { reserveHugepages } from '../test/testbed/hugepages.ts';
import { startPrivateLibvirtd } from '../test/testbed/libvirtd.ts';

const loadedMs = performance.now();
const pairs = Number(process.argv[2] ?? 10);
const wantedRatio = 1.5;
const repository = join(import.meta.dirname, '..');
const vm = { kind: 'RealtimeVM', namespace: 'default', name: 'probe' } as const;

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const spread = (values: readonly number[]) => `${median(values).toFixed(0)} ms median, ${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)}`;

const virtType = hasKvm() ? 'kvm' : 'qemu';
if (virtType === 'qemu') console.log('*** /dev/kvm is missing: emulated domains on both sides ***');

await using bed = new AsyncDisposableStack();
bed.use(await reserveHugepages(32));
const libvirtd = bed.use(await startPrivateLibvirtd());
const directory = mkdtempSync(join(tmpdir(), 'rtvm-bench-'));
const io = new Io({ stdin: Readable.from([]), stdout: new PassThrough().resume(), stderr: new PassThrough().resume(), env: {} });
const node = await openLocalNode({
  stateDir: directory, libvirtSocket: libvirtd.socketPath, imageRoot: join(repository, 'guest'), nodeName: 'bench', virtType,
  lockFile: join(directory, 'lock'), cgroupRoot: '/sys/fs/cgroup', allowUrl: [], auditIntervalSeconds: 30,
}, io, new AbortController().signal);

const files = [
  { file: 'host', text: 'apiVersion: rtvm.dev/v1alpha1\nkind: RealtimeNode\nmetadata: {name: bench}\nspec: {dedicatedCpus: "1", sharedCpus: "0"}\n' },
  { file: 'probe-vm.yaml', text: readFileSync(join(repository, 'examples/probe-vm.yaml'), 'utf8') },
];
const { signal } = new AbortController();
const [rtvmMs, virshMs]: [number[], number[]] = [[], []];
try {
  await node.store.applyManifests(files.slice(0, 1));
  await node.start();
  for (let pair = 0; pair <= pairs; pair += 1) {
    const begin = performance.now();
    await node.store.applyManifests(files.slice(1));
    const outcomes = await followUntilSettled(node.store, new Set(['default/probe']), Date.now(), io, signal);
    const rtvm = performance.now() - begin;
    if (outcomes.get('default/probe')?.kind !== 'ready') throw new Error(`the VM did not become ready: ${JSON.stringify(outcomes.get('default/probe'))}`);
    const name = (await libvirtd.virsh('list', '--name')).trim();
    const xmlFile = join(directory, 'domain.xml');
    writeFileSync(xmlFile, await libvirtd.virsh('dumpxml', '--inactive', name));
    await node.store.delete('RealtimeVM', vm);
    await waitUntilGone(node.store, [vm], signal);

    const virsh = timeVirsh(name, xmlFile);
    // The first pair warms up both sides.
    if (pair === 0) continue;
    rtvmMs.push(rtvm);
    virshMs.push(virsh);
  }
} finally {
  await node.close();
  rmSync(directory, { recursive: true, force: true });
}

const ratio = median(rtvmMs.map((ms, index) => ms / virshMs[index]!));
console.log(`${pairs} pairs, ${virtType}, probe VM of 32 MiB in 2Mi pages`);
console.log(`rtvm, manifest to running and verified: ${spread(rtvmMs)}`);
console.log(`virsh define + virsh start:             ${spread(virshMs)}`);
console.log(`ratio of the pairs, median: ${ratio.toFixed(2)} (wanted: at most ${wantedRatio})`);
console.log(`left out: Node's start and all modules, ${loadedMs.toFixed(0)} ms once per process`);
if (ratio > wantedRatio) process.exitCode = 1;

function timeVirsh(name: string, xmlFile: string): number {
  const virsh = (...args: string[]) => execFileSync('virsh', ['-q', '-c', `qemu+unix:///system?socket=${libvirtd.socketPath}`, ...args]);
  const begin = performance.now();
  virsh('define', xmlFile);
  virsh('start', name);
  const took = performance.now() - begin;
  virsh('destroy', name);
  virsh('undefine', name, '--nvram');
  return took;
}

function hasKvm(): boolean {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
