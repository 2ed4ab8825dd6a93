// What agents that have nothing to do cost the API server: their Leases, and next to nothing else.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { startHollowNodes } from '../hollow/hollow-nodes.ts';
import { describeWithKubeApi } from '../testbed/describe-with-kube-api.ts';
import { countedSince, requestCounts, sumOf } from '../testbed/kube-requests.ts';
import { leaseNamespace, namesOf, settled, startCountedCluster, tell } from './support/counted-cluster.ts';

describeWithKubeApi('an API server', () => {
  it('is asked little by 200 idle agents', { timeout: 900_000 }, async () => {
    const [nodes, seconds] = [200, 120];
    await using api = await startCountedCluster();
    await using hollow = await startHollowNodes({ api, names: namesOf('idle', nodes), leaseNamespace });
    await settled(api, hollow.hosts.size);
    // The last of them has only just begun.
    await sleep(15_000);
    const before = await requestCounts(api);
    await sleep(1000 * seconds);
    const counts = countedSince(before, await requestCounts(api));
    const each = sumOf(counts, () => true) / nodes / seconds;
    tell(`${nodes} idle agents for ${seconds} s`, [`${each.toFixed(3)} requests a second each`, ...[...counts].map(([what, count]) => `${what}: ${count}`)]);
    expect(each).toBeLessThanOrEqual(0.2);
  });
});
