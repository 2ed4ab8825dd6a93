// Hosts that lack what a VM asks for: CPUs, huge pages, KVM, room on the disk. Nothing of the machine itself is changed: what is
// hidden is hidden from the rtvm of the test alone, in a mount namespace of its own.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startLocalHost } from './support/local-host.ts';
import type { LocalHost } from './support/local-host.ts';
import { expectRefused, reasonsIn } from './support/refusal.ts';

const pool = '/sys/kernel/mm/hugepages/hugepages-2048kB';
const free2Mi = () => Number(readFileSync(`${pool}/free_hugepages`, 'utf8'));

let host: LocalHost;
beforeAll(async () => {
  host = await startLocalHost();
});
afterAll(() => host[Symbol.asyncDispose]());

interface VmText {
  readonly cpu?: string;
  readonly memoryMiB?: number;
  readonly disks?: readonly string[];
  readonly image?: string;
}

function vm(name: string, { cpu = '{vcpus: 2, policy: Mixed, realtime: {}}', memoryMiB = 32, disks = [], image = '{format: rom, source: {path: probe.rom}}' }: VmText = {}): string {
  return host.write(`${name}.yaml`, `apiVersion: rtvm.dev/v1alpha1
kind: RealtimeImage
metadata: {name: ${name}}
spec: ${image}
---
apiVersion: rtvm.dev/v1alpha1
kind: RealtimeVM
metadata: {name: ${name}}
spec:
  cpu: ${cpu}
  memory: {size: ${memoryMiB}Mi, pageSize: 2Mi}
  ${disks.length === 0 ? `image: {name: ${name}}` : `disks: [${disks.join(', ')}]`}
`);
}

/** Runs a program in a mount namespace in which `script` has changed something; `$1` and so on are the arguments. */
const inNamespace = (script: string, ...args: readonly string[]) => ['unshare', '--mount', '--propagation', 'private', '--', 'sh', '-c', `set -e; ${script}\nshift ${args.length}; exec "$@"`, 'sh', ...args];

const takenBack = (name: string) => `rtvm: RealtimeVM default/${name} was taken back: nothing of it is left`;

describe('a host with too few CPUs', () => {
  test('says how many there are and how many are needed', async () => {
    const result = await host.run([vm('wide', { cpu: '{vcpus: 4, policy: Dedicated, realtime: {}}' })]);
    expectRefused(result);
    expect(reasonsIn(result)).toEqual([
      'rtvm: RealtimeVM default/wide cannot run: 1 host: 1 free dedicated CPU on host NUMA node 0, 4 needed for guest cell 0: "rtvm plan" shows who has which CPU; '
      + 'end a VM, give guests more CPUs (spec.dedicatedCpus of the RealtimeNode), or ask for fewer vCPUs (TooFewDedicatedCpus)',
      takenBack('wide'),
    ]);
    await host.nothingIsLeft();
  });
});

describe('a host without huge pages', () => {
  test('refuses at placement, with the figures', async () => {
    const none = host.write('none', '0\n');
    const node = '/sys/devices/system/node/node0/hugepages/hugepages-2048kB';
    const result = await host.run([vm('paged')], { through: inNamespace('mount --bind "$1" "$2/nr_hugepages"; mount --bind "$1" "$2/free_hugepages"', none, node) });
    expectRefused(result);
    expect(reasonsIn(result)).toEqual([
      'rtvm: RealtimeVM default/paged cannot run: 1 host: 0 free 2Mi pages on host NUMA node 0, 16 needed for guest cell 0: reserve more '
      + '(sysctl vm.nr_hugepages=N for pages of 2 MiB; hugepages=N on the kernel command line while memory is whole), end a VM, or ask for a smaller spec.memory.size (TooFewHugepages)',
      takenBack('paged'),
    ]);
    await host.nothingIsLeft();
  });

  test('that somebody else has taken says so when QEMU cannot have them', async () => {
    const free = free2Mi();
    const holder = await holdHugepages(4);
    try {
      expect(free2Mi()).toBe(free - 4);
      const result = await host.run([vm('paged', { memoryMiB: 2 * (free - 2) })]);
      expectRefused(
        result,
        /^rtvm: RealtimeVM default\/paged cannot run: the huge pages that were planned for the guest are not there \(.*unable to map backing store for guest RAM.*\): something that rtvm does not know of holds them/m,
        /compare \/sys\/devices\/system\/node\/node\*\/hugepages\/\*\/free_hugepages with "rtvm plan".* \(HugepagesUnavailable\)$/m,
        takenBack('paged'),
      );
      expect(reasonsIn(result)).toHaveLength(2);
      await host.nothingIsLeft();
    } finally {
      holder.kill('SIGTERM');
      await once(holder, 'exit');
    }
  });
});

describe('a host without KVM', () => {
  // The machine itself need not have any.
  const bareDev = 'mount -t tmpfs none /dev; mknod -m 666 /dev/null c 1 3; mknod -m 666 /dev/urandom c 1 9';
  test.each([
    [
      'no KVM in the kernel', `mount -t tmpfs none /sys/class/misc; ${bareDev}`,
      new RegExp([
        String.raw`KVM is not usable on this host: \/dev\/kvm is missing.*; `,
        '(switch virtualization on in the firmware|load the module: modprobe kvm_)',
      ].join('')),
    ],
    [
      'a /dev/kvm that may not be opened',
      `${bareDev}; mknod -m 666 /dev/kvm c 10 232
      mount --bind /dev/kvm /dev/kvm; mount -o remount,bind,nodev /dev/kvm`,
      new RegExp([
        String.raw`KVM is not usable on this host: \/dev\/kvm may not be opened by this user; `,
        'run as root, or add the user to the group kvm',
      ].join('')),
    ],
  ])('%s', async (_, script, why) => {
    const state = host.freshState();
    const result = await host.run([vm('emulated')], { through: inNamespace(script), env: { RTVM_VIRT_TYPE: 'kvm' } });
    expectRefused(result, why);
    expect(reasonsIn(result)).toHaveLength(1);
    expect(existsSync(join(state, 'state')), 'a state directory was begun').toBe(false);
    await host.nothingIsLeft();
  });
});

describe('a full disk', () => {
  /** State on a file system of so many KiB, with so many of them taken; the last words see what is left there. */
  const onSmallDisk = (sizeKiB: number, takenKiB: number, state: string) => inNamespace(
    'mount -t tmpfs -o "size=$1k" none "$3"; dd if=/dev/zero of="$3/taken" bs=1024 count="$2" status=none; cd "$3"',
    String(sizeKiB), String(takenKiB), state,
  );

  test('is told before gigabytes are written for an empty disk', async () => {
    const state = host.freshState();
    const result = await host.run([vm('hungry', { disks: ['{name: data, emptySize: 8Mi}'] })], { through: onSmallDisk(2048, 0, state) });
    expectRefused(
      result,
      new RegExp(`^rtvm: RealtimeVM default/hungry cannot run: making ${state}/disks/[-0-9a-f]{36}/ephemeral/data\\.raw\\.partial \\(8388608 bytes, [0-9]+ are free\\) failed: no space left; free some on that file system, or give rtvm a state directory on a larger one \\(StorageFull\\)$`, 'm'),
      takenBack('hungry'),
    );
    await host.nothingIsLeft();
  });

  test('is told of overlays that no longer fit, and those made before are gone', async () => {
    const images = join(host.dir, 'images');
    mkdirSync(images, { recursive: true });
    writeFileSync(join(images, 'base.raw'), '');
    truncateSync(join(images, 'base.raw'), 2 ** 20);
    const state = host.freshState();
    const disks = Array.from({ length: 16 }, (_, index) => `{name: disk-${index}, image: layered}`);
    const manifest = vm('layered', { disks, image: '{format: raw, source: {path: base.raw}}' });
    const seeLeft = ['sh', '-c', '"$@"; code=$?; find disks -type f >&2; exit "$code"', 'sh'];
    const result = await host.run([manifest], { through: [...onSmallDisk(2048, 900, state), ...seeLeft], env: { RTVM_IMAGE_ROOT: images } });
    expectRefused(result, /^rtvm: RealtimeVM default\/layered cannot run: qemu-img create .* failed: no space left; free some on that file system, or give rtvm a state directory on a larger one \(StorageFull\)$/m);
    expect(reasonsIn(result).at(-1)).toBe(takenBack('layered'));
    await host.nothingIsLeft();
  });

  test('is refused before the store has written anything', async () => {
    const state = host.freshState();
    const result = await host.run([vm('unkept')], { through: onSmallDisk(2048, 1500, state) });
    expectRefused(result);
    expect(reasonsIn(result)).toEqual([
      expect.stringMatching(new RegExp(`^rtvm: the file system of the state directory ${state} has [0-9]+ KiB left, and rtvm needs 1024 KiB to keep what it does; make room there \\(df -h ${state}\\), or give --state-dir on a larger one; nothing was changed$`)) as unknown,
    ]);
    await host.nothingIsLeft();
  });

  test('that becomes full while a VM is being started ends the run, and says what is kept', async () => {
    const images = join(host.dir, 'images');
    mkdirSync(images, { recursive: true });
    // Zeros that take a second to sum up: the disk is full by then.
    writeFileSync(join(images, 'large.raw'), '');
    truncateSync(join(images, 'large.raw'), 2 ** 30);
    const state = host.freshState();
    const fill = inNamespace('(until [ -e "$1/state/objects/RealtimeAllocation__demo.json" ]; do sleep 0.01; done; dd if=/dev/zero of="$1/more" bs=1024 2>/dev/null || true) &', state);
    const result = await host.run([vm('stuck', { image: `{format: raw, source: {path: large.raw, sha256: "${'0'.repeat(64)}"}}` })], {
      through: [...onSmallDisk(2048, 0, state), ...fill], env: { RTVM_IMAGE_ROOT: images },
    });
    expectRefused(result);
    expect(reasonsIn(result).at(-1)).toMatch(new RegExp(`^rtvm: cannot write ${state}/.*: no space is left; .*\\. What was taken up is kept in ${state}: "rtvm run" goes on with it, "rtvm delete" ends it$`));
    await host.nothingIsLeft();
  });
});

test('the host runs a VM afterwards', async () => {
  host.freshState();
  await host.runsAndDeletes();
});

/** A process that has so many huge pages of 2 MiB and keeps them. */
async function holdHugepages(count: number): Promise<ChildProcess> {
  const source = host.write('hold.c', `#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
int main(int argc, char **argv) {
  size_t bytes = (size_t) atoi(argv[argc - 1]) << 21;
  void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
  if (pages == MAP_FAILED) return 1;
  memset(pages, 1, bytes);
  puts("held");
  fflush(stdout);
  pause();
}
`);
  const program = join(host.dir, 'hold');
  const compiler = spawn('gcc', ['-O1', '-o', program, source], { stdio: 'inherit' });
  expect(await once(compiler, 'exit')).toEqual([0, null]);
  const holder = spawn(program, [String(count)], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  return holder;
}
