// The upgrade contract on one host (docs/decisions/0011-upgrade-contract.md): `rtvm run` of the base release, of
// today, of the base release again and of today again, on one state directory. Judged by its files, by libvirt and by
// the kernel, never by the product.
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectDone } from './support/done.ts';
import { vcpuThread } from './support/live-process.ts';
import { nodeName, startLocalHost } from './support/local-host.ts';
import type { LocalHost, RunningRtvm } from './support/local-host.ts';
import { manifest, romImage, vm } from './support/manifests.ts';
import { deafRom } from './support/roms.ts';
import { storedGuests, storedVm } from './support/stored.ts';
import { until } from './support/until.ts';
import { cpusTwice, domainsOn, domainXml, qemuPid } from './support/upgrade/domains.ts';
import type { DomainsByVm } from './support/upgrade/domains.ts';
import {
  blankImage, classManifest, guests, imageManifest, laterThanAll, makeBlankImage, plain,
} from './support/upgrade/guests.ts';
import { hardwareOf } from './support/upgrade/hardware.ts';
import type { Hardware } from './support/upgrade/hardware.ts';
import { standingOf } from './support/upgrade/standing.ts';
import type { Standings } from './support/upgrade/standing.ts';
import { bothVersions } from './support/upgrade/versions.ts';
import type { Versions } from './support/upgrade/versions.ts';
import { hasKvm, isWell } from './support/well-running.ts';

/** The one dedicated CPU is `mixed`'s: `dedicated` waits for it. */
const kept = { ...guests, halted: plain, bound: guests.whole } as const;
const names = Object.keys(kept) as readonly (keyof typeof kept)[];

let versions: Versions;
let host: LocalHost;
let rtvm: RunningRtvm;
/** Of the rtvm that is at work. */
let program: string;
/** As they are in their manifests now. */
const specs = new Map<string, object>();
let before: { readonly standings: Standings; readonly domains: DomainsByVm };
/** What each VM's guest saw under the base release. */
const hardware = new Map<string, Hardware>();

beforeAll(async () => {
  host = await startLocalHost({ roms: { deaf: deafRom } });
  makeBlankImage(host);
  versions = await bothVersions(join(host.dir, 'versions'));
  program = versions.base.bundle;
  const inventory = ['host', 'inventory', '--dedicated', '1', '--shared', '0', '--name', nodeName];
  const { stdout } = await host.rtvm(inventory, { program });
  const node = host.write('node.yaml', stdout.replace('vcpusPerSharedCpu: 4', 'vcpusPerSharedCpu: 16'));
  const named = manifest(romImage('deaf'), imageManifest('blank', blankImage), classManifest);
  rtvm = host.start(['run', '-f', node, '-f', host.write('named.yaml', named), '--audit-interval', '1'], { program });
  for (const [name, spec] of Object.entries(kept)) {
    if (name === 'dedicated') await ready('mixed');
    write(name, spec);
  }
  for (const name of ['mixed', 'shared', 'whole', 'halted', 'bound']) await ready(name);
  for (const [name, { xml }] of await domains()) hardware.set(name, hardwareOf(xml));
  for (const name of ['halted', 'bound'] as const) {
    change(name, { runStrategy: 'Halted' });
    await seen(name);
    await until(`${name} is stopped`, () => storedVm(host.stateDir, name)?.status?.phase === 'Stopped');
  }
  await until('the halted VM holds nothing', () => !isHeld('halted'));
  await until('one VM waits', () => storedVm(host.stateDir, 'dedicated')?.status?.phase === 'Pending');
  await settled('probe-1');
  before = { standings: standings(), domains: await domains() };
});

afterAll(async () => {
  rtvm.process.kill('SIGKILL');
  await host[Symbol.asyncDispose]();
});

/** A manifest of the administrator's own, put in place whole. */
function write(name: string, spec: object): void {
  specs.set(name, spec);
  const folder = join(host.stateDir, 'manifests');
  const path = join(folder, `${name}.json`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${path}.new`, manifest(vm(name, spec)));
  renameSync(`${path}.new`, path);
}

function change(name: string, fields: object): void {
  write(name, { ...specs.get(name), ...fields });
}

/** Whoever is at work has taken up the manifest as it is now, and the VM's status is about that. */
async function seen(name: string): Promise<void> {
  const words = Object.entries(specs.get(name)!).filter(([, value]) => typeof value === 'string');
  await until(`${name} is looked at`, () => {
    const stored = storedVm(host.stateDir, name);
    const isTaken = stored !== undefined && words.every(([field, value]) => stored.spec[field] === value);
    return isTaken && stored.status?.observedGeneration === stored.metadata.generation;
  });
}

async function ready(name: string): Promise<void> {
  await seen(name);
  await until(`${name} is ready`, () => isWell(storedVm(host.stateDir, name)));
}

function isHeld(name: string): boolean {
  return storedGuests(host.stateDir, nodeName).some((guest) => guest.vm.name === name);
}

async function domains(): Promise<DomainsByVm> {
  const found = await domainsOn(host);
  expect(cpusTwice(found, [1])).toEqual([]);
  return found;
}

function standings(): Standings {
  // The base release calls an emulated VM verified, and this one never does.
  const unlessEmulated = ({ conditions, ...rest }: Standings[string]) => (hasKvm ? { conditions, ...rest } : rest as Standings[string]);
  return Object.fromEntries(names.map((name) => [name, unlessEmulated(standingOf(storedVm(host.stateDir, name) ?? {}))]));
}

/** Whoever is at work now has looked at each VM's spec, at the threads of the realtime one, and at a new VM. */
async function settled(probe: string): Promise<void> {
  for (const name of names) {
    const evictionStrategy = storedVm(host.stateDir, name)!.spec['evictionStrategy'];
    change(name, { evictionStrategy: evictionStrategy === 'Shutdown' ? 'Block' : 'Shutdown' });
  }
  await Promise.all(names.map(seen));
  const pid = qemuPid((await domains()).get('mixed')!);
  expect(vcpuThread(pid, 1).scheduling).toBe('FIFO 1');
  execFileSync('chrt', ['--other', '--pid', '0', String(vcpuThread(pid, 1).tid)]);
  await until('the thread is set right', () => vcpuThread(pid, 1).scheduling === 'FIFO 1');
  await placed(probe, plain);
}

/** A new VM runs, and goes. */
async function placed(name: string, spec: object): Promise<void> {
  write(name, spec);
  await ready(name);
  expectDone(await host.rtvm(['delete', name], { program }));
}

async function expectUntouched(): Promise<void> {
  expect(await domains()).toEqual(before.domains);
  await expect.poll(standings, { timeout: 60_000, interval: 100 }).toEqual(before.standings);
  expect(await domains()).toEqual(before.domains);
}

/** The rtvm that is at work ends, as by Ctrl-C; the other goes on with the state that it leaves. */
async function changeTo(version: keyof Versions, probe: string): Promise<void> {
  rtvm.process.kill('SIGINT');
  expectDone(await rtvm.ended);
  expect(await domains()).toEqual(before.domains);
  program = versions[version].bundle;
  rtvm = host.start(['run', '--audit-interval', '1'], { program });
  await settled(probe);
  await expectUntouched();
}

async function sameHardware(name: string): Promise<void> {
  expect(hardwareOf(await domainXml(host, name) ?? '')).toEqual(hardware.get(name));
}

async function restarted(name: string): Promise<void> {
  const startedAt = storedVm(host.stateDir, name)?.status?.domain?.startedAt;
  change(name, { restartedAt: laterThanAll() });
  await until(`${name} is started anew`, () => storedVm(host.stateDir, name)?.status?.domain?.startedAt !== startedAt);
  await ready(name);
  await sameHardware(name);
}

it('is upgraded', async () => {
  await changeTo('today', 'probe-2');
});

it('restarts guests on the machines that they had', async () => {
  await Promise.all(['mixed', 'whole'].map(restarted));
  before = { standings: standings(), domains: await domains() };
});

it('cannot be put back: the base release refuses what it does not know, and touches nothing', async () => {
  rtvm.process.kill('SIGINT');
  expectDone(await rtvm.ended);
  const refused = await host.start(['run', '--audit-interval', '1'], { program: versions.base.bundle }).ended;
  expect(refused.stderr).toMatch(/spec\.session: unknown field/);
  expect(await domains()).toEqual(before.domains);
});

it('goes on with what it has started', async () => {
  rtvm = host.start(['run', '--audit-interval', '1'], { program });
  await settled('probe-4');
  await expectUntouched();
});

it('places every kind of VM anew, and every VM that it had', async () => {
  const floating = (['shared', 'whole'] as const).map(async (name) => {
    await placed(`another-${name}`, guests[name]);
    await restarted(name);
  });
  const started = ['halted', 'bound'].map(async (name) => {
    change(name, { runStrategy: 'Always' });
    await ready(name);
    await sameHardware(name);
  });
  await Promise.all([...floating, ...started]);
});

it('gives the CPU to the VM that waits for it, to a new one, and back', async () => {
  change('mixed', { runStrategy: 'Halted' });
  await ready('dedicated');
  expectDone(await host.rtvm(['delete', 'dedicated'], { program }));
  await placed('another-mixed', guests.mixed);
  change('mixed', { runStrategy: 'Always' });
  await ready('mixed');
  await sameHardware('mixed');
});

it('leaves nothing when all is deleted', async () => {
  expectDone(await host.rtvm(['delete', ...names.filter((name) => name !== 'dedicated')], { program }));
  await host.nothingIsLeft();
});
