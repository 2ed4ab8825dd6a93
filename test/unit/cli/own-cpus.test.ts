import { expect, it } from 'vitest';
import { CpuSet } from '../../../src/realtime/cpu-set.ts';
import { unpackHost } from '../../fixtures/hosts/host-fixture.ts';
import { ownCpusWarning } from '../../../src/cli/agent/own-cpus.ts';

it.each([
  ['0-1', '2-3', undefined],
  ['0-7', '2-3,6-7', 'the agent may run on the dedicated CPUs 2-3,6-7 and disturb guests there; give it CPUs 0-1,4-5 only: CPUAffinity= of its systemd unit, kubelet\'s reservedSystemCPUs for its pod, or "taskset --cpu-list"'],
  ['2', '2-3', 'the agent may run on the dedicated CPUs 2 and disturb guests there; give it a CPU of its own: CPUAffinity= of its systemd unit, kubelet\'s reservedSystemCPUs for its pod, or "taskset --cpu-list"'],
])('an agent on %s, where %s are dedicated', (own, dedicated, warning) => {
  using host = unpackHost(new Map([['proc/self/status', `Name:\tnode\nCpus_allowed_list:\t${own}\nMems_allowed_list:\t0`]]));
  expect(ownCpusWarning(host.root, CpuSet.parse(dedicated))).toBe(warning);
});

it('says nothing where nothing is known', () => {
  using host = unpackHost(new Map());
  expect(ownCpusWarning(host.root, CpuSet.of(1))).toBeUndefined();
});
