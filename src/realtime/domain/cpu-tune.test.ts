import { describe, expect, it } from 'vitest';
import { CpuSet } from '../cpu-set.ts';
import { vcpuId } from '../ids.ts';
import type { Placement } from '../placement.ts';
import { cpuTune } from './cpu-tune.ts';
import { formatXml } from './element.ts';
import { dedicatedTwoCells, mixedRealtimeRom, plainShared } from './fixtures/inputs.ts';

describe('cpuTune', () => {
  it.each<[string, Placement, number, readonly string[]]>([
    ['a Mixed realtime guest', mixedRealtimeRom.placement, 1, [
      "<vcpupin vcpu='0' cpuset='0'/>", "<vcpupin vcpu='1' cpuset='1'/>", "<emulatorpin cpuset='0'/>", "<iothreadpin iothread='1' cpuset='0'/>",
      "<vcpusched vcpus='1' scheduler='fifo' priority='1'/>",
    ]],
    ['a Dedicated realtime guest', dedicatedTwoCells.placement, 2, [
      "<vcpupin vcpu='0' cpuset='12'/>", "<vcpupin vcpu='1' cpuset='14'/>", "<vcpupin vcpu='2' cpuset='2'/>", "<vcpupin vcpu='3' cpuset='4'/>",
      "<emulatorpin cpuset='10'/>", "<iothreadpin iothread='1' cpuset='10'/>", "<iothreadpin iothread='2' cpuset='10'/>",
      "<vcpusched vcpus='1-3' scheduler='fifo' priority='10'/>",
    ]],
    ['a Shared guest', plainShared.placement, 0, ["<vcpupin vcpu='0' cpuset='0-1'/>", "<vcpupin vcpu='1' cpuset='0-1'/>", "<emulatorpin cpuset='0-1'/>"]],
    ['CPUs with gaps', {
      ...plainShared.placement,
      vcpuPins: [{ kind: 'floating', vcpu: vcpuId(0), cpus: CpuSet.parse('0-3,64,66-67') }],
      realtimeVcpus: CpuSet.parse('0,2'), priority: 49, emulatorCpus: CpuSet.parse('7,9'),
    }, 0, ["<vcpupin vcpu='0' cpuset='0-3,64,66-67'/>", "<emulatorpin cpuset='7,9'/>", "<vcpusched vcpus='0,2' scheduler='fifo' priority='49'/>"]],
  ])('of %s', (_, placement, ioThreads, lines) => {
    const xml = formatXml(cpuTune(placement, ioThreads));
    expect(xml.split('\n').map((line) => line.trim())).toEqual(['<cputune>', ...lines, '</cputune>', '']);
  });
});
