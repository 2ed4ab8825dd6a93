// What must hold on a host at every moment, whoever was killed when: I1 and I7, checked on files and processes.
import { expect } from 'vitest';
import { cpusIn, qemusOf, threadsOf } from './live-process.ts';
import { nodeName } from './local-host.ts';
import type { LocalHost } from './local-host.ts';
import { storedGuests } from './stored.ts';
import type { StoredGuest } from './stored.ts';

/**
 * No CPU is held twice by the table or used by two VMs' vCPUs, no VM has two entries or two QEMUs, and what runs is in the table.
 * @param dedicated - the node's dedicated CPUs.
 */
export function expectInvariants(host: LocalHost, vms: readonly string[], dedicated: readonly number[]): void {
  // What runs is looked at first: an entry is there before its domain is, and until after.
  const running = vms.map((vm) => ({ vm, pids: qemusOf(host.libvirtd, vm) }));
  const guests = storedGuests(host.stateDir, nodeName);

  expect(running.filter(({ pids }) => pids.length > 1)).toEqual([]);
  expectNoneTwice('VM in the table', guests.map(({ vm }) => vm.uid));
  expectNoneTwice('CPU in the table', guests.flatMap(ownCpus));
  const entered = guests.map(({ vm }) => vm.name);
  expect(running.filter(({ vm, pids }) => pids.length > 0 && !entered.includes(vm))).toEqual([]);
  expectNoneTwice('CPU under two VMs', running.flatMap(({ pids }) => [...new Set(pids.flatMap(vcpuCpus))].filter((cpu) => dedicated.includes(cpu))));
}

function ownCpus({ placement: { vcpuPins, reservedCpus } }: StoredGuest): readonly number[] {
  return [...vcpuPins.flatMap(({ cpu }) => cpu ?? []), ...cpusIn(reservedCpus)];
}

function vcpuCpus(pid: number): readonly number[] {
  return threadsOf(pid).filter(({ name }) => name.startsWith('CPU ')).flatMap(({ cpus }) => cpusIn(cpus));
}

function expectNoneTwice(what: string, values: readonly (string | number)[]): void {
  expect(values.filter((value, i) => values.indexOf(value) !== i).map((value) => `${what} twice: ${value}`)).toEqual([]);
}
