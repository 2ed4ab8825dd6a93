// Every remedy that a refusal names is taken at its word: a guest that asks for it fits on the hosts that are named.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CpuSet } from '../../../src/realtime/cpu-set.ts';
import type { Guest } from '../../../src/realtime/guest.ts';
import type { VcpuId } from '../../../src/realtime/ids.ts';
import { Cluster } from '../../../src/realtime/place/cluster.ts';
import { guestArbitrary, hostArbitrary, stepsArbitrary } from './arbitraries.ts';
import { fitsByTrying } from './brute-force.ts';

/** The guest that asks for what is named. */
function changed(guest: Guest, remedy: string): Guest {
  const [name = '', value = ''] = remedy.split(/:? /);
  switch (name) {
    case 'coreSharing':
      return { ...guest, cpu: { ...guest.cpu, coreSharing: value as 'Allow' } };
    case 'threadPolicy':
      return { ...guest, cpu: { ...guest.cpu, threadPolicy: value as 'Prefer' } };
    case 'numaAffinity':
      return {
        ...guest,
        hostDevices: guest.hostDevices.map((device) => ({ ...device, numaAffinity: value as 'Preferred' })),
      };
    case 'numa.nodes': {
      const each = guest.cpu.vcpus / Number(value);
      const cells = Array.from({ length: Number(value) }, (_, cell) => ({
        vcpus: CpuSet.range<VcpuId>(cell * each, (cell + 1) * each - 1),
        memoryMiB: guest.memory.sizeMiB / Number(value),
      }));
      return { ...guest, cells };
    }
    default:
      throw new Error(`no such remedy: ${remedy}`);
  }
}

test('what is named helps', () => {
  const seen = new Map<string, number>();
  const asked = fc.tuple(
    hostArbitrary('host-a'),
    stepsArbitrary(['host-a'], 6),
    fc.array(guestArbitrary, { minLength: 2, maxLength: 4 }),
  );
  fc.assert(
    fc.property(asked, ([inventory, steps, guests]) => {
      const cluster = new Cluster([inventory], []);
      for (const [index, step] of steps.entries()) {
        const decision = step.kind === 'place' ? cluster.decide(step.guest) : undefined;
        if (decision?.kind === 'placed') cluster.commit(`vm-${index}`, decision.placement);
      }
      for (const guest of guests) {
        const decision = cluster.decide(guest);
        if (decision.kind === 'placed') continue;
        const remedies = decision.groups.flatMap(({ message }) =>
          [
            ...message.matchAll(
              /; ((?:coreSharing|threadPolicy|numa\.nodes:|numaAffinity) \S+).*? would fit host-a(?=;|$)/g,
            ),
          ].map(([, remedy]) => remedy!),
        );
        for (const remedy of remedies) {
          seen.set(remedy, (seen.get(remedy) ?? 0) + 1);
          expect({
            guest,
            remedy,
            fits: fitsByTrying(inventory, cluster.held('host-a'), changed(guest, remedy)),
          }).toEqual({ guest, remedy, fits: true });
        }
      }
    }),
    { numRuns: 4000, seed: 20261208 },
  );
  for (const remedy of [
    'coreSharing Allow',
    'threadPolicy Prefer',
    'numa.nodes: 2',
    'numa.nodes: 1',
    'numaAffinity Preferred',
  ])
    expect({ remedy, seen: (seen.get(remedy) ?? 0) > 10 }).toEqual({ remedy, seen: true });
});
