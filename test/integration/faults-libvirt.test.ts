// A libvirt that is not there, hangs or refuses, and domains of others in a VM's way: through the command line.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { domainName } from '../../src/realtime/domain/domain-name.ts';
import { vmUid } from '../../src/realtime/ids.ts';
import { tinyDomainXml } from '../testbed/tiny-domain.ts';
import { expectDone } from './support/done.ts';
import { nodeName, probeVm, startLocalHost } from './support/local-host.ts';
import type { CommandResult, LocalHost } from './support/local-host.ts';
import { expectRefused, reasonsIn } from './support/refusal.ts';

const probeTakenBack = 'rtvm: RealtimeVM default/probe was taken back: nothing of it is left';

let host: LocalHost;
/** Accepts and says nothing, as a frozen daemon does. */
const mute = createServer();
/** Fifteen seconds of waiting, beside which all else goes on. */
let hung: Promise<CommandResult>;

beforeAll(async () => {
  host = await startLocalHost();
  mute.listen(join(host.dir, 'mute-sock'));
  await once(mute, 'listening');
  hung = host.run([probeVm], { env: { RTVM_LIBVIRT_SOCKET: join(host.dir, 'mute-sock'), RTVM_LOCK_FILE: join(host.dir, 'mute.lock'), RTVM_STATE_DIR: join(host.dir, 'mute-state') } });
});
afterAll(async () => {
  await hung;
  mute.close();
  await host[Symbol.asyncDispose]();
});

describe('libvirt', () => {
  test('that is not there', async () => {
    const socket = join(host.dir, 'no-sock');
    const result = await host.run([probeVm], { env: { RTVM_LIBVIRT_SOCKET: socket } });
    expectRefused(result);
    expect(reasonsIn(result)).toEqual([`rtvm: there is no libvirt socket at ${socket}; install and start libvirt (systemctl enable --now virtqemud.socket, or libvirtd.socket), or name its socket`]);
    await host.nothingIsLeft();
  });

  test('that has died and left its socket', async () => {
    const socket = join(host.dir, 'dead-sock');
    spawnSync(process.execPath, ['-e', 'require("node:net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))', socket]);
    const result = await host.run([probeVm], { env: { RTVM_LIBVIRT_SOCKET: socket } });
    expectRefused(result);
    expect(reasonsIn(result)).toEqual([`rtvm: nothing listens at ${socket}: libvirt is not running (systemctl start virtqemud, or libvirtd)`]);
    await host.nothingIsLeft();
  });
});

describe('the kernel refuses libvirt', () => {
  test('to lock memory', async ({ skip }) => {
    skip(mayRaiseMemoryLock(), 'this machine can raise RLIMIT_MEMLOCK, so nothing refuses it');
    await using other = await startLocalHost({ memlock: 'refuse' });
    const result = await other.run([probeVm]);
    expectRefused(result, /^rtvm: RealtimeVM default\/probe cannot run: the guest's memory cannot be locked \(.*cannot limit locked memory of process.*\): libvirtd needs CAP_SYS_RESOURCE, or a memory-lock limit above the guest \(LimitMEMLOCK=infinity in its systemd unit, or --ulimit memlock=-1 in a container\) \(MemoryLockRefused\)$/m);
    expect(reasonsIn(result).slice(1)).toEqual([probeTakenBack]);
    await other.nothingIsLeft();
  });

  test('SCHED_FIFO, by its realtime group scheduling', async ({ skip }) => {
    skip(!existsSync('/sys/fs/cgroup/cpu/cpu.rt_runtime_us'), 'this kernel has no RT_GROUP_SCHED on cgroup v1, so it refuses no group');
    await using other = await startLocalHost({ cpuCgroup: true });
    const result = await other.run([probeVm]);
    expectRefused(result, /^rtvm: RealtimeVM default\/probe cannot run: the kernel refused to make the realtime vCPUs SCHED_FIFO \(Cannot set scheduler parameters for pid \d+: Operation not permitted\): where the kernel has RT_GROUP_SCHED with cgroup v1, keep libvirt off the cpu controller \(cgroup_controllers = .* in \/etc\/libvirt\/qemu\.conf, then restart libvirtd\), or use cgroup v2; else libvirtd lacks CAP_SYS_NICE \(FifoRefused\)$/m);
    expect(reasonsIn(result).slice(1)).toEqual([probeTakenBack]);
    await other.nothingIsLeft();
  });
});

describe("somebody else's domain", () => {
  const uuid = '11111111-2222-4333-8444-555555555555';

  /** A running domain that no rtvm made; what it is now, to compare. */
  async function startForeign(name: string): Promise<{ look: () => Promise<readonly [number, string]>; end: () => Promise<void> }> {
    await host.libvirtd.virsh('define', host.write('foreign.xml', tinyDomainXml(name, { extra: `<uuid>${uuid}</uuid>` })));
    await host.libvirtd.virsh('start', name);
    return {
      look: async () => [host.libvirtd.qemuPid(name), await host.libvirtd.virsh('dumpxml', name)],
      end: async () => {
        await host.libvirtd.virsh('destroy', name);
        await host.libvirtd.virsh('undefine', name);
      },
    };
  }

  test('with the UUID that the VM asks for', async () => {
    const foreign = await startForeign('foreign');
    const before = await foreign.look();
    const result = await host.run([variant('probe', `firmware: {uuid: ${uuid}}`)]);
    expectRefused(result);
    expect(reasonsIn(result)).toEqual([
      `rtvm: RealtimeVM default/probe cannot run: the UUID ${uuid} (spec.firmware.uuid) is that of domain foreign on this host, which is not this VM's; accepted: a UUID that no other VM has, or none (UuidTaken)`,
      probeTakenBack,
    ]);
    expect(await foreign.look()).toEqual(before);
    await foreign.end();
    await host.nothingIsLeft();
  });

  test('with the name that the VM\'s domain would have', async () => {
    expectDone(await host.run([variant('probe', 'runStrategy: Halted')]));
    const name = domainName({ namespace: 'default', name: 'probe', uid: vmUid(storedUid('probe')) });
    const foreign = await startForeign(name);
    const before = await foreign.look();
    const result = await host.run([probeVm]);
    expectRefused(result);
    expect(reasonsIn(result)).toEqual([
      expect.stringMatching(new RegExp(`^rtvm: RealtimeVM default/probe cannot run: a domain that is not this VM's has its domain's name \\(.*'${name}' already exists with uuid ${uuid}\\): rename that one \\(virsh domrename\\), or end and undefine it \\(NameTaken\\)$`)) as unknown,
    ]);
    expect(await foreign.look()).toEqual(before);
    expectDone(await host.rtvm(['delete', 'probe']));
    expect(await foreign.look()).toEqual(before);
    await foreign.end();
    await host.nothingIsLeft();
  });

  test('pinned to the CPU that guests have to themselves: it counts as taken', async () => {
    await host.libvirtd.virsh('create', host.write('pinned.xml', tinyDomainXml('pinned', { extra: "<cputune><vcpupin vcpu='0' cpuset='1'/></cputune>" })));
    const result = await host.run([probeVm]);
    expectRefused(result);
    expect(`${result.stdout}${result.stderr}`).toMatch(/0 free dedicated CPUs/);
    expect(`${result.stdout}${result.stderr}`).toMatch(/rtvm: domain not managed by rtvm is pinned to dedicated pCPUs; no guest gets them while it runs \(domain pinned, pCPUs 1\): pin it elsewhere, or take them out of the RealtimeNode's spec\.dedicatedCpus$/m);
    await host.libvirtd.virsh('destroy', 'pinned');
    await host.nothingIsLeft();
  });

  test('of another VM of ours, with its UUID', async () => {
    const shared = (name: string) => host.write(`${name}.yaml`, `apiVersion: rtvm.dev/v1alpha1
kind: RealtimeVM
metadata: {name: ${name}}
spec:
  cpu: {vcpus: 1}
  memory: {size: 32Mi}
  image: {name: probe}
  firmware: {uuid: ${uuid}}
`);
    const first = await host.run([probeVm, shared('first')]);
    expectDone(first);
    const qemu = host.libvirtd.qemuPid(await domainOf('first'));
    const result = await host.run([shared('second')]);
    expectRefused(result, /^rtvm: RealtimeVM default\/second cannot run: the UUID 11111111-2222-4333-8444-555555555555 \(spec\.firmware\.uuid\) is that of domain rtvm-default-first-[0-9a-f]{8} on this host, which is not this VM's/m);
    expect(host.libvirtd.qemuPid(await domainOf('first'))).toBe(qemu);
    expectDone(await host.rtvm(['delete', 'first', 'probe']));
    await host.nothingIsLeft();
  });
});

test('a domain that a lost state directory knew of keeps its CPU', async () => {
  expectDone(await host.run([probeVm]));
  const [lost] = (await host.libvirtd.virsh('list', '--name')).trim().split('\n');
  rmSync(host.stateDir, { recursive: true });
  host.freshState();
  const result = await host.run([variant('newcomer', '')]);
  expectRefused(
    result,
    `rtvm: default/probe: domain matches no allocation; left running, its CPUs stay reserved (domain ${lost!})`,
    'RealtimeVM default/newcomer cannot run: 1 host: 0 free dedicated CPUs on host NUMA node 0, 1 needed for guest cell 0',
  );
  expect((await host.libvirtd.virsh('list', '--name')).trim()).toBe(lost);
  await host.libvirtd.virsh('destroy', lost!);
  await host.libvirtd.virsh('undefine', lost!);
  await host.runsAndDeletes();
});

test('a libvirt that hangs: a first word soon, then an end', async () => {
  const socket = join(host.dir, 'mute-sock');
  const result = await hung;
  expectRefused(result);
  expect(reasonsIn(result)).toEqual([
    `rtvm: libvirt at ${socket} does not answer; waiting up to 15 s`,
    `rtvm: libvirt at ${socket} accepts connections and has answered nothing for 15 s: it hangs; see its log and restart it (systemctl restart virtqemud, or libvirtd; running VMs survive that), then try again; nothing was changed`,
  ]);
  expect(existsSync(join(host.dir, 'mute-state')), 'a state directory was made').toBe(false);
});

/** The example VM under another name, with another field of its spec. */
function variant(name: string, field: string): string {
  const manifest = readFileSync(probeVm, 'utf8').replace('kind: RealtimeVM\nmetadata:\n  name: probe', `kind: RealtimeVM\nmetadata:\n  name: ${name}`);
  return host.write('variant.yaml', field === '' ? manifest : `${manifest.trimEnd()}\n  ${field}\n`);
}

function storedUid(name: string): string {
  const objects = join(host.stateDir, 'state/objects');
  const file = readdirSync(objects).find((entry) => entry === `RealtimeVM_default_${name}.json`);
  return (JSON.parse(readFileSync(join(objects, file!), 'utf8')) as { readonly object: { readonly metadata: { readonly uid: string } } }).object.metadata.uid;
}

async function domainOf(name: string): Promise<string> {
  const names = (await host.libvirtd.virsh('list', '--name')).trim().split('\n');
  const found = names.find((domain) => domain.startsWith(`rtvm-default-${name}-`));
  if (found === undefined) throw new Error(`no domain of ${name} runs on ${nodeName}; there: ${names.join(', ')}`);
  return found;
}

function mayRaiseMemoryLock(): boolean {
  return spawnSync('prlimit', ['--memlock=unlimited:unlimited', 'true']).status === 0;
}
