// Housekeeping is beside a realtime vCPU only where the cores that the guest uses cannot be divided between the two.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Guest } from '../../../src/realtime/guest.ts';
import type { HostInventory } from '../../../src/realtime/host.ts';
import { Cluster } from '../../../src/realtime/place/cluster.ts';
import { claimedCpus, sampleGuest, sampleHost } from '../../../src/realtime/place/sample-hosts.ts';
import type { Placement } from '../../../src/realtime/placement.ts';

const hosts = fc.record({
  threads: fc.constantFrom(2, 2, 4),
  cores: fc.integer({ min: 2, max: 5 }),
  taken: fc.array(fc.integer({ min: 0, max: 19 }), { maxLength: 6 }),
});

const guests = fc.record({
  vcpus: fc.integer({ min: 2, max: 8 }),
  housekeeping: fc.integer({ min: 0, max: 4 }),
  coreSharing: fc.constantFrom('Allow' as const, 'Forbid' as const),
  isolated: fc.boolean(),
});

const used = (host: HostInventory, { vcpuPins, emulatorCpus }: Placement, withEmulator: boolean) =>
  host.cores
    .map((core) => {
      const vcpus = vcpuPins.flatMap((pin): number[] =>
        pin.kind === 'dedicated' && core.has(pin.cpu) ? [pin.vcpu] : [],
      );
      return { core, vcpus, emulator: withEmulator && core.overlaps(emulatorCpus) };
    })
    .filter(({ vcpus, emulator }) => vcpus.length > 0 || emulator);

/** Whether the cores can be divided so that each side has room enough. */
function canBeDivided(rooms: readonly number[], housekeeping: number, realtime: number): boolean {
  return Array.from({ length: 2 ** rooms.length }, (_, bits) => bits).some((bits) => {
    const side = (of: 0 | 1) =>
      rooms.reduce((sum, room, index) => sum + (((bits >>> index) & 1) === of ? room : 0), 0);
    return side(0) >= housekeeping && side(1) >= realtime;
  });
}

function guestOf({
  vcpus,
  housekeeping,
  coreSharing,
  isolated,
}: {
  vcpus: number;
  housekeeping: number;
  coreSharing: 'Allow' | 'Forbid';
  isolated: boolean;
}): Guest {
  const first = Math.min(vcpus - 1, isolated ? housekeeping : Math.max(1, housekeeping));
  return sampleGuest({
    vcpus,
    coreSharing,
    realtime: `${first}-${vcpus - 1}`,
    emulatorThreads: isolated ? 'Isolate' : 'Housekeeping',
  });
}

test('housekeeping is kept apart wherever the same cores allow it', () => {
  const seen = { apart: 0, mixed: 0 };
  fc.assert(
    fc.property(hosts, guests, ({ threads, cores, taken }, asked) => {
      const count = threads * cores;
      const host = sampleHost({
        nodes: [`0-${count - 1}`],
        cores: Array.from({ length: cores }, (_, core) => `${core * threads}-${(core + 1) * threads - 1}`),
      });
      const busy = new Set(taken.filter((cpu) => cpu < count));
      const guest = guestOf(asked);
      const decision = new Cluster([host], [claimedCpus('host', [...busy].join(','))]).decide(guest);
      if (decision.kind === 'refused') return;
      const realtime = guest.cpu.realtime!.vcpus;
      const found = used(host, decision.placement, asked.isolated);
      const isMixed = found.some(
        ({ vcpus, emulator }) =>
          vcpus.some((vcpu) => realtime.has(vcpu)) && (emulator || vcpus.some((vcpu) => !realtime.has(vcpu))),
      );
      const rooms = found.map(({ core }) => [...core].filter((cpu) => !busy.has(cpu)).length);
      const housekeeping = asked.vcpus - realtime.size + (asked.isolated ? 1 : 0);
      expect({ asked, isMixed }).toEqual({ asked, isMixed: !canBeDivided(rooms, housekeeping, realtime.size) });
      seen[isMixed ? 'mixed' : 'apart'] += 1;
    }),
    { numRuns: 3000, seed: 20261207 },
  );
  expect(Math.min(seen.mixed, seen.apart)).toBeGreaterThan(200);
});
