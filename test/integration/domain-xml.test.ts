// Real libvirt's word on the domains that we render: its schema, its own XML parser, and the threads of one that runs.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readCpuFlags } from '../../src/node-agent/host/cpu-flags.ts';
import { thisHost } from '../../src/node-agent/host/host-root.ts';
import { correctThread } from '../../src/node-agent/host/process-control.ts';
import { ProcessReader } from '../../src/node-agent/host/process-reader.ts';
import type { DomainInput } from '../../src/realtime/domain/domain-input.ts';
import { domainName } from '../../src/realtime/domain/domain-name.ts';
import { dedicatedTwoCells, mixedRealtimeRom, plainShared } from '../../src/realtime/domain/fixtures/inputs.ts';
import { hostFactsOfCpuFlags } from '../../src/realtime/domain/host-facts.ts';
import { parseDomainMetadata } from '../../src/realtime/domain/parse-metadata.ts';
import { renderDomain } from '../../src/realtime/domain/render.ts';
import { readXml } from '../../src/realtime/domain/xml-reader.ts';
import type { XmlNode } from '../../src/realtime/domain/xml-reader.ts';
import { vmUid } from '../../src/realtime/ids.ts';
import { audit } from '../../src/realtime/verify/audit.ts';
import { corrections, placements } from '../../src/realtime/verify/corrections.ts';
import { reserveHugepages } from '../testbed/hugepages.ts';
import { startPrivateLibvirtd } from '../testbed/libvirtd.ts';
import type { PrivateLibvirtd } from '../testbed/libvirtd.ts';
import { usableVirtType } from '../testbed/tiny-domain.ts';
import { hasKvm } from './support/well-running.ts';

let libvirtd: PrivateLibvirtd;
beforeAll(async () => void (libvirtd = await startPrivateLibvirtd()));
afterEach(async () => {
  for (const name of (await libvirtd.virsh('list', '--all', '--name')).split('\n').filter((line) => line !== '')) await libvirtd.virsh('undefine', '--nvram', name);
});
afterAll(() => libvirtd.stop());

/** Defines it with libvirt's schema check, emulated where there is no KVM; gives what libvirt made of it. */
async function define(input: DomainInput): Promise<string> {
  const file = join(libvirtd.dir, 'domain.xml');
  writeFileSync(file, renderDomain(hasKvm ? input : { ...input, virtType: 'qemu' }));
  await libvirtd.virsh('define', '--validate', '--file', file);
  return libvirtd.virsh('dumpxml', '--inactive', domainName(input.vm));
}

describe('libvirt', () => {
  it.each([
    ['a Shared guest', plainShared],
    ['a Mixed realtime guest from a ROM', mixedRealtimeRom],
    ['a Dedicated realtime guest with everything', dedicatedTwoCells],
    ['an emulated guest', { ...mixedRealtimeRom, virtType: 'qemu' as const }],
  ])('accepts %s and keeps its metadata', async (_, input) => {
    const { vm, generation, payload } = input;
    expect(parseDomainMetadata(await define(input))).toEqual({ ...vm, generation, payload });
  });

  it.each([
    ['markup', `</rtvm:payload></metadata><name>x</name><!-- ' " & &amp; ]]> &#10;`],
    ['shell', '$(reboot) `reboot`; reboot | \\ > /dev/sda'],
    ['white space', '  \t two  lines\n of\n text  \n'],
    ['other scripts', 'é 漢字 🚆 \u200f'],
  ])('keeps text of %s as it is', async (_, text) => {
    const input: DomainInput = {
      ...plainShared,
      vm: { namespace: text, name: text, uid: vmUid(text) },
      // A carriage return only here: libvirt itself writes it unescaped elsewhere.
      payload: `${text}\r\n`,
      guest: { ...plainShared.guest, boot: { kind: 'kernel', type: 'BIOS', path: 'k', args: text } },
      files: { ...plainShared.files, kernel: '/boot/k' },
    };
    const xml = await define(input);
    expect(parseDomainMetadata(xml)).toEqual({ namespace: text, name: text, uid: text, generation: 1, payload: `${text}\r\n` });
    expect(textAt(readXml(xml), 'os', 'cmdline')).toBe(text);
  });
});

describe('a domain that runs', () => {
  const virtType = usableVirtType();
  const input: DomainInput = {
    ...mixedRealtimeRom,
    virtType,
    host: hostFactsOfCpuFlags(readCpuFlags(thisHost)),
    files: { disks: new Map(), rom: join(import.meta.dirname, '../../guest/probe.rom'), serialLog: '/var/log/libvirt/serial.log' },
  };
  const { guest, placement } = input;
  const name = domainName(input.vm);
  let pages: AsyncDisposable;
  beforeAll(async () => void (pages = await reserveHugepages(16)));
  afterAll(() => pages[Symbol.asyncDispose]());

  it(`as ${virtType} verifies, and drift shows and can be corrected`, async () => {
    await define(input);
    await libvirtd.virsh('start', name);
    const processes = new ProcessReader(thisHost);
    const pid = libvirtd.qemuPid(name);
    const now = () => audit(guest, placement, processes.read(pid));

    // As the agent does when it first sees them; libvirt leaves the kernel's threads where they are.
    for (const placed of placements(now())) await correctThread(thisHost, processes.read(pid)!, placed);
    const started = now();
    expect(started.findings).toEqual([]);
    expect(started.memory.map((row) => row.name).filter((row) => !row.startsWith('node'))).toEqual(['huge pages', 'locked', 'swapped']);
    const kinds = started.threads.map(({ role }) => role.kind);
    expect(kinds.filter((kind) => kind === 'vcpu')).toHaveLength(2);
    expect(kinds.filter((kind) => kind === 'iothread')).toHaveLength(1);
    if (virtType === 'kvm') expect(kinds).toEqual(expect.arrayContaining(['kvm-pit', 'kvm-nx-lpage-recovery']));

    const vcpu = started.threads.find((row) => row.role.kind === 'vcpu' && row.role.vcpu === 1)!;
    execFileSync('chrt', ['--other', '--pid', '0', String(vcpu.tid)]);
    const drifted = now();
    expect(drifted.findings.map(({ code, tid }) => [code, tid])).toEqual([['ThreadPolicy', vcpu.tid]]);
    expect(corrections(drifted)).toEqual([{ tid: vcpu.tid, comm: vcpu.comm, policy: 'FIFO', priority: 1 }]);
    execFileSync('chrt', ['--fifo', '--pid', '1', String(vcpu.tid)]);
    expect(now().verified).toBe(virtType === 'kvm');

    await libvirtd.virsh('destroy', name);
    expect(now().findings.map(({ code }) => code)).toEqual(['ProcessGone']);
  });
});

function textAt(root: XmlNode, ...path: readonly string[]): string | undefined {
  return path.reduce<XmlNode | undefined>((node, name) => node?.children.find((child) => child.name === name), root)?.text;
}
