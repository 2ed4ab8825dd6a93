// Hundreds of SIGKILLs, at random moments of a cluster's life: controllers and agents are killed, one leader is frozen past its
// lease and thawed, the API server is killed, and its data is put back. All the while people do what they want with their VMs.
// Hosts live on, as hosts do. What the tables and the hosts have recorded is then replayed by a checker of its own.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { recordedHost, unpackHost } from '../fixtures/hosts/host-fixture.ts';
import { MemoryHost } from '../hollow/memory-hypervisor.ts';
import { describeWithKubeApi } from '../testbed/describe-with-kube-api.ts';
import { installCrds } from '../testbed/install-crds.ts';
import { startKubeApi } from '../testbed/kube-api.ts';
import { breachesIn } from './support/chaos-checker.ts';
import type { ChaosEvent } from './support/chaos-checker.ts';
import { ChaosPeople } from './support/chaos-people.ts';
import { ChaosProcesses } from './support/chaos-processes.ts';
import type { Role } from './support/chaos-processes.ts';
import { KubeObjects, kubeCondition, paths } from './support/kube-objects.ts';
import { followTables } from './support/table-log.ts';

const seed = Number(process.env['CHAOS_SEED'] ?? 20_261);
const wantedKills = Number(process.env['CHAOS_KILLS'] ?? 300);
/** Whatever the machine: then it is over, and how many kills there were is said. */
const longestMs = 200_000;
const nodeNames = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6'];
/** Longer than an agent takes to be killed a few times in a row; far shorter than in production. */
const silenceMs = 15_000;

/** Mulberry32: small, and good enough to choose with. */
function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describeWithKubeApi('a cluster in which everything is killed', () => {
  test(`keeps its rules over ${wantedKills} kills, and runs what it should in the end (seed ${seed})`, { timeout: 480_000 }, async () => {
    const random = randomFrom(seed);
    const events: ChaosEvent[] = [];
    await using api = await startKubeApi();
    await installCrds(api);
    const objects = new KubeObjects(api);
    using machine = unpackHost(recordedHost('realtime-two-sockets'));
    const directory = mkdtempSync(join(tmpdir(), 'rtvm-chaos-'));
    const hosts = new Map(nodeNames.map((node) => [node, new MemoryHost(({ what, vmUid = '?', pinnedCpus }) => {
      events.push({ type: 'domain', node, what, vm: vmUid, cpus: [...pinnedCpus] });
    })]));
    for (const name of nodeNames) {
      await objects.create(paths.clusterNodes, { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { 'rtvm.dev/realtime': 'true' } }, spec: {} });
      await objects.create(paths.nodes, { apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeNode', metadata: { name }, spec: { dedicatedCpus: '2-3,6-7', sharedCpus: '0-1,4-5' } });
    }
    const following = new AbortController();
    const log = followTables(api, (node, revision, guests) => events.push({ type: 'table', node, revision, guests }), following.signal);
    const agents = ['n1 n2', 'n3 n4', 'n5 n6'].map((nodes): Role => ({ name: `agents of ${nodes}`, program: 'linked-agents', args: [api.kubeconfigPath, machine.directory, join(directory, 'state'), ...nodes.split(' ')] }));
    const controllers = ['one', 'other'].map((name): Role => ({ name: `controller ${name}`, program: 'elected-controller', args: [api.kubeconfigPath, String(silenceMs)] }));
    const processes = await ChaosProcesses.start(join(directory, 'programs'), hosts, [...agents, ...controllers]);
    const people = new ChaosPeople({ api, random, mostVms: 18, asked: (vm) => events.push({ type: 'asked', vm }) });
    try {
      const beganMs = performance.now();
      const isOver = () => processes.kills >= wantedKills || performance.now() - beganMs > longestMs;
      const until = async (share: number) => {
        while (processes.kills < wantedKills * share && !isOver()) {
          const role = random() < 0.25 ? controllers[Math.floor(random() * 2)]! : agents[Math.floor(random() * 3)]!;
          await sleep(80 + 220 * random());
          processes.kill(role);
          if (random() < 0.3) await people.act();
        }
      };
      await until(0.2);

      // A leader that is frozen past its lease, and goes on where it was while another leads.
      const leader = await objects.get<{ spec: { holderIdentity: string } }>(`${paths.leases}/rtvm-controller`);
      const frozen = controllers.find((role) => String(processes.pidOf(role)) === leader?.spec.holderIdentity) ?? controllers[0]!;
      processes.signal(frozen, 'SIGSTOP');
      for (let i = 0; i < 8; i += 1) {
        await people.act();
        await sleep(400);
      }
      processes.signal(frozen, 'SIGCONT');
      await until(0.4);

      await api.restart('SIGKILL');
      await until(0.5);
      const saved = await api.saveData();
      const before = await people.vms();
      await until(0.7);
      await api.rollBack(saved);
      events.push({ type: 'rolledBack' });
      // What the older state asks for, it may have: a VM that was halted then is halted again.
      for (const { metadata, spec } of before) {
        if (spec['runStrategy'] === 'Halted' || metadata.deletionTimestamp !== undefined) events.push({ type: 'asked', vm: metadata.uid });
      }
      await until(1);
      const killed = processes.kills;
      const tookMs = performance.now() - beganMs;

      await expect.poll(async () => people.apply(), { timeout: 60_000 }).toBe(true);
      // A person ends what has no VM any more since the data went back: nothing else may.
      const known = new Set((await people.vms()).map(({ metadata }) => metadata.uid));
      for (const host of hosts.values()) {
        for (const { uuid } of host.domains) {
          if (known.has(uuid)) continue;
          events.push({ type: 'asked', vm: uuid });
          host.end(uuid, 'destroyed');
          host.undefine(uuid);
        }
      }
      const wrong = async () => {
        const vms = await people.vms();
        const running = [...hosts].flatMap(([node, host]) => host.running().map(({ uuid }) => ({ node, uuid })));
        const missing = [...people.wishes].flatMap(([name, { runs }]) => {
          const vm = vms.find(({ metadata }) => metadata.name === name);
          const at = running.filter(({ uuid }) => uuid === vm?.metadata.uid);
          const isRight = vm !== undefined && (runs ? at.length === 1 && kubeCondition(vm, 'Ready')?.status === 'True' && vm.status?.placement?.nodeName === at[0]?.node : at.length === 0 && vm.status?.phase === 'Stopped');
          return isRight ? [] : [`${name} (${runs ? 'to run' : 'halted'}): ${vm?.status?.phase ?? 'no status'}, ${JSON.stringify(kubeCondition(vm, 'Ready'))}, runs on ${at.map(({ node }) => node).join(' and ')}`];
        });
        const surplus = vms.filter(({ metadata }) => !people.wishes.has(metadata.name)).map(({ metadata }) => `${metadata.name} is still there`);
        return [...missing, ...surplus, ...running.filter(({ uuid }) => !vms.some(({ metadata }) => metadata.uid === uuid)).map(({ uuid, node }) => `a domain of no VM, ${uuid}, runs on ${node}`)];
      };
      let left = await wrong();
      for (const deadline = Date.now() + 120_000; left.length > 0 && Date.now() < deadline; left = await wrong()) await sleep(500);
      following.abort();
      await log;
      const tables = events.filter(({ type }) => type === 'table').length;
      const domains = events.filter(({ type }) => type === 'domain').length;
      console.log(`chaos (seed ${seed}): ${killed} kills in ${Math.round(tookMs / 1000)} s, ${tables} revisions of tables, ${domains} starts and ends of domains, ${people.wishes.size} VMs in the end`);
      expect({ left, breaches: breachesIn(events), said: left.length > 0 ? processes.said.slice(-30) : [] }).toEqual({ left: [], breaches: [], said: [] });
      expect(killed).toBeGreaterThanOrEqual(Math.min(wantedKills, 100));
    } finally {
      following.abort();
      await processes[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
