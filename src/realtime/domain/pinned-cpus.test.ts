import { describe, expect, it } from 'vitest';
import { CpuSet } from '../cpu-set.ts';
import { pinnedCpusOf } from './pinned-cpus.ts';

describe('what a domain of others is pinned to', () => {
  it.each<[string, string, string | undefined]>([
    ['nothing', "<vcpu placement='static'>2</vcpu>", undefined],
    ['all its vCPUs', "<vcpu placement='static' cpuset='2-3,6'>2</vcpu>", '2-3,6'],
    ['one vCPU', "<vcpu>2</vcpu><cputune><shares>2048</shares><vcpupin vcpu='1' cpuset='7'/></cputune>", '7'],
    ['vCPUs, emulator and I/O threads', "<vcpu cpuset='1'>2</vcpu><cputune><vcpupin vcpu='0' cpuset='2'/><emulatorpin cpuset='0-1'/><iothreadpin iothread='1' cpuset='5'/></cputune>", '0-2,5'],
    ['all CPUs of the host, which is no pin', "<vcpu cpuset='0-7'>2</vcpu><cputune><emulatorpin cpuset='0-7'/></cputune>", undefined],
    ['all CPUs of the host, but for one vCPU', "<vcpu cpuset='0-7'>2</vcpu><cputune><vcpupin vcpu='0' cpuset='3'/></cputune>", '3'],
    ['what nobody can read', "<vcpu cpuset='two'>1</vcpu>", undefined],
    ['a NUMA node for its memory alone', "<vcpu>1</vcpu><numatune><memory mode='strict' nodeset='1'/></numatune>", undefined],
  ])('%s', (_, inside, cpus) => {
    expect(pinnedCpusOf(`<domain type='kvm'><name>x</name>${inside}</domain>`, CpuSet.parse('0-7'))).toEqual(cpus === undefined ? undefined : CpuSet.parse(cpus));
  });
});
