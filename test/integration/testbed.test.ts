// The private libvirtd keeps what its README promises: the real thing with its real faults, and nothing left afterwards.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { reserveHugepages } from '../testbed/hugepages.ts';
import { startPrivateLibvirtd } from '../testbed/libvirtd.ts';
import type { PrivateLibvirtd, PrivateLibvirtdOptions } from '../testbed/libvirtd.ts';
import { tinyDomainXml } from '../testbed/tiny-domain.ts';
import { LibvirtClient } from '../../src/libvirt/client.ts';

const locked = tinyDomainXml('locked', { extra: '<memoryBacking><hugepages/><locked/></memoryBacking>' });
const fifo = tinyDomainXml('fifo', { extra: "<cputune><vcpusched vcpus='0' scheduler='fifo' priority='1'/></cputune>" });

/** Whether this machine itself refuses to raise the limit, as those do that the preload is for. */
function limitIsFixed(): boolean {
  try {
    execFileSync('prlimit', ['--memlock=unlimited:unlimited', 'true'], { stdio: 'ignore' });
    return false;
  } catch {
    return true;
  }
}
const rtGroups = existsSync('/sys/fs/cgroup/cpu/cpu.rt_runtime_us');

async function started(options?: PrivateLibvirtdOptions): Promise<{ readonly libvirtd: PrivateLibvirtd; readonly client: LibvirtClient }> {
  const libvirtd = await startPrivateLibvirtd(options);
  const client = await LibvirtClient.open({ socketPath: libvirtd.socketPath });
  onTestFinished(async () => {
    client.close();
    await libvirtd.stop();
  });
  return { libvirtd, client };
}

async function withHugepages(count: number): Promise<void> {
  const pages = await reserveHugepages(count);
  onTestFinished(() => pages[Symbol.asyncDispose]()); // after the libvirtd that was started later
}

function kib(status: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]);
}

describe('a private libvirtd', () => {
  it('runs a domain with locked memory and huge pages', async () => {
    await withHugepages(8);
    const { libvirtd, client } = await started();
    await client.create(await client.defineXml(locked));
    const status = readFileSync(`/proc/${libvirtd.qemuPid('locked')}/status`, 'utf8');
    expect(kib(status, 'HugetlbPages')).toBe(16 * 1024);
    expect(kib(status, 'VmLck')).toBeGreaterThan(16 * 1024);
  });

  it('runs a FIFO vCPU', async () => {
    const { libvirtd, client } = await started();
    await client.create(await client.defineXml(fifo));
    const pid = libvirtd.qemuPid('fifo');
    const threads = execFileSync('ps', ['-L', '-o', 'comm=,cls=,rtprio=', '-p', String(pid)], { encoding: 'utf8' });
    expect(threads).toMatch(/^CPU 0\/(KVM|TCG) +FF +1$/m);
  });

  it.skipIf(!limitIsFixed())('refuses locked memory when told to, as a host that lacks the right (skipped where the limit can be raised: nothing would refuse)', async () => {
    await withHugepages(8);
    const { client } = await started({ memlock: 'refuse' });
    await expect(client.create(await client.defineXml(locked))).rejects.toMatchObject({
      name: 'LibvirtError',
      code: 'INTERNAL_ERROR',
      libvirtMessage: expect.stringContaining('cannot limit locked memory of process') as string,
    });
    expect(await client.listAllDomains(['active'])).toEqual([]);
  });

  it.skipIf(!rtGroups)('refuses FIFO when told to, as a host with RT_GROUP_SCHED on cgroup v1 (skipped where the kernel has not: nothing would refuse)', async () => {
    const { client } = await started({ cpuCgroup: true });
    await expect(client.create(await client.defineXml(fifo))).rejects.toMatchObject({
      name: 'LibvirtError',
      code: 'SYSTEM_ERROR',
      libvirtMessage: expect.stringContaining('Cannot set scheduler parameters') as string,
    });
  });

  it('takes everything with it: processes, cgroups, directories; others go on', async () => {
    const { client: other, libvirtd: otherLibvirtd } = await started();
    await other.create(await other.defineXml(tinyDomainXml('bystander')));
    const libvirtd = await startPrivateLibvirtd();
    using client = await LibvirtClient.open({ socketPath: libvirtd.socketPath });
    await client.create(await client.defineXml(tinyDomainXml('leaver')));
    const [daemon, qemu] = [libvirtd.pid, libvirtd.qemuPid('leaver')];
    const cgroups = (): string => execFileSync('find', ['/sys/fs/cgroup', '-type', 'd', '-name', '*leaver*'], { encoding: 'utf8' });
    expect(cgroups()).not.toBe('');
    libvirtd.freeze(); // even then
    await libvirtd.stop();
    expect([daemon, qemu].filter((pid) => existsSync(`/proc/${pid}/exe`))).toEqual([]);
    expect(cgroups()).toBe('');
    expect(existsSync(libvirtd.dir)).toBe(false);
    expect(await other.listAllDomains(['active'])).toHaveLength(1);
    expect(existsSync(`/proc/${otherLibvirtd.qemuPid('bystander')}/exe`)).toBe(true);
  });
});

describe('huge pages', () => {
  it('are given back', async () => {
    const total = (): string => readFileSync('/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages', 'utf8');
    const before = total();
    const free = Number(readFileSync('/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages', 'utf8'));
    const pages = await reserveHugepages(free + 4);
    expect(Number(total())).toBe(Number(before) + 4);
    await pages[Symbol.asyncDispose]();
    expect(total()).toBe(before);
  });
});
