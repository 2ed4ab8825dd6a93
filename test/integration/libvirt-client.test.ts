// The libvirt client against a real libvirtd and real QEMU, and against libvirt's own test driver through the same daemon.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LibvirtClient } from '../../src/libvirt/client.ts';
import type { DomainRef, LifecycleEvent } from '../../src/libvirt/domain-types.ts';
import { ifDomainExists } from '../../src/libvirt/errors.ts';
import { startPrivateLibvirtd } from '../testbed/libvirtd.ts';
import type { PrivateLibvirtd } from '../testbed/libvirtd.ts';
import { tinyDomainXml, usableVirtType } from '../testbed/tiny-domain.ts';
import { echoRom } from './support/roms.ts';

let libvirtd: PrivateLibvirtd;
let client: LibvirtClient;
let events: string[] = [];

/** What happened to one domain: an event of an earlier test's may come late. */
const eventsOf = (name: string): readonly string[] => events.filter((event) => event.startsWith(`${name} `));
const record = ({ domain, event, detail }: LifecycleEvent): void => void events.push(`${domain.name} ${event} ${detail}`);

beforeAll(async () => {
  libvirtd = await startPrivateLibvirtd();
  client = await LibvirtClient.open({ socketPath: libvirtd.socketPath, onLifecycleEvent: record });
});
beforeEach(() => void (events = []));
afterEach(async () => {
  // What a failed test leaves, so that the next one starts from nothing.
  for (const domain of await client.listAllDomains()) {
    if ((await client.getState(domain)).state !== 'shutoff') await client.destroy(domain);
    await client.undefine(domain);
  }
});
afterAll(async () => {
  client.close();
  await libvirtd.stop();
});

describe('the host', () => {
  it('tells versions, processors and capabilities', async () => {
    const versions = await client.version();
    const said = await libvirtd.virsh('version', '--daemon');
    expect(versions.hypervisorType).toBe('QEMU');
    expect(said).toContain(`Using API: QEMU ${versions.libvirt}`);
    expect(said).toContain(`Running hypervisor: QEMU ${versions.hypervisor}`);
    expect(await client.nodeInfo()).toMatchObject({ model: 'x86_64', cpus: availableParallelism() });
    expect(await client.capabilitiesXml()).toBe(await libvirtd.virsh('capabilities').then((xml) => xml.replace(/\n\n$/, '\n')));
    expect(await client.domainCapabilitiesXml({ virtType: usableVirtType(), machine: 'q35', arch: 'x86_64' })).toContain(`<domain>${usableVirtType()}</domain>`);
  });

  it('refuses what it cannot do with a reason', async () => {
    await expect(client.domainCapabilitiesXml({ virtType: 'hvf' })).rejects.toMatchObject({ name: 'LibvirtError', procedure: 'connectGetDomainCapabilities' });
  });
});

describe('a console', () => {
  /** A guest that sends back what it is sent, in its image's own directory. */
  async function withEcho(use: (domain: DomainRef) => Promise<void>): Promise<void> {
    const directory = mkdtempSync(join(tmpdir(), 'rtvm-echo-'));
    try {
      const file = join(directory, 'echo.rom');
      writeFileSync(file, echoRom);
      chmodSync(directory, 0o755);
      const console = "<serial type='pty'><target port='0'/></serial><console type='pty'><target type='serial' port='0'/></console>";
      const xml = tinyDomainXml('echo').replace('hvm</type>', `hvm</type><loader readonly='yes' type='rom'>${file}</loader>`).replace('<devices>', `<devices>${console}`);
      await use(await client.create(await client.defineXml(xml)));
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }

  it('carries bytes both ways beside other calls, to one at a time, and ends when either side does', async () => {
    await withEcho(async (domain) => {
      let heard = '';
      const stream = await client.openConsole(domain, (bytes) => void (heard += bytes.toString('latin1')));
      stream.send(Buffer.from('hello, \u00ff\u0000 guest', 'latin1'));
      expect((await client.getState(domain)).state).toBe('running');
      await expect.poll(() => heard, { timeout: 30_000 }).toBe('hello, \u00ff\u0000 guest');
      await expect(client.openConsole(domain, () => undefined)).rejects.toMatchObject({ procedure: 'domainOpenConsole', code: 'OPERATION_FAILED', message: expect.stringContaining('session') as string });

      let second = '';
      const taken = await client.openConsole(domain, (bytes) => void (second += bytes.toString('latin1')), { force: true });
      await stream.ended.catch(() => undefined);
      taken.send(Buffer.from('again'));
      await expect.poll(() => second, { timeout: 30_000 }).toBe('again');
      taken.finish();
      await taken.ended;

      // The same console again, and this time it is the guest that goes.
      const last = await client.openConsole(domain, () => undefined);
      await client.destroy(domain);
      await last.ended.catch(() => undefined);
      await expect(client.openConsole(domain, () => undefined)).rejects.toMatchObject({ code: 'OPERATION_INVALID' });
    });
  });
});

describe('the life of a domain', () => {
  it('from definition to removal, with its states, pins, statistics and events', async () => {
    const defined = await client.defineXml(tinyDomainXml('life', { vcpus: 2, extra: "<cputune><vcpupin vcpu='0' cpuset='0'/><vcpupin vcpu='1' cpuset='1'/></cputune>" }));
    expect(await client.getState(defined)).toEqual({ state: 'shutoff', reason: 'unknown' });
    expect(defined).toMatchObject({ name: 'life', id: -1 });
    expect(await client.lookupByName('life')).toEqual(defined);
    expect(await client.lookupByUuid(defined.uuid.toUpperCase())).toEqual(defined);
    expect(await client.listAllDomains(['inactive', 'persistent'])).toEqual([defined]);
    expect(await client.listAllDomains(['active'])).toEqual([]);

    const running = await client.create(defined, { paused: true });
    expect(running.id).toBeGreaterThan(0);
    expect(await client.getState(running)).toEqual({ state: 'paused', reason: 'user' });
    await client.resume(running);
    expect(await client.getState(running)).toEqual({ state: 'running', reason: 'unpaused' });
    expect((await libvirtd.virsh('domstate', 'life')).trim()).toBe('running');
    expect(await client.getInfo(running)).toMatchObject({ state: 'running', maxMemoryKiB: 16384n, memoryKiB: 16384n, vcpus: 2 });
    expect(await client.listAllDomains()).toEqual([running]);

    expect(await client.vcpuPinInfo(running, 2)).toEqual([[0], [1]]);
    await client.pinVcpu(running, 1, [0], 'live');
    await client.pinEmulator(running, [1], 'live');
    expect(await client.vcpuPinInfo(running, 2, 'live')).toEqual([[0], [0]]);
    expect(await client.vcpuPinInfo(running, 2, 'config')).toEqual([[0], [1]]);
    expect((await libvirtd.virsh('emulatorpin', 'life')).trim()).toBe('1');

    const [stats, ...others] = await client.getAllDomainStats(['state', 'vcpu'], { domains: [running] });
    expect(others).toEqual([]);
    expect(stats?.domain).toEqual(running);
    expect(stats?.params.get('state.state')).toBe(1);
    expect(stats?.params.get('vcpu.current')).toBe(2);
    expect(stats?.params.get('vcpu.1.time')).toBeTypeOf('bigint');

    await client.setAutostart(running, true);
    expect(await client.getAutostart(running)).toBe(true);
    await client.setAutostart(running, false);
    expect(await client.getAutostart(running)).toBe(false);

    expect(await client.getXml(running)).toContain(`<domain type='${usableVirtType()}' id='${running.id}'>`);
    expect(await client.getXml(running, { inactive: true })).toContain(`<domain type='${usableVirtType()}'>`);

    await client.shutdown(running, { mode: 'acpi' }); // the firmware does not listen, so it goes on
    await client.suspend(running);
    expect(await client.getState(running)).toEqual({ state: 'paused', reason: 'user' });
    await client.destroy(running);
    expect(await client.getState(running)).toEqual({ state: 'shutoff', reason: 'destroyed' });
    await client.undefine(running);
    expect(await client.listAllDomains()).toEqual([]);
    // QEMU's own word that it was told to end races with libvirt's that it has.
    expect(eventsOf('life').filter((event) => event !== 'life shutdown host')).toEqual([
      'life defined added',
      'life started booted',
      'life suspended paused',
      'life resumed unpaused',
      'life suspended paused',
      'life stopped destroyed',
      'life undefined removed',
    ]);
  });

  it('is over when its QEMU is killed: the event calls that failed, the state crashed', async () => {
    const running = await client.create(await client.defineXml(tinyDomainXml('crash')));
    const stopped = Promise.withResolvers<LifecycleEvent>();
    using watcher = await LibvirtClient.open({ socketPath: libvirtd.socketPath, onLifecycleEvent: (event) => stopped.resolve(event) });
    process.kill(libvirtd.qemuPid('crash'), 'SIGKILL');
    expect(await stopped.promise).toEqual({ domain: running, event: 'stopped', detail: 'failed' });
    expect(await watcher.getState(running)).toEqual({ state: 'shutoff', reason: 'crashed' });
    await client.undefine(running);
  });

  it('keeps every character that XML can say in a name', async () => {
    const name = `a&b<c>'d" $(e); ünï`;
    const escaped = name.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
    const defined = await client.defineXml(tinyDomainXml(escaped));
    expect(defined.name).toBe(name);
    expect(await client.lookupByName(name)).toEqual(defined);
    await client.undefine(defined);
  });
});

describe('refusals', () => {
  const nobody = { name: 'nobody', uuid: '00000000-0000-4000-8000-000000000000', id: -1 };

  it.each<[string, () => Promise<unknown>, object]>([
    ['an unknown name', () => client.lookupByName('nobody'), { code: 'NO_DOMAIN', number: 42, origin: 'QEMU', originNumber: 10 }],
    ['an unknown domain', () => client.create(nobody), { code: 'NO_DOMAIN' }],
    ['broken XML', () => client.defineXml('<domain>', { validate: false }), { code: 'XML_DETAIL' }],
    ['XML against the schema', () => client.defineXml(tinyDomainXml('bad', { extra: '<nonsense/>' })), { code: 'XML_INVALID_SCHEMA' }],
    ['XML that asks for the impossible', () => client.defineXml(tinyDomainXml('bad', { vcpus: 0 }), { validate: false }), { name: 'LibvirtError', origin: 'DOMAIN' }],
  ])('come with their code: %s', async (_, call, error) => {
    await expect(call()).rejects.toMatchObject(error);
  });

  it('come with their code: what the state does not allow', async () => {
    const defined = await client.defineXml(tinyDomainXml('still'));
    // libvirt answers calls that are under way together in any order, so that all are waited for from the beginning.
    const refused = { status: 'rejected', reason: { code: 'OPERATION_INVALID', number: 55 } };
    expect(await Promise.allSettled([client.destroy(defined), client.shutdown(defined), client.resume(defined)])).toMatchObject([refused, refused, refused]);
    await client.undefine(defined);
  });

  it('of a domain that is gone can be taken for an answer', async () => {
    expect(await ifDomainExists(client.lookupByUuid(nobody.uuid))).toBeUndefined();
  });

  it('of a URI that this daemon does not serve end the opening', async () => {
    await expect(LibvirtClient.open({ socketPath: libvirtd.socketPath, uri: 'nonsense:///system' })).rejects.toMatchObject({ name: 'LibvirtError', procedure: 'connectOpen' });
  });
});

describe('many calls at once', () => {
  it('a thousand, each with its own answer', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `many-${index}`);
    const domains = await Promise.all(names.map((name) => client.defineXml(tinyDomainXml(name))));
    const answers = await Promise.all(Array.from({ length: 1000 }, (_, index) => client.lookupByName(names[index % names.length]!)));
    expect(answers).toEqual(Array.from({ length: 1000 }, (_, index) => domains[index % domains.length]));
    await Promise.all(domains.map((domain) => client.undefine(domain)));
    expect(await client.listAllDomains()).toEqual([]);
  });

  it('hundreds of different ones, refused ones among them', async () => {
    const domain = await client.defineXml(tinyDomainXml('mixed'));
    const outcomes = await Promise.allSettled(Array.from({ length: 400 }, (_, index) => {
      switch (index % 4) {
        case 0: return client.getState(domain).then(({ state }) => state);
        case 1: return client.lookupByName('nobody');
        case 2: return client.getXml(domain).then((xml) => xml.includes('<name>mixed</name>'));
        default: return client.listAllDomains().then((list) => list.length);
      }
    }));
    const expected = ['shutoff', 'NO_DOMAIN', true, 1];
    expect(outcomes.map((outcome) => outcome.status === 'fulfilled' ? outcome.value : (outcome.reason as { code: unknown }).code))
      .toEqual(outcomes.map((_, index) => expected[index % 4]));
    await client.undefine(domain);
  });
});

describe("libvirt's test driver through the daemon", () => {
  it('shuts down, starts and removes its domain', async () => {
    using test = await LibvirtClient.open({ socketPath: libvirtd.socketPath, uri: 'test:///default', onLifecycleEvent: record });
    expect((await test.version()).hypervisorType).toBe('TEST');
    const [domain] = await test.listAllDomains();
    expect(await test.getState(domain!)).toMatchObject({ state: 'running' });
    await test.shutdown(domain!, { mode: 'hypervisor-choice' });
    expect(await test.getState(domain!)).toEqual({ state: 'shutoff', reason: 'shutdown' });
    await test.create(domain!);
    await test.destroy(domain!);
    await test.undefine(domain!, { nvram: false, checkpointsMetadata: false });
    expect(await ifDomainExists(test.lookupByName('test'))).toBeUndefined();
    expect(eventsOf('test')).toEqual(['test stopped shutdown', 'test started booted', 'test stopped destroyed', 'test undefined removed']);
  });
});
