// How many VMs and nodes one controller carries: the real controller in its own process, the real agents over hypervisors in
// memory, a real API server that counts what it is asked. The figures are those of one small machine that does all of it.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { recordedLog } from '../../src/runtime/testing/recorded-log.ts';
import { startHollowNodes } from '../hollow/hollow-nodes.ts';
import { startWeighedController } from '../hollow/weighed-controller.ts';
import { describeWithKubeApi } from '../testbed/describe-with-kube-api.ts';
import { countedSince, requestCounts, sumOf, writeVerbs } from '../testbed/kube-requests.ts';
import type { RequestCounts } from '../testbed/kube-requests.ts';
import { createImage, createVm, heard, leaseNamespace, namesOf, namespace, settled, startCountedCluster, storeOf, tell } from './support/counted-cluster.ts';
import { followTimeline, spreadOf } from './support/timeline.ts';

/** Requests of the test under way at once: "at once" as far as one client can. */
const creators = 24;

const isWrite = (verb: string) => (writeVerbs as readonly string[]).includes(verb);

function listed(counts: RequestCounts, per: number): readonly string[] {
  return [...counts].filter(([, count]) => count >= per / 100).map(([what, count]) => `${what}: ${count} (${(count / per).toFixed(2)} a VM)`);
}

describeWithKubeApi('one controller', () => {
  it('places and runs 3,000 VMs on 300 nodes, in few writes and little memory', { timeout: 1_800_000 }, async () => {
    const [nodes, vms] = [300, 3000];
    await using api = await startCountedCluster();
    const log = recordedLog();
    await using hollow = await startHollowNodes({ api, names: namesOf('node', nodes), leaseNamespace, log });
    await settled(api, hollow.hosts.size);
    await using controller = await startWeighedController(api, leaseNamespace);
    await createImage(api, 'probe', { format: 'rom', source: { path: 'probe.rom' } });
    const store = storeOf(api);
    const end = new AbortController();
    const { timeline, ended } = followTimeline(store, namespace, end.signal);
    await heard(api);
    const empty = await controller.weigh();
    const before = await requestCounts(api);
    const beganMs = performance.now();

    const waiting = namesOf('vm', vms);
    await Promise.all(Array.from({ length: creators }, async () => {
      for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
        await createVm(api, name, { cpu: { vcpus: 2, policy: 'Mixed', realtime: { mask: '^0' } }, memory: { size: '32Mi', pageSize: '2Mi' }, image: { name: 'probe' } });
        timeline.created.set(name, performance.now());
      }
    }));
    const createdMs = performance.now() - beganMs;
    // Whoever has ended makes nothing ready any more.
    await expect.poll(() => controller.ended() ?? timeline.ready.size, { timeout: 1_500_000, interval: 500 })
      .toSatisfy((seen) => typeof seen === 'string' || seen === vms);
    expect([timeline.ready.size, controller.ended()]).toEqual([vms, undefined]);
    const allMs = performance.now() - beganMs;
    // What is still being told of the last of them counts, too.
    await sleep(3000);
    const counts = countedSince(before, await requestCounts(api));
    const full = await controller.weigh();
    end.abort();
    await ended;
    await store.close();

    const writes = sumOf(counts, (verb, resource) => isWrite(verb) && resource !== 'leases') - vms;
    const heapPerVm = (full.heapBytes - empty.heapBytes) / vms;
    tell(`${vms} VMs on ${nodes} nodes`, [
      `${(vms / (allMs / 1000)).toFixed(1)} VMs/s: created in ${(createdMs / 1000).toFixed(1)} s, all verified after ${(allMs / 1000).toFixed(1)} s`,
      `create to placed: ${spreadOf(timeline.placed, timeline.created)}; create to running and verified: ${spreadOf(timeline.ready, timeline.created)}`,
      ...controller.restarts === 0 ? [] : [`the controller lost its Lease, and was started again: ${controller.restarts} times`],
      `writes a VM, without its own creation and the Leases: ${(writes / vms).toFixed(2)}`,
      ...listed(counts, vms),
      `controller: heap ${(empty.heapBytes / 1e6).toFixed(1)} MB, with the VMs ${(full.heapBytes / 1e6).toFixed(1)} MB: ${(heapPerVm / 1000).toFixed(1)} KB a VM; RSS ${((full.rssBytes - empty.rssBytes) / vms / 1000).toFixed(1)} KB a VM`,
    ]);
    // One of them is the run of its VM, which is the lock for "runs once": opened before its node's table has the grant.
    expect(writes / vms).toBeLessThanOrEqual(7);
    expect(heapPerVm).toBeLessThanOrEqual(30_000);
    expect(log.entries).toEqual([]);
  });
});
