import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AllocatedGuest } from '../crds/realtime-allocation.ts';
import type { Pod } from '../store/foreign.ts';
import { guardStep } from './guard-step.ts';
import type { GuardState } from './guard-step.ts';
import { guardFinalizer, guardPod } from './guard.ts';
import type { GuardedTable } from './guard.ts';

const table = { metadata: { name: 'n1', uid: 'u1' } } as GuardedTable;
const options = { namespace: 'rtvm', image: 'registry.k8s.io/pause:3.10' };
const bornMs = Date.parse('2026-05-01T12:00:00Z');

/** What a guard of these huge pages should be; of none, nothing. */
const asksFor = (memoryMiB: number) => (memoryMiB === 0 ? undefined : guardPod(table, [{ placement: { extraMemoryMiB: 100, cells: [{ pageSize: '2Mi', memoryMiB }] } } as unknown as AllocatedGuest], options));

function pod(memoryMiB: number, { deleted = false, phase = 'Running', createdMs = bornMs }: { readonly deleted?: boolean; readonly phase?: string; readonly createdMs?: number } = {}): Pod {
  const draft = asksFor(memoryMiB)!;
  const creationTimestamp = new Date(createdMs).toISOString();
  return { ...draft, metadata: { ...draft.metadata, uid: 'p1', resourceVersion: '1', creationTimestamp, ...(deleted ? { deletionTimestamp: creationTimestamp } : {}) }, status: { phase } };
}

const state = (given: Partial<GuardState>): GuardState => ({ pod: undefined, wanted: undefined, isCordoned: false, nowMs: bornMs + 3_600_000, ...given });

describe('what is done with a guard next', () => {
  it.each<[string, Partial<GuardState>, object]>([
    ['nothing runs and there is none', {}, { kind: 'none' }],
    ['something runs and there is none', { wanted: asksFor(32)! }, { kind: 'create', pod: asksFor(32) }],
    ['a VM was placed a moment before the cordon', { wanted: asksFor(32)!, isCordoned: true }, { kind: 'create', pod: asksFor(32) }],
    ['it is as it should be', { pod: pod(32), wanted: asksFor(32)! }, { kind: 'none' }],
    ['nothing runs any more', { pod: pod(32) }, { kind: 'delete', pod: pod(32) }],
    ['nothing runs any more on a cordoned node', { pod: pod(32), isCordoned: true }, { kind: 'delete', pod: pod(32) }],
    ['other amounts are needed, and it is old', { pod: pod(32), wanted: asksFor(64)! }, { kind: 'delete', pod: pod(32) }],
    ['other amounts are needed, and it is 4 s old', { pod: pod(32), wanted: asksFor(64)!, nowMs: bornMs + 4000 }, { kind: 'wait', forMs: 6000 }],
    ['other amounts are needed, and this clock is an hour behind', { pod: pod(32), wanted: asksFor(64)!, nowMs: bornMs - 3_600_000 }, { kind: 'wait', forMs: 10_000 }],
    ['other amounts are needed, and a drain may be waiting for this pod', { pod: pod(32), wanted: asksFor(64)!, isCordoned: true }, { kind: 'none' }],
    ['kubelet has refused it just now', { pod: pod(32, { phase: 'Failed' }), wanted: asksFor(32)!, nowMs: bornMs + 1000 }, { kind: 'wait', forMs: 59_000 }],
    ['kubelet has refused it a minute ago', { pod: pod(32, { phase: 'Failed' }), wanted: asksFor(32)!, nowMs: bornMs + 60_000 }, { kind: 'delete', pod: pod(32, { phase: 'Failed' }) }],
    ['it is evicted, and guests run', { pod: pod(32, { deleted: true }), wanted: asksFor(32)!, isCordoned: true }, { kind: 'none' }],
    ['it is evicted, and the guests have ended', { pod: pod(32, { deleted: true }), isCordoned: true }, { kind: 'letGo', pod: pod(32, { deleted: true }) }],
    ['somebody has deleted it without a drain', { pod: pod(32, { deleted: true }), wanted: asksFor(32)! }, { kind: 'letGo', pod: pod(32, { deleted: true }) }],
  ])('%s', (_, given, step) => {
    expect(guardStep(state(given))).toEqual(step);
  });

  it('never leaves a cordoned node with guests without one, and ends with what is wanted', () => {
    /** A second passes after each. */
    const happening = fc.oneof(
      fc.record({ memoryMiB: fc.constantFrom(0, 32, 64) }), fc.record({ isCordoned: fc.boolean() }), fc.constant('deleted' as const), fc.constant('refused' as const), fc.constant('nothing' as const),
    );
    fc.assert(fc.property(fc.array(happening, { maxLength: 60 }), (happenings) => {
      let [there, memoryMiB, isCordoned, nowMs] = [undefined as Pod | undefined, 0, false, bornMs];
      /** What the API server then has. */
      const take = () => {
        const step = guardStep({ pod: there, wanted: asksFor(memoryMiB), isCordoned, nowMs });
        if (step.kind === 'create') there = pod(memoryMiB, { createdMs: nowMs });
        if (step.kind === 'letGo' || step.kind === 'delete') {
          expect(there?.metadata.finalizers).toContain(guardFinalizer);
          // Without guests, or so that it is made anew: in the same breath, where nobody waits for it.
          expect(isCordoned && memoryMiB > 0).toBe(false);
          there = undefined;
        }
        return step;
      };
      for (const next of happenings) {
        nowMs += 1000;
        if (next === 'deleted') there = there && { ...there, metadata: { ...there.metadata, deletionTimestamp: new Date(nowMs).toISOString() } };
        else if (next === 'refused') there = there && { ...there, status: { phase: 'Failed' } };
        else if (next !== 'nothing') ({ memoryMiB, isCordoned } = { memoryMiB, isCordoned, ...next });
        take();
        if (isCordoned && memoryMiB > 0) expect(there).toBeDefined();
      }
      // Left alone, it comes to rest with the right guard, in a few steps.
      isCordoned = false;
      nowMs += 60_000;
      take();
      take();
      expect(take()).toEqual({ kind: 'none' });
      expect(there?.spec).toEqual(asksFor(memoryMiB)?.spec);
    }));
  });
});
