// Prepares a guest's files with the real qemu-img and QEMU, on real file systems, and reads seeds by other code than ours. Needs root for a
// small tmpfs.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { thisHost } from '../../src/node-agent/host/host-root.ts';
import { machineRuntime } from '../../src/runtime/runtime.ts';
import { GuestFiles } from '../../src/node-agent/images/guest-files.ts';
import type { GuestDisk, GuestImage } from '../../src/realtime/guest.ts';
import type { Guest } from '../../src/realtime/guest.ts';
import { vmUid } from '../../src/realtime/ids.ts';
import type { ImageFormat } from '../../src/realtime/spec.ts';
import { sampleGuest } from '../../src/realtime/place/sample-hosts.ts';

const run = promisify(execFile);
const vm = { namespace: 'default', name: 'plc-1', uid: vmUid('5a1e5d7c-0b6f-4c0a-9d53-3f7a9a1f2b11') };
const megabyte = 1024 * 1024;

let directory: string;
let state: string;
let own: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rtvm-files-'));
  state = join(directory, 'state');
  own = join(state, 'disks', vm.uid);
  mkdirSync(join(directory, 'images'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function files(): GuestFiles {
  return new GuestFiles({
    root: thisHost, imageRoot: join(directory, 'images'), stateDirectory: state, urlPrefixes: [], runtime: machineRuntime, maxCacheBytes: megabyte, maxImageBytes: megabyte, imagesInUse: () => new Set(),
  });
}

function guest(disks: readonly GuestDisk[], rest: Partial<Guest> = {}): Guest {
  return { ...sampleGuest({ vcpus: 1, memoryMiB: 64 }), disks, ...rest };
}

const image = (path: string, format: ImageFormat = 'qcow2', sha256?: string): GuestImage => ({ name: 'image', format, source: { kind: 'path', path, sha256 } });
const ephemeral = (name: string, from: GuestImage): GuestDisk => ({ kind: 'image', name, persistence: 'Ephemeral', image: from });
const nodeLocal = (name: string, from: GuestImage): GuestDisk => ({ kind: 'image', name, persistence: 'NodeLocal', image: from });
const empty = (name: string, persistence: GuestDisk['persistence'], sizeMiB = 4): GuestDisk => ({ kind: 'empty', name, persistence, sizeMiB });

/** A qcow2 of 8 MiB whose first sector says `text`. */
async function makeQcow2(name: string, text: string): Promise<string> {
  const path = join(directory, 'images', name);
  writeFileSync(`${path}.raw`, text.padEnd(512));
  truncateSync(`${path}.raw`, 8 * megabyte);
  await run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', `${path}.raw`, path]);
  unlinkSync(`${path}.raw`);
  return path;
}

async function info(path: string, format: string): Promise<Record<string, unknown>> {
  return JSON.parse((await run('qemu-img', ['info', '--output=json', '-f', format, path])).stdout) as Record<string, unknown>;
}

/** Every file below a directory, by relative path. */
const listing = (path: string): string[] => (existsSync(path) ? readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1)).sort() : []);
const firstSector = (path: string) => readFileSync(path).subarray(0, 512).toString().trim();

test('nothing asked for, nothing made', async () => {
  expect(await files().prepare(vm, guest([]))).toEqual({ disks: new Map() });
  expect(listing(directory)).toEqual([]);
});

test('each kind of disk', async () => {
  const base = await makeQcow2('os.qcow2', 'the image');
  const wanted = guest([ephemeral('root', image('os.qcow2')), nodeLocal('data', image('os.qcow2')), empty('scratch', 'Ephemeral'), empty('log', 'NodeLocal')]);
  const prepared = await files().prepare(vm, wanted);
  expect(prepared).toEqual({
    disks: new Map([
      ['root', { path: join(own, 'ephemeral/root.qcow2'), format: 'qcow2', preallocated: false }],
      ['data', { path: join(own, 'node-local/data.raw'), format: 'raw', preallocated: true }],
      ['scratch', { path: join(own, 'ephemeral/scratch.raw'), format: 'raw', preallocated: true }],
      ['log', { path: join(own, 'node-local/log.raw'), format: 'raw', preallocated: true }],
    ]),
  });
  expect(await info(join(own, 'ephemeral/root.qcow2'), 'qcow2')).toMatchObject({ 'virtual-size': 8 * megabyte, 'full-backing-filename': base, 'backing-filename-format': 'qcow2' });
  expect(firstSector(join(own, 'node-local/data.raw'))).toBe('the image');
  for (const [path, size] of [['node-local/data.raw', 8], ['ephemeral/scratch.raw', 4], ['node-local/log.raw', 4]] as const) {
    const found = statSync(join(own, path));
    expect([path, found.size, found.blocks * 512 >= found.size, found.mode & 0o777]).toEqual([path, size * megabyte, true, 0o600]);
  }
});

test('the next start: Ephemeral anew, NodeLocal as it was, even without its image', async () => {
  await makeQcow2('os.qcow2', 'the image');
  const wanted = guest([empty('scratch', 'Ephemeral'), nodeLocal('data', image('os.qcow2'))]);
  await files().prepare(vm, wanted);
  writeFileSync(join(own, 'ephemeral/scratch.raw'), 'written by the guest');
  writeFileSync(join(own, 'node-local/data.raw'), 'written by the guest');
  unlinkSync(join(directory, 'images/os.qcow2'));
  await files().prepare(vm, wanted);
  expect(firstSector(join(own, 'ephemeral/scratch.raw')).replaceAll('\0', '')).toBe('');
  expect(firstSector(join(own, 'node-local/data.raw'))).toBe('written by the guest');
});

test('a NodeLocal disk half made by a killed process is made again', async () => {
  const wanted = guest([empty('data', 'NodeLocal')]);
  mkdirSync(join(own, 'node-local'), { recursive: true });
  writeFileSync(join(own, 'node-local/data.raw.partial'), 'half');
  await files().prepare(vm, wanted);
  expect(listing(own)).toEqual(['node-local/data.raw']);
});

test('rom, kernel and initrd are used where they are', async () => {
  for (const name of ['probe.rom', 'vmlinuz', 'initrd']) writeFileSync(join(directory, 'images', name), Buffer.alloc(65_536, 'firmware'));
  const at = (name: string) => join(directory, 'images', name);
  expect(await files().prepare(vm, guest([], { boot: { kind: 'rom', image: image('probe.rom', 'rom') } }))).toEqual({ disks: new Map(), rom: at('probe.rom') });
  expect(await files().prepare(vm, guest([], { boot: { kind: 'kernel', type: 'BIOS', path: 'vmlinuz', initrd: 'initrd' } }))).toEqual({ disks: new Map(), kernel: at('vmlinuz'), initrd: at('initrd') });
  expect(await files().prepare(vm, guest([], { boot: { kind: 'kernel', type: 'BIOS', path: 'vmlinuz' } }))).toEqual({ disks: new Map(), kernel: at('vmlinuz') });
});

describe('cloud-init seed', () => {
  const hostile = '#cloud-config\nruncmd: ["$(touch /tmp/pwned); `reboot`", "\' && rm -rf /"]\n';

  async function seedOf(cloudInit: Guest['cloudInit']): Promise<Record<string, string>> {
    const { seed } = await files().prepare(vm, guest([], { cloudInit }));
    expect(seed).toBe(join(own, 'ephemeral/seed.iso'));
    // ECMA-119: the primary volume descriptor is sector 16, its volume identifier at byte 40.
    expect(readFileSync(seed!).subarray(16 * 2048 + 40, 16 * 2048 + 72).toString().trim()).toBe('CIDATA');
    expect(statSync(seed!).mode & 0o777).toBe(0o600);
    expect(listing(own)).toEqual(['ephemeral/seed.iso']);
    const [rockRidge, joliet] = [await readBy('nojoliet', seed!), await readBy('norock', seed!)];
    expect(joliet).toEqual(rockRidge);
    return rockRidge;
  }

  /** A kernel without one kind of names reads the other. */
  async function readBy(kind: 'nojoliet' | 'norock', seed: string): Promise<Record<string, string>> {
    const out = join(directory, kind);
    await run('xorriso', ['-no_rc', '-read_fs', kind, '-osirrox', 'on', '-indev', seed, '-extract', '/', out]);
    chmodSync(out, 0o700);
    return Object.fromEntries(readdirSync(out).map((name) => [name, readFileSync(join(out, name), 'utf8')]));
  }

  test('with defaults', async () => {
    expect(await seedOf({ userData: hostile })).toEqual({ 'user-data': hostile, 'meta-data': `instance-id: ${vm.uid}\nlocal-hostname: plc-1\n` });
  });

  test('with meta data and network configuration', async () => {
    expect(await seedOf({ userData: '', metaData: 'local-hostname: other\nkeys: [a, "b"]\n', networkConfig: 'version: 2\n' })).toEqual({
      'user-data': '',
      'meta-data': `instance-id: ${vm.uid}\nlocal-hostname: other\nkeys:\n  - a\n  - b\n`,
      'network-config': 'version: 2\n',
    });
  });

  test('with an instance-id of the tenant\'s', async () => {
    expect((await seedOf({ userData: 'x', metaData: '{"instance-id": "again-2"}' }))['meta-data']).toBe('instance-id: again-2\nlocal-hostname: plc-1\n');
  });

  test.each([
    ['- a list\n', 'it is no mapping'],
    ['just text', 'it is no mapping'],
    ['a: &a [x, x]\nb: [*a, *a]\n', 'alias'],
    ['a: [', ''],
  ])('refuses meta data %j', async (metaData, message) => {
    await expect(files().prepare(vm, guest([empty('data', 'NodeLocal')], { cloudInit: { userData: 'x', metaData } }))).rejects.toMatchObject({
      code: 'CLOUD_INIT_INVALID', message: expect.stringMatching(new RegExp(`^spec\\.cloudInit\\.metaData: .*${message}.*accepted: a YAML mapping`, 's')) as unknown,
    });
    expect(listing(state)).toEqual([]);
  });
});

describe('refused before anything is written', () => {
  const good = empty('data', 'NodeLocal');
  const cases: { title: string; make?: () => unknown; guest: () => Guest; code: string; message: RegExp }[] = [
    { title: 'a missing image', guest: () => guest([good, ephemeral('root', image('missing.qcow2'))]), code: 'IMAGE_MISSING', message: /there is no image "missing.qcow2"/ },
    {
      title: 'a wrong checksum',
      make: () => makeQcow2('os.qcow2', 'x'),
      guest: () => guest([good, ephemeral('root', image('os.qcow2', 'qcow2', '0'.repeat(64)))]),
      code: 'CHECKSUM_MISMATCH',
      message: /os\.qcow2 has the SHA-256 [0-9a-f]{64}, but the RealtimeImage says 0{64}/,
    },
    {
      title: 'a qcow2 with a backing file',
      make: async () => {
        await makeQcow2('os.qcow2', 'x');
        await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', 'os.qcow2', '-F', 'qcow2', join(directory, 'images/evil.qcow2')]);
      },
      guest: () => guest([good, ephemeral('root', image('evil.qcow2'))]),
      code: 'IMAGE_REFERS_ELSEWHERE',
      message: /has a backing file/,
    },
    {
      title: 'a qcow2 with an external data file',
      make: () => run('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', `data_file=${join(directory, 'images/data')},data_file_raw=on`, join(directory, 'images/evil.qcow2'), '1M']),
      guest: () => guest([good, nodeLocal('root', image('evil.qcow2'))]),
      code: 'IMAGE_REFERS_ELSEWHERE',
      message: /keeps its data in another file/,
    },
    {
      title: 'a qcow2 that is damaged behind its header',
      make: async () => {
        const path = await makeQcow2('os.qcow2', 'x');
        const bytes = readFileSync(path);
        bytes.writeBigUInt64BE(12_345n, 40); // the L1 table's offset, not at a cluster
        writeFileSync(path, bytes);
      },
      guest: () => guest([good, ephemeral('root', image('os.qcow2'))]),
      code: 'IMAGE_FORMAT',
      message: /os\.qcow2 is no sound qcow2 image: .*L1/,
    },
    { title: 'an empty raw image', make: () => writeFileSync(join(directory, 'images/x'), ''), guest: () => guest([ephemeral('root', image('x', 'raw'))]), code: 'IMAGE_FORMAT', message: /x is empty/ },
    { title: 'a rom of an odd size', make: () => writeFileSync(join(directory, 'images/x'), 'x'), guest: () => guest([], { boot: { kind: 'rom', image: image('x', 'rom') } }), code: 'IMAGE_FORMAT', message: /has 1 bytes; accepted as rom/ },
    { title: 'a rom as a disk', guest: () => guest([ephemeral('root', image('x', 'rom'))]), code: 'IMAGE_FORMAT', message: /is a rom; accepted for a disk: raw and qcow2/ },
    { title: 'a disk name that would be a path', guest: () => guest([empty('../../x', 'Ephemeral')]), code: 'DISK_NAME_INVALID', message: /^disk "..\/..\/x" is not a name/ },
  ];
  test.each(cases)('$title', async ({ make, guest: wanted, code, message }) => {
    await make?.();
    await expect(files().prepare(vm, wanted())).rejects.toMatchObject({ code, message: expect.stringMatching(message) as unknown });
    expect(listing(state).filter((path) => path !== 'checksums')).toEqual([]);
  });

  test('a UID that would be a path', async () => {
    await expect(files().remove(vmUid('../images'), { keepNodeLocal: false })).rejects.toMatchObject({ code: 'DISK_NAME_INVALID' });
  });
});

test('a raw image is never looked into: a qcow2 header in it is data', async () => {
  await makeQcow2('os.qcow2', 'x');
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', 'os.qcow2', '-F', 'qcow2', join(directory, 'images/evil.raw')]);
  const prepared = await files().prepare(vm, guest([ephemeral('root', image('evil.raw', 'raw')), nodeLocal('data', image('evil.raw', 'raw'))]));
  // QEMU counts in sectors.
  const source = Math.ceil(statSync(join(directory, 'images/evil.raw')).size / 512) * 512;
  expect(await info(prepared.disks.get('root')!.path, 'qcow2')).toMatchObject({ 'virtual-size': source, 'backing-filename-format': 'raw' });
  expect(readFileSync(prepared.disks.get('data')!.path).subarray(0, 4).toString('latin1')).toBe('QFI\xfb');
});

describe('disk full', () => {
  beforeEach(async () => {
    mkdirSync(state);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', state]);
  });
  afterEach(async () => {
    await run('umount', [state]);
  });

  test.each<[string, GuestDisk]>([
    ['an empty disk', empty('data', 'Ephemeral')],
    ['a copy', nodeLocal('data', image('os.qcow2'))],
  ])('%s is refused before it is written, and what was made for the same start is removed', async (_, disk) => {
    await makeQcow2('os.qcow2', 'x');
    await expect(files().prepare(vm, guest([empty('small', 'NodeLocal', 1), disk]))).rejects.toMatchObject({ code: 'DISK_FULL', message: expect.stringMatching(/\d+ are free\) failed: no space left; free some/) as unknown });
    expect(listing(state)).toEqual([]);
  });

  test('an overlay that does not fit', async () => {
    await makeQcow2('os.qcow2', 'x');
    writeFileSync(join(state, 'filler'), Buffer.alloc(2 * megabyte - 8 * 4096));
    await expect(files().prepare(vm, guest([ephemeral('root', image('os.qcow2'))]))).rejects.toMatchObject({ code: 'DISK_FULL' });
    expect(listing(state)).toEqual(['filler']);
  });

  test('a seed that does not fit', async () => {
    await expect(files().prepare(vm, guest([], { cloudInit: { userData: 'x'.repeat(2_200_000) } }))).rejects.toMatchObject({ code: 'DISK_FULL' });
    expect(listing(state)).toEqual([]);
  });
});

describe('a disk that a running QEMU has', () => {
  async function withQemu(path: string, work: () => Promise<void>): Promise<void> {
    const qemu = spawn('qemu-system-x86_64', ['-machine', 'none', '-nodefaults', '-display', 'none', '-S', '-drive', `if=none,format=raw,file=${path}`, '-qmp', 'stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
      await once(qemu.stdout, 'data');
      await work();
    } finally {
      qemu.kill();
      await once(qemu, 'exit');
    }
  }

  test('is neither replaced nor given out nor removed', async () => {
    const wanted = guest([empty('scratch', 'Ephemeral'), empty('data', 'NodeLocal')]);
    const { disks } = await files().prepare(vm, wanted);
    for (const name of ['scratch', 'data']) {
      const { path } = disks.get(name)!;
      await withQemu(path, async () => {
        const inUse = { code: 'DISK_IN_USE', message: `disk ${path} is open in a running process, so it is neither given to a second domain nor replaced nor removed; stop the domain that has it first` };
        await expect(files().prepare(vm, wanted)).rejects.toMatchObject(inUse);
        await expect(files().remove(vm.uid, { keepNodeLocal: false })).rejects.toMatchObject(inUse);
      });
    }
    await files().remove(vm.uid, { keepNodeLocal: false });
    expect(existsSync(own)).toBe(false);
  });
});

test('removal keeps NodeLocal disks until the VM itself is deleted; twice is fine', async () => {
  const wanted = guest([empty('scratch', 'Ephemeral'), empty('data', 'NodeLocal')], { cloudInit: { userData: 'x' } });
  await files().prepare(vm, wanted);
  await files().remove(vm.uid, { keepNodeLocal: true });
  expect(listing(own)).toEqual(['node-local/data.raw']);
  await files().remove(vm.uid, { keepNodeLocal: false });
  await files().remove(vm.uid, { keepNodeLocal: false });
  expect(readdirSync(join(state, 'disks'))).toEqual([]);
});

test('ends when it is told to', async () => {
  await makeQcow2('os.qcow2', 'x');
  await expect(files().prepare(vm, guest([nodeLocal('data', image('os.qcow2'))]), AbortSignal.abort(new Error('shutting down')))).rejects.toThrow('shutting down');
  expect(listing(state)).toEqual([]);
});
