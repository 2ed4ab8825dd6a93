// What the libvirt client does when libvirtd restarts, is killed, hangs, or is not there, with a domain running meanwhile.
import { symlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LibvirtClient } from '../../src/libvirt/client.ts';
import type { LifecycleEvent } from '../../src/libvirt/domain-types.ts';
import { keepaliveBoundMs } from '../../src/libvirt/keepalive.ts';
import { LibvirtSupervisor } from '../../src/libvirt/supervisor.ts';
import { startPrivateLibvirtd } from '../testbed/libvirtd.ts';
import type { PrivateLibvirtd } from '../testbed/libvirtd.ts';
import { tinyDomainXml } from '../testbed/tiny-domain.ts';

/** Two seconds without an answer: longer than a libvirtd that is at work keeps anybody waiting on a busy machine. */
const keepalive = { intervalMs: 400, maxMissed: 4 };

let libvirtd: PrivateLibvirtd;
/** What the supervisor told, in order; connections with the names of the running domains listed on them. */
let log: string[] = [];
let lists: Promise<void>[] = [];
let supervisor: LibvirtSupervisor;
let qemu: number;

const tell = ({ domain, event, detail }: LifecycleEvent): void => void log.push(`${domain.name} ${event} ${detail}`);

beforeAll(async () => {
  libvirtd = await startPrivateLibvirtd();
  supervisor = new LibvirtSupervisor({
    socketPath: libvirtd.socketPath,
    keepalive,
    handshakeTimeoutMs: 1000,
    backoff: { firstMs: 20, maxMs: 200 },
    onConnected: (client) => {
      log.push('connected');
      lists.push(client.listAllDomains(['active']).then((domains) => {
        log.push(`listed ${domains.map(({ name }) => name).join()}`);
      }, (error: unknown) => {
        log.push(`not listed: ${(error as { code: string }).code}`);
      }));
    },
    onDisconnected: ({ code }) => void log.push(`disconnected ${code}`),
    onLifecycleEvent: tell,
  });
  const client = await supervisor.client();
  await client.create(await client.defineXml(tinyDomainXml('survivor')));
  qemu = libvirtd.qemuPid('survivor');
});

beforeEach(async () => {
  await settled();
  log = [];
});

afterAll(async () => {
  await supervisor.stop();
  await libvirtd.stop();
});

/** Waits until a connection is there and its list has come. */
async function settled(): Promise<void> {
  await supervisor.client(AbortSignal.timeout(30_000));
  await Promise.all(lists);
  lists = [];
}

async function disconnected(): Promise<void> {
  while (supervisor.current !== undefined) await sleep(10);
}

describe('a libvirtd that', () => {
  it('restarts is found again, and with it the domain that ran on', async () => {
    await Promise.all([libvirtd.restart(), disconnected()]);
    await settled();
    expect(log).toEqual(['disconnected CONNECTION_CLOSED', 'connected', 'listed survivor']);
    const client = await supervisor.client();
    expect(await client.getState(await client.lookupByName('survivor'))).toMatchObject({ state: 'running' });
    expect(libvirtd.qemuPid('survivor')).toBe(qemu);
  });

  it('is killed refuses connections until it is back, and calls under way end with the connection', async () => {
    const first = await supervisor.client();
    libvirtd.freeze();
    const hanging = first.listAllDomains().catch((error: unknown) => error);
    await libvirtd.kill9();
    expect(await hanging).toMatchObject({ code: 'CONNECTION_CLOSED' });
    await expect(LibvirtClient.open({ socketPath: libvirtd.socketPath })).rejects.toMatchObject({ code: 'CONNECTION_REFUSED' });
    await expect(first.listAllDomains()).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    await libvirtd.restart();
    await settled();
    expect(log).toEqual(['disconnected CONNECTION_CLOSED', 'connected', 'listed survivor']);
  });

  it('restarts many times loses nobody', async () => {
    for (let round = 0; round < 3; round++) {
      await Promise.all([libvirtd.kill9AndRestart(), disconnected()]);
      await settled();
    }
    expect(log).toEqual(Array.from({ length: 3 }, () => ['disconnected CONNECTION_CLOSED', 'connected', 'listed survivor']).flat());
    expect(libvirtd.qemuPid('survivor')).toBe(qemu);
  });

  it('hangs is noticed by keepalive, every call gets TIMEOUT, and once it goes on it is found again', async () => {
    const client = await supervisor.client();
    libvirtd.freeze();
    const hanging = await Promise.allSettled(Array.from({ length: 10 }, () => client.listAllDomains()));
    expect(hanging).toMatchObject(hanging.map(() => ({ status: 'rejected', reason: { name: 'LibvirtConnectionError', code: 'TIMEOUT' } })));
    libvirtd.thaw();
    await settled();
    expect(log).toEqual(['disconnected TIMEOUT', 'connected', 'listed survivor']);
  });

  it('idles is left alone: the connection outlives many keepalive bounds', async () => {
    await sleep(3 * keepaliveBoundMs(keepalive));
    expect(log).toEqual([]);
    expect(await (await supervisor.client()).listAllDomains(['active'])).toHaveLength(1);
  });

  it('hangs from the start is given up on after the greeting\'s timeout', async () => {
    libvirtd.freeze();
    await expect(LibvirtClient.open({ socketPath: libvirtd.socketPath, handshakeTimeoutMs: 100 })).rejects.toMatchObject({ code: 'TIMEOUT' });
    libvirtd.thaw();
  });

  it('tells of events on the new connection as on the old', async () => {
    await Promise.all([libvirtd.restart(), disconnected()]);
    const client = await supervisor.client();
    await settled();
    const domain = await client.lookupByName('survivor');
    await client.suspend(domain);
    await client.resume(domain);
    // libvirtd may answer a call before it sends the event of what the call did.
    await expect.poll(() => log).toEqual(['disconnected CONNECTION_CLOSED', 'connected', 'listed survivor', 'survivor suspended paused', 'survivor resumed unpaused']);
  });
});

describe('a supervisor', () => {
  it('waits for a libvirtd that comes later, and stops in peace', async () => {
    const told: string[] = [];
    const other = new LibvirtSupervisor({
      socketPath: `${libvirtd.dir}/run/later-sock`,
      backoff: { firstMs: 10, maxMs: 50 },
      onConnected: () => void told.push('connected'),
      onDisconnected: ({ code }) => void told.push(code),
      onLifecycleEvent: tell,
    });
    const waiting = other.client();
    await symlink(libvirtd.socketPath, `${libvirtd.dir}/run/later-sock`);
    const client = await waiting;
    expect(await client.listAllDomains(['active'])).toHaveLength(1);
    await other.stop();
    expect(told).toEqual(['connected', 'CONNECTION_CLOSED']);
    await expect(client.listAllDomains()).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
  });
});
