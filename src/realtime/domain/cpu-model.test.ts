import { describe, expect, it } from 'vitest';
import { cpuModel } from './cpu-model.ts';
import type { VirtType } from './domain-input.ts';
import { formatXml } from './element.ts';
import { dedicatedTwoCells, plainShared } from './fixtures/inputs.ts';

const intel = { invariantTsc: true, archCapabilities: true };
const amd = { invariantTsc: true, archCapabilities: false };
const unsteady = { invariantTsc: false, archCapabilities: true };
const plain = plainShared.guest;
const withModel = (model: string) => ({ ...plain, cpu: { ...plain.cpu, model } });

const passthrough = "<cpu mode='host-passthrough' check='none' migratable='off'>";
const topology = "<topology sockets='2' cores='1' threads='1'/>";
const deadline = "<feature policy='require' name='tsc-deadline'/>";
const invtsc = "<feature policy='require' name='invtsc'/>";

describe('cpuModel', () => {
  it.each<[string, Parameters<typeof cpuModel>[0], VirtType, typeof intel, readonly string[]]>([
    ['passthrough', plain, 'kvm', intel, [passthrough, topology, deadline, invtsc]],
    ['passthrough of a CPU without ARCH_CAPABILITIES', plain, 'kvm', amd, [passthrough, topology, deadline, invtsc, "<feature policy='disable' name='arch-capabilities'/>"]],
    ['passthrough of a CPU whose TSC varies', plain, 'kvm', unsteady, [passthrough, topology, deadline]],
    ['passthrough in the emulator', plain, 'qemu', intel, ["<cpu mode='maximum' check='none'>", topology]],
    ["the host's model", withModel('host-model'), 'kvm', intel, ["<cpu mode='host-model' check='partial'>", topology, deadline, invtsc]],
    ["the host's model in the emulator", withModel('host-model'), 'qemu', intel, ["<cpu mode='maximum' check='none'>", topology]],
    ['a named model', withModel('Cascadelake-Server'), 'kvm', intel, [
      "<cpu mode='custom' match='exact' check='partial'>", "<model fallback='forbid'>Cascadelake-Server</model>", topology, deadline, invtsc,
    ]],
    ['a named model in the emulator', withModel('Nehalem'), 'qemu', intel, [
      "<cpu mode='custom' match='exact' check='partial'>", "<model fallback='forbid'>Nehalem</model>", topology,
    ]],
    ['two cells', dedicatedTwoCells.guest, 'kvm', intel, [
      passthrough, "<topology sockets='2' cores='2' threads='1'/>", deadline, invtsc,
      '<numa>', "<cell id='0' cpus='0-1' memory='2048' unit='MiB'/>", "<cell id='1' cpus='2-3' memory='1024' unit='MiB'/>", '</numa>',
    ]],
  ])('of %s', (_, guest, virtType, host, lines) => {
    const xml = formatXml(cpuModel(guest, virtType, host));
    expect(xml.split('\n').map((line) => line.trim())).toEqual([...lines, '</cpu>', '']);
  });
});
