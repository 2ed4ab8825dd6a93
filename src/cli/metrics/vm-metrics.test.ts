import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import type { Stored } from '../../store/resource.ts';
import { vmMetrics } from './vm-metrics.ts';

type Vm = Stored<'RealtimeVM'>;

/** A VM as far as the figures look at it. */
function vm(uid: string, phase: 'Pending' | 'Placed' | 'Running' | undefined, placed?: readonly ['True' | 'False', string]): Vm {
  const conditions = placed === undefined ? [] : [{ type: 'Placed', status: placed[0], reason: placed[1], message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }];
  return { metadata: { uid }, ...(phase === undefined ? {} : { status: { phase, conditions } }) } as unknown as Vm;
}

it('counts who waits, by reason, and who was placed while it looked', async () => {
  const registry = new Registry();
  const metrics = vmMetrics(registry);
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
