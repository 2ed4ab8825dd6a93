import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import type { Stored } from '../../store/resource.ts';
import { machineClock } from '../../runtime/clock.ts';
import { vmMetrics } from './vm-metrics.ts';

type Vm = Stored<'RealtimeVM'>;

/** A VM as far as the figures look at it. */
function vm(uid: string, phase: string | undefined, placed?: readonly ['True' | 'False', string], { verified, since = '2026-01-01T00:00:00Z' }: { readonly verified?: readonly [string, string]; readonly since?: string } = {}): Vm {
  const condition = (type: string, [status, reason]: readonly [string, string]) => ({ type, status, reason, message: '', lastTransitionTime: since });
  const conditions = [...(placed === undefined ? [] : [condition('Placed', placed)]), ...(verified === undefined ? [] : [condition('RealtimeVerified', verified)])];
  return { metadata: { uid }, ...(phase === undefined ? {} : { status: { phase, conditions } }) } as unknown as Vm;
}

it('counts who waits, by reason, and who was placed while it looked', async () => {
  const registry = new Registry();
  const metrics = vmMetrics(registry, machineClock);
  const figures = async () => [
    (await registry.getSingleMetric('rtvm_pending_vms')!.get()).values.map(({ labels, value }) => [labels.reason, value]),
    (await registry.getSingleMetric('rtvm_placements_total')!.get()).values.map(({ value }) => value),
  ];
  metrics.seen(vm('old', 'Running', ['True', 'Placed']));
  metrics.seen(vm('a', undefined));
  metrics.seen(vm('b', 'Pending', ['False', 'TooFewHugepages']));
  metrics.seen(vm('c', 'Pending', ['False', 'TooFewHugepages']));
  metrics.seen(vm('d', 'Pending', ['False', 'NoSharedCpus']));
  expect(await figures()).toEqual([[['TooFewHugepages', 2], ['NoSharedCpus', 1]], [0]]);
  for (const uid of ['a', 'b', 'a', 'old']) metrics.seen(vm(uid, 'Placed', ['True', 'Placed']));
  metrics.gone(vm('d', 'Pending', ['False', 'NoSharedCpus']));
  expect(await figures()).toEqual([[['TooFewHugepages', 1]], [2]]);
});

it('counts VMs by phase, and those whose guarantee is not known to hold', async () => {
  const registry = new Registry();
  const metrics = vmMetrics(registry, machineClock);
  const figures = async (name: string, label: string) => Object.fromEntries((await registry.getSingleMetric(name)!.get()).values.map(({ labels, value }) => [String(labels[label]), value]));
  const placed = ['True', 'Placed'] as const;
  metrics.seen(vm('new', undefined));
  metrics.seen(vm('plain', 'Running', placed));
  metrics.seen(vm('good', 'Running', placed, { verified: ['True', 'Verified'] }));
  metrics.seen(vm('bad', 'Running', placed, { verified: ['False', 'Violated'] }));
  metrics.seen(vm('lost', 'Unknown', placed, { verified: ['Unknown', 'NodeLost'] }));
  metrics.seen(vm('starts', 'Starting', placed, { verified: ['Unknown', 'NotAudited'] }));
  expect(await figures('rtvm_vms', 'phase')).toEqual({ Pending: 1, Running: 3, Unknown: 1, Starting: 1 });
  expect(await figures('rtvm_unverified_vms', 'reason')).toEqual({ Violated: 1, NodeLost: 1 });
  metrics.seen(vm('bad', 'Running', placed, { verified: ['True', 'Verified'] }));
  metrics.gone(vm('lost', 'Unknown', placed));
  expect(await figures('rtvm_unverified_vms', 'reason')).toEqual({});
});

it('says how long the VM waits that has waited longest', async () => {
  const registry = new Registry();
  const metrics = vmMetrics(registry, { date: () => new Date('2026-01-01T01:00:00Z') });
  const longest = async () => (await registry.getSingleMetric('rtvm_longest_pending_seconds')!.get()).values[0]!.value;
  expect(await longest()).toBe(0);
  metrics.seen(vm('a', 'Pending', ['False', 'NoSharedCpus'], { since: '2026-01-01T00:59:00Z' }));
  metrics.seen(vm('b', 'Pending', ['False', 'NoSharedCpus'], { since: '2026-01-01T00:30:00Z' }));
  expect(await longest()).toBe(1800);
  metrics.seen(vm('b', 'Placed', ['True', 'Placed']));
  expect(await longest()).toBe(60);
});
