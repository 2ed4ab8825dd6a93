// Hosts looked at in slices: the decision is the same as at once, whatever happens between them, and little is left
// for it.
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Decision } from '../../../src/realtime/decision.ts';
import { Cluster } from '../../../src/realtime/place/cluster.ts';
import { sampleGuest, sampleHost } from '../../../src/realtime/place/sample-hosts.ts';
import { guestArbitrary, hostArbitrary, stepsArbitrary } from './arbitraries.ts';

const plain = (decision: Decision): unknown => JSON.parse(JSON.stringify(decision));
const names = Array.from({ length: 40 }, (_, index) => `host-${String(index).padStart(2, '0')}`);

/** Forty of the same, full but for one CPU, so that a guest of two looks at all of them. */
const hosts = (dedicated = '0') => names.map((name) => sampleHost({ name, nodes: ['0-1', '2-3'], dedicated }));
const two = sampleGuest({ vcpus: 2 });

describe('a decision after slices', () => {
  it('has every host looked at, some at a time, where all refuse', () => {
    const cluster = new Cluster(hosts('0,2'), []);
    const slices = [...cluster.consider(two)].length;
    expect(slices).toBeGreaterThan(1);
    expect([...cluster.consider(two)]).toHaveLength(0);
    expect(plain(cluster.decide(two))).toEqual(plain(new Cluster(hosts('0,2'), []).decide(two)));
  });

  it('goes no further than to the host that is taken', () => {
    expect([...new Cluster(hosts('0-1'), []).consider(two)]).toHaveLength(0);
  });

  it('looks again at what changed between slices, also where a host came', () => {
    const cluster = new Cluster(hosts('0,2'), []);
    const slices = cluster.consider(two);
    expect(slices.next().done).toBe(false);
    cluster.upsertHost(sampleHost({ name: 'host-17', nodes: ['0-1', '2-3'] }));
    cluster.upsertHost(sampleHost({ name: 'new', nodes: ['0'] }));
    for (let next = slices.next(); next.done !== true;) next = slices.next();
    expect([...cluster.consider(two)]).toHaveLength(0);
    expect(cluster.decide(two)).toMatchObject({ kind: 'placed', placement: { host: 'host-17' } });
  });

  test('is the same as one without, with anything between them', () => {
    const few = names.slice(0, 6);
    fc.assert(
      fc.property(
        fc.tuple(...few.map((name) => hostArbitrary(name))),
        stepsArbitrary(few, 12),
        guestArbitrary,
        (inventories, steps, guest) => {
          const sliced = new Cluster(inventories, []);
          const whole = new Cluster(inventories, []);
          const slices = sliced.consider(guest);
          const uids: string[] = [];
          for (const step of steps) {
            slices.next();
            switch (step.kind) {
              case 'place': {
                const decision = sliced.decide(step.guest);
                expect(plain(decision)).toEqual(plain(whole.decide(step.guest)));
                if (decision.kind === 'refused') break;
                const uid = `vm-${uids.length}`;
                uids.push(uid);
                for (const cluster of [sliced, whole]) cluster.commit(uid, decision.placement);
                break;
              }
              case 'release': {
                const uid = uids[step.index % Math.max(1, uids.length)];
                if (uid !== undefined) for (const cluster of [sliced, whole]) cluster.release(uid);
                break;
              }
              case 'change':
                for (const cluster of [sliced, whole]) cluster.upsertHost(step.host);
            }
            expect(plain(sliced.decide(guest))).toEqual(plain(whole.decide(guest)));
          }
        },
      ),
      { numRuns: 150, seed: 20261204 },
    );
  });
});
