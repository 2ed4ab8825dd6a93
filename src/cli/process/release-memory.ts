/** Gives back what the start of a long-lived process left behind. */
import v8 from 'node:v8';
import vm from 'node:vm';
import type { Clock } from '../../runtime/clock.ts';

/** By then caches are filled and watches are open, and what it took to get there is garbage. */
const settledAfterMs = 10_000;

/**
 * V8 lets its young generation grow while modules load, and shrinks it only under pressure, which an idle process never has: some
 * 10 MB for its whole life. One full collection, of about 30 ms, gives them back; a smaller limit on the young generation would
 * cost every placement decision about a third more.
 */
export function releaseStartUpMemory(clock: Clock): void {
  clock.after(settledAfterMs, () => {
    v8.setFlagsFromString('--expose-gc');
    const collect = vm.runInNewContext('gc') as NodeJS.GCFunction;
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  }, { background: true });
}
