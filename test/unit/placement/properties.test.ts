import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Decision } from '../../../src/realtime/decision.ts';
import type { HostInventory } from '../../../src/realtime/host.ts';
import { Cluster } from '../../../src/realtime/place/cluster.ts';
import type { HeldPlacement } from '../../../src/realtime/placement.ts';
import { guestArbitrary, hostArbitrary, stepsArbitrary } from './arbitraries.ts';
import type { Step } from './arbitraries.ts';
import { fitsByTrying } from './brute-force.ts';
import { violations } from './check-placement.ts';
import { exclusiveOf, usageOf } from './usage.ts';

const names = ['host-a', 'host-b', 'host-c'];
const hostsArbitrary = fc.tuple(...names.map((name) => hostArbitrary(name)));

/** The outcome as plain data: sets as text, host lists listed. */
const plain = (decision: Decision): unknown => JSON.parse(JSON.stringify(decision));

function hasFreeDevices(host: HostInventory, held: readonly HeldPlacement[]): boolean {
  const taken = usageOf(host, held).devices;
  const pools = [...host.deviceClasses.map(({ devices }) => devices), ...host.networks.map((network) => (network.kind === 'sriov' ? network.devices : []))];
  return pools.flat().some(({ address }) => !taken.has(address));
}

class Run {
  readonly cluster: Cluster;
  readonly hosts: Map<string, HostInventory>;
  #uids: string[] = [];
  #next = 0;

  constructor(hosts: readonly HostInventory[]) {
    this.cluster = new Cluster(hosts, []);
    this.hosts = new Map(hosts.map((host) => [host.name, host]));
  }

  held(host: string): readonly HeldPlacement[] {
    return this.cluster.held(host);
  }

  step(step: Step): void {
    switch (step.kind) {
      case 'place': {
        const decision = this.cluster.decide(step.guest);
        if (decision.kind === 'refused') return;
        const uid = `vm-${this.#next}`;
        this.#next += 1;
        this.cluster.commit(uid, decision.placement);
        this.#uids.push(uid);
        return;
      }
      case 'release': {
        const [uid] = this.#uids.splice(step.index % Math.max(1, this.#uids.length), 1);
        if (uid !== undefined) this.cluster.release(uid);
        return;
      }
      case 'change':
        this.hosts.set(step.host.name, step.host);
        this.cluster.upsertHost(step.host);
    }
  }
}

describe('placement', () => {
  test('places exactly where trying everything finds a place, keeps every rule, and takes the best host', () => {
    const seen = { placed: 0, refused: 0 };
    fc.assert(fc.property(hostsArbitrary, stepsArbitrary(names, 10), (hosts, steps) => {
      const run = new Run(hosts);
      for (const step of steps) {
        if (step.kind === 'place') {
          const decision = run.cluster.decide(step.guest);
          const able = names.filter((name) => fitsByTrying(run.hosts.get(name)!, run.held(name), step.guest));
          expect({ kind: decision.kind, guest: step.guest }).toEqual({ kind: able.length > 0 ? 'placed' : 'refused', guest: step.guest });
          seen[decision.kind] += 1;
          if (decision.kind === 'refused') {
            expect(decision.groups.flatMap(({ hosts: refusing }) => refusing).sort()).toEqual(names);
          } else {
            const { host } = decision.placement;
            expect(violations(run.hosts.get(host)!, run.held(host), step.guest, decision.placement)).toEqual([]);
            const room = (name: string) => {
              const inventory = run.hosts.get(name)!;
              const usage = usageOf(inventory, run.held(name));
              const free = [...inventory.dedicatedCpus].filter((cpu) => !usage.busy.has(cpu)).length;
              const floating = Math.max(0, usage.shared.size * inventory.vcpusPerSharedCpu - usage.floating);
              const value = step.guest.cpu.dedicatedVcpus.isEmpty ? floating : free;
              return step.guest.packing === 'Spread' ? -value : value;
            };
            // Hosts with free devices come last for a guest that asks for none.
            const kept = (name: string) => Number(step.guest.hostDevices.length === 0 && hasFreeDevices(run.hosts.get(name)!, run.held(name)));
            expect(host).toBe([...able].sort((one, other) => kept(one) - kept(other) || room(one) - room(other) || (one < other ? -1 : 1))[0]);
          }
        }
        run.step(step);
      }
    }), { numRuns: 2500, seed: 20261122 });
    expect(Math.min(seen.placed, seen.refused)).toBeGreaterThan(800);
  });

  test('never gives a CPU, page or device twice, whatever comes and goes', () => {
    fc.assert(fc.property(hostsArbitrary, stepsArbitrary(names, 40), (hosts, steps) => {
      const run = new Run(hosts);
      for (const step of steps.filter(({ kind }) => kind !== 'change')) {
        run.step(step);
        for (const name of names) {
          const held = run.held(name);
          const cpus = held.flatMap(({ placement }) => [...exclusiveOf(placement)]);
          expect(new Set(cpus).size).toBe(cpus.length);
          const addresses = held.flatMap(({ placement }) => placement.devices.map(({ address }) => address));
          expect(new Set(addresses).size).toBe(addresses.length);
          const usage = usageOf(run.hosts.get(name)!, held);
          const amounts = [usage.smallFreeMiB, ...[...usage.nodes.values()].flatMap(({ smallMiB, pages }) => [smallMiB, ...pages.values()])];
          expect(amounts.filter((amount) => amount < 0)).toEqual([]);
        }
        expect(run.cluster.conflicts()).toEqual([]);
      }
    }), { numRuns: 300, seed: 20261123 });
  });

  test('answers as a cluster built anew does, in whatever order it hears of hosts', () => {
    fc.assert(fc.property(hostsArbitrary, stepsArbitrary(names, 30), fc.array(guestArbitrary, { minLength: 4, maxLength: 8 }), (hosts, steps, guests) => {
      const run = new Run(hosts);
      for (const step of steps) {
        run.step(step);
        // Asked between steps, so that verdicts are remembered and must be forgotten in time.
        for (const guest of guests.slice(0, 3)) run.cluster.decide(guest);
      }
      const held = names.flatMap((name) => run.held(name));
      const anew = new Cluster([...run.hosts.values()].reverse(), held);
      for (const guest of guests) {
        const answer = plain(run.cluster.decide(guest));
        expect(answer).toEqual(plain(anew.decide(guest)));
        expect(answer).toEqual(plain(run.cluster.decide(guest)));
      }
      for (const name of names) expect(run.cluster.free(name)).toEqual(anew.free(name));
    }), { numRuns: 400, seed: 20261124 });
  });

  test('a release gives back exactly what the commit took', () => {
    fc.assert(fc.property(hostsArbitrary, stepsArbitrary(names, 12), guestArbitrary, (hosts, steps, guest) => {
      const run = new Run(hosts);
      for (const step of steps) run.step(step);
      const before = names.map((name) => run.cluster.free(name));
      const decision = run.cluster.decide(guest);
      expect(names.map((name) => run.cluster.free(name))).toEqual(before);
      if (decision.kind === 'refused') return;
      run.cluster.commit('guest', decision.placement);
      expect(names.map((name) => run.cluster.free(name))).not.toEqual(before);
      run.cluster.release('guest');
      expect(names.map((name) => run.cluster.free(name))).toEqual(before);
      expect(plain(run.cluster.decide(guest))).toEqual(plain(decision));
    }), { numRuns: 400, seed: 20261125 });
  });

  test('the answer for one host is the same with or without the others', () => {
    fc.assert(fc.property(hostsArbitrary, stepsArbitrary(names, 10), guestArbitrary, (hosts, steps, guest) => {
      const run = new Run(hosts);
      for (const step of steps) run.step(step);
      const answers = new Map(names.map((name) => [name, run.cluster.decide(guest, { onlyHost: name })]));
      for (const name of names) expect(plain(answers.get(name)!)).toEqual(plain(new Cluster([run.hosts.get(name)!], run.held(name)).decide(guest)));
      const all = run.cluster.decide(guest);
      if (all.kind === 'placed') expect(plain(answers.get(all.placement.host)!)).toEqual(plain(all));
      else expect([...answers.values()].every(({ kind }) => kind === 'refused')).toBe(true);
    }), { numRuns: 300, seed: 20261126 });
  });
});
