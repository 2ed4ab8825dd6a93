import { describe, expect, it } from 'vitest';
import { CpuSet } from '../cpu-set.ts';
import { mixedRealtimeRom } from '../domain/fixtures/inputs.ts';
import type { Finding } from '../finding.ts';
import type { ObservedProcess } from '../observed.ts';
import { audit } from './audit.ts';
import { corrections } from './corrections.ts';
import { confirmDrift } from './drift.ts';
import { matchingProcess, withThread } from './sample-process.ts';

const { guest, placement } = mixedRealtimeRom;
const right = matchingProcess(guest, placement);
const allInState = (state: string): ObservedProcess => ({ ...right, threads: right.threads.map((thread) => ({ ...thread, state })) });
const frozenGroups = (...frozen: readonly (boolean | undefined)[]): ObservedProcess => ({
  ...right, groups: { threads: frozen.map((one, index) => ({ name: `machine-qemu-1-probe.scope/vcpu${index}`, tids: [200 + index], frozen: one })) },
});

describe('a process that does not go on', () => {
  it.each<[string, ObservedProcess, Omit<Finding, 'severity'>]>([
    ['stopped by SIGSTOP', allInState('T'), {
      code: 'ProcessStopped', subject: 'process', expected: 'no thread stopped', observed: '7 of 7 threads stopped',
      message: '7 of the 7 threads of QEMU are stopped by a signal; "kill -CONT 100" lets them go on: the guest does not run',
    }],
    ['with one thread in a debugger', withThread(right, 'CPU 1/KVM', { state: 't' }), {
      code: 'ProcessStopped', subject: 'process', expected: 'no thread stopped', observed: '1 of 7 threads stopped',
      message: '1 of the 7 threads of QEMU are stopped by a debugger, which has to let them go: the guest does not run',
    }],
    ['with one vCPU frozen', frozenGroups(false, true), {
      code: 'ProcessFrozen', subject: 'process', expected: 'no control group frozen', observed: 'frozen: machine-qemu-1-probe.scope/vcpu1',
      message: 'threads of QEMU are frozen with their control groups (machine-qemu-1-probe.scope/vcpu1): the guest does not run; 0 in cgroup.freeze (THAWED in freezer.state, cgroup v1) of the group that was frozen lets them go on',
    }],
  ])('%s', (_, observed, finding) => {
    const { verified, findings } = audit(guest, placement, observed);
    expect({ verified, findings }).toEqual({ verified: false, findings: [{ ...finding, severity: 'error' }] });
  });

  it.each(['R', 'S', 'D', 'I'])('is none in state %s', (state) => {
    expect(audit(guest, placement, allInState(state)).verified).toBe(true);
  });

  it('counts at once: no watchdog does it', () => {
    expect(confirmDrift(audit(guest, placement, right), audit(guest, placement, allInState('T'))).verified).toBe(false);
  });
});

describe('pCPUs that are offline', () => {
  const online = (cpus: string): ObservedProcess => ({ ...right, onlineCpus: CpuSet.parse(cpus) });

  it('are found where a vCPU has no other, and nothing is set that the kernel would refuse', () => {
    // The kernel has let the thread go wherever it likes.
    const result = audit(guest, placement, withThread(online('0,2-3'), 'CPU 1/KVM', { allowedCpus: CpuSet.parse('0,2-3') }));
    expect(result.findings).toEqual([{
      code: 'CpuOffline', severity: 'error', subject: 'vCPU 1', expected: 'pCPUs 1 online', observed: 'offline: 1',
      message: 'of its pCPUs 1, 1 is offline, so that the kernel lets its threads run on other CPUs; 1 in /sys/devices/system/cpu/cpu1/online switches it on',
    }]);
    expect(corrections(result)).toEqual([]);
  });

  it('are warned of where some of the floating ones are left, however the kernel tells the threads\' CPUs', () => {
    const wide = { ...placement, emulatorCpus: CpuSet.of(0, 5), vcpuPins: placement.vcpuPins.map((pin) => (pin.kind === 'floating' ? { ...pin, cpus: CpuSet.of(0, 5) } : pin)) };
    for (const told of [CpuSet.of(0), CpuSet.of(0, 5)]) {
      const process = matchingProcess(guest, wide);
      const observed = { ...process, onlineCpus: CpuSet.of(0, 1), threads: process.threads.map((thread) => (thread.allowedCpus.has(5) ? { ...thread, allowedCpus: told } : thread)) };
      const { verified, findings } = audit(guest, wide, observed);
      expect({ verified, found: findings.map(({ code, severity, subject }) => [code, severity, subject]) }).toEqual({
        verified: true, found: [['CpuOffline', 'warning', 'vCPU 0'], ['CpuOffline', 'warning', 'emulator']],
      });
    }
  });

  it('excuse no CPU that is not for the thread', () => {
    expect(audit(guest, placement, withThread(online('0-1'), 'worker', { allowedCpus: CpuSet.of(0, 1) })).verified).toBe(false);
  });
});

describe('emulation', () => {
  const emulated = (name: (vcpu: number) => string): ObservedProcess => ({
    ...right, threads: right.threads.map((thread) => (thread.comm.startsWith('CPU ') ? { ...thread, comm: name(thread.tid - 200) } : thread)),
  });

  it.each<[string, ObservedProcess]>([
    ['with a thread for each vCPU', emulated((vcpu) => `CPU ${vcpu}/TCG`)],
    ['with one thread for all', emulated(() => 'ALL CPUs/TCG')],
  ])('is never verified, %s', (_, observed) => {
    expect(audit(guest, placement, observed)).toMatchObject({ verified: false, emulated: true });
  });

  it('leaves every thread where it was asked to be', () => {
    expect(audit(guest, placement, emulated((vcpu) => `CPU ${vcpu}/TCG`)).findings).toEqual([]);
  });

  it('is nothing to a guest that asks for no realtime', () => {
    const ordinary = { ...guest, cpu: { ...guest.cpu, realtime: undefined } };
    const unpromised = { ...placement, realtimeVcpus: CpuSet.empty<never>(), priority: undefined };
    const process = matchingProcess(ordinary, unpromised);
    const observed = { ...process, threads: process.threads.map((thread) => ({ ...thread, comm: thread.comm.replace('/KVM', '/TCG') })) };
    expect(audit(ordinary, unpromised, observed)).toMatchObject({ verified: true, emulated: false });
  });
});
