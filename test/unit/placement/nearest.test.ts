// No nearer placement exists on the host that was chosen: devices, L3 groups, distances, in that order.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Cluster } from '../../../src/realtime/place/cluster.ts';
import { guestArbitrary, hostArbitrary, stepsArbitrary } from './arbitraries.ts';
import { measure, nearestByTrying } from './nearest.ts';

test('nothing nearer is possible', () => {
  const seen = { placed: 0, farDevices: 0, spread: 0, apart: 0 };
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
        if (decision.kind === 'refused') continue;
        const measured = measure(inventory, decision.placement);
        expect({ guest, measured }).toEqual({
          guest,
          measured: nearestByTrying(inventory, cluster.held('host-a'), guest) ?? measured,
        });
        expect(decision.unproven).toBeUndefined();
        seen.placed += 1;
        seen.farDevices += measured[0] > 10 * decision.placement.devices.length ? 1 : 0;
        seen.spread += measured[1] > 0 ? 1 : 0;
        seen.apart += measured[2] > 24 ? 1 : 0;
      }
    }),
    { numRuns: 8000, seed: 20261205 },
  );
  expect(seen.placed).toBeGreaterThan(800);
  expect(Math.min(seen.farDevices, seen.spread, seen.apart)).toBeGreaterThan(30);
});
