import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import type { Audit } from '../../realtime/finding.ts';
import type { ObservedProcess } from '../../realtime/observed.ts';
import { agentMetrics } from './agent-metrics.ts';

const vm = { namespace: 'default', name: 'a', uid: 'uid-a' };
const audit = { threads: [{ role: { kind: 'vcpu', vcpu: 1 }, tid: 11 }], memory: [], findings: [], verified: true } as unknown as Audit;
const processAt = (involuntarySwitches: bigint, startTicks = 100n) => ({ pid: 10, startTicks, threads: [{ tid: 11, involuntarySwitches, runDelayNs: 1_000_000n * involuntarySwitches }] }) as unknown as ObservedProcess;

async function figures(registry: Registry): Promise<readonly string[]> {
  return (await registry.metrics()).split('\n').filter((line) => line.startsWith('rtvm_vcpu_')).map((line) => line.replace(/^.*\} /, ''));
}

it('tells what the threads have come to by now, not what the last audit read', async () => {
  const registry = new Registry();
  let now: ObservedProcess | undefined = processAt(3n);
  const observer = agentMetrics(registry, 'n1', { auditsOnTime: () => true, libvirtReached: () => true, observe: (pid) => (pid === 10 ? now : undefined) });
  observer.audited(vm, audit, processAt(3n));
  expect(await figures(registry)).toEqual(['3', '0.003']);
  now = processAt(7n);
  expect(await figures(registry)).toEqual(['7', '0.007']);
  // Another process with the same number is none of its business, and one that has gone tells nothing.
  now = processAt(50n, 200n);
  expect(await figures(registry)).toEqual(['7', '0.007']);
  now = undefined;
  expect(await figures(registry)).toEqual(['7', '0.007']);
});
