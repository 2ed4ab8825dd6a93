// Hundreds of SIGKILLs, at random moments of a cluster's life: controllers and agents are killed, leaders are frozen past their
// lease and thawed, clocks jump, requests are refused, answers and watches lost, the API server is killed, and its data is put
// back. All the while people do what they want with their VMs, and somebody deletes tables and wipes statuses. Hosts live on, as
// hosts do. What etcd has stored and the hosts have recorded is then replayed by a checker of its own.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { recordedHost, unpackHost } from '../fixtures/hosts/host-fixture.ts';
import { MemoryHost } from '../hollow/memory-hypervisor.ts';
import { describeWithKubeApi } from '../testbed/describe-with-kube-api.ts';
import { installCrds } from '../testbed/install-crds.ts';
import { startKubeApi } from '../testbed/kube-api.ts';
import { createNode } from '../testbed/kube-node.ts';
import { breachesIn } from './support/chaos-checker.ts';
import type { ChaosEvent } from './support/chaos-events.ts';
import { capacity, dedicatedCpus, deviceClass, lacks, nodeSpec } from './support/chaos-guests.ts';
import { leftovers } from './support/chaos-leftovers.ts';
import { ChaosPeople } from './support/chaos-people.ts';
import { ChaosProcesses } from './support/chaos-processes.ts';
import type { KillMoment, Role } from './support/chaos-processes.ts';
import { ChaosProxy, fair, storm } from './support/chaos-proxy.ts';
import { storyOf } from './support/chaos-story.ts';
import { ClusterLog } from './support/cluster-log.ts';
import { claimsOf } from './support/domain-claims.ts';
import { KubeObjects, kubeCondition, paths } from './support/kube-objects.ts';

const seed = Number(process.env['CHAOS_SEED'] ?? 20_261);
const wantedKills = Number(process.env['CHAOS_KILLS'] ?? 250);
/** How often the data is put back to an older state. */
const rollbacks = Number(process.env['CHAOS_ROLLBACKS'] ?? 1);
/** Whatever the machine: then it is over, and how many kills there were is said. An idle one of two CPUs needs some 0.6 s for each. */
const longestMs = 700 * wantedKills;
const nodeNames = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6'];
/** Longer than an agent takes to be killed a few times in a row; far shorter than in production. */
const silenceMs = 15_000;
const dayMs = 86_400_000;

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

/** As a host has recorded it. */
function restartedAtIn(xml: string): string | undefined {
  return /&quot;restartedAt&quot;:&quot;([^&]+)&quot;/.exec(xml)?.[1];
}

interface LeaderLease {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
}

async function acceptRestore(objects: KubeObjects): Promise<void> {
  const path = `${paths.leases}/rtvm-controller`;
  const { 'rtvm.dev/restore': open, 'rtvm.dev/restore-accepted': accepted } = (await objects.get<LeaderLease>(path))?.metadata.annotations ?? {};
  if (open === undefined) return;
  const { id } = JSON.parse(open) as { readonly id: string };
  const word = JSON.stringify({ id, off: [] });
  if (accepted !== word) await objects.patch(path, { metadata: { annotations: { 'rtvm.dev/restore-accepted': word } } });
}

describeWithKubeApi('a cluster in which everything is killed', () => {
  test(`keeps its rules over up to ${wantedKills} kills, and runs what it should in the end (seed ${seed})`, { timeout: longestMs + 300_000 }, async () => {
    const random = randomFrom(seed);
    const events: ChaosEvent[] = [];
    const times: number[] = [];
    const note = (event: ChaosEvent) => {
      events.push(event);
      times.push(Math.round(performance.now()));
    };
    await using api = await startKubeApi();
    await installCrds(api);
    const objects = new KubeObjects(api);
    using machine = unpackHost(recordedHost('realtime-two-sockets'));
    const directory = mkdtempSync(join(tmpdir(), 'rtvm-chaos-'));
    const hosts = new Map(nodeNames.map((node) => [node, new MemoryHost({
      lacks,
      record: ({ what, vmUid: vm = '?', xml, why = '' }) => {
        if (what === 'started') note({ type: what, node, vm, claims: claimsOf(xml, dedicatedCpus), restartedAt: restartedAtIn(xml) });
        else note(what === 'ended' ? { type: what, node, vm } : { type: what, node, vm, why });
      },
    })]));
    for (const name of nodeNames) {
      await createNode(api, name, { taints: [] });
      await objects.create(paths.nodes, { apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeNode', metadata: { name }, spec: nodeSpec });
    }
    await objects.create(paths.classes, deviceClass);
    const log = new ClusterLog(api.etcdUrl, note);
    await using proxy = new ChaosProxy(api, randomFrom(seed + 1));
    /** Of a process's own, by its own way to the API server. */
    const kubeconfig = async (name: string) => {
      const path = join(directory, `kubeconfig of ${name}`);
      writeFileSync(path, readFileSync(api.kubeconfigPath, 'utf8').replace(api.url, await proxy.address(name)));
      return path;
    };
    const agents = await Promise.all(['n1 n2', 'n3 n4', 'n5 n6'].map(async (nodes): Promise<Role> => ({ name: `agents of ${nodes}`, program: 'linked-agents', args: [await kubeconfig(`agents of ${nodes}`), machine.directory, join(directory, 'state'), ...nodes.split(' ')] })));
    const controllers = await Promise.all(['one', 'other'].map(async (name): Promise<Role> => ({ name: `controller ${name}`, program: 'elected-controller', args: [await kubeconfig(`controller ${name}`), String(silenceMs)] })));
    const clockErrorMs = () => (random() < 0.5 ? 0 : Math.round(2 * dayMs * (random() - 0.5)));
    const processes = await ChaosProcesses.start({ directory: join(directory, 'programs'), hosts, roles: [...agents, ...controllers], proxy, clockErrorMs });
    const people = new ChaosPeople({ api, random: randomFrom(seed + 2), mostVms: 14, nodes: nodeNames });
    const roleAtRandom = () => (random() < 0.3 ? controllers[Math.floor(random() * 2)]! : agents[Math.floor(random() * 3)]!);
    const endByHand = (node: string, uuid: string, how: 'destroyed' | 'crashed') => {
      note({ type: 'byHand', node, vm: uuid });
      hosts.get(node)!.end(uuid, how);
    };
    let peopleAct = true;
    const acting = (async () => {
      while (peopleAct) {
        await people.act();
        await sleep(150 * random());
      }
    })();
    // After the data went back, a person looks at what there is, and accepts it.
    let isAccepting = true;
    const accepting = (async () => {
      while (isAccepting) {
        await sleep(1000);
        await acceptRestore(objects).catch(() => undefined);
      }
    })();
    try {
      const beganMs = performance.now();
      const shareDone = () => Math.max(processes.kills.all / wantedKills, (performance.now() - beganMs) / longestMs);
      const until = async (share: number) => {
        while (shareDone() < share) {
          const roles = random() < 0.3 ? controllers : agents;
          const moments: readonly KillMoment[] = roles === controllers ? ['now', 'write', 'written'] : ['now', 'write', 'written', 'act', 'acted'];
          await sleep(50 + 150 * random());
          await processes.killFirst(roles, moments[Math.floor(random() * moments.length)]!, Math.floor(3 * random()));
          if (random() < 0.1) processes.setClock(roleAtRandom(), clockErrorMs());
          if (random() < 0.03) {
            const node = nodeNames[Math.floor(random() * nodeNames.length)]!;
            const guest = hosts.get(node)!.running()[0];
            if (guest !== undefined) endByHand(node, guest.uuid, 'crashed');
          }
        }
      };
      /** The leader, and some agents, go on where they were while others have gone on. */
      const freezeSome = async () => {
        const leader = await objects.get<{ spec: { holderIdentity: string } }>(`${paths.leases}/rtvm-controller`);
        const frozen = controllers.find((role) => String(processes.pidOf(role)) === leader?.spec.holderIdentity) ?? controllers[0]!;
        const both = [frozen, agents[Math.floor(random() * 3)]!];
        for (const role of both) processes.signal(role, 'SIGSTOP');
        await sleep(3000);
        for (const role of both) processes.signal(role, 'SIGCONT');
      };
      await until(0.15);
      await freezeSome();
      await until(0.25);
      proxy.weather = storm;
      await until(0.35);
      proxy.weather = fair;
      await api.restart('SIGKILL');
      for (let round = 0; round < rollbacks; round += 1) {
        const share = (part: number) => 0.35 + (0.55 * (round + part)) / rollbacks;
        await until(share(0.2));
        const saved = await api.saveData();
        await until(share(0.5));
        await freezeSome();
        await until(share(0.7));
        await api.stopServer('SIGKILL');
        await log.caughtUp();
        await api.rollBack(saved, () => log.wentBack());
        rmSync(saved, { recursive: true });
      }
      await until(0.9);
      await freezeSome();
      await until(1);
      const tookMs = performance.now() - beganMs;
      peopleAct = false;
      await acting;

      await expect.poll(async () => people.apply(), { timeout: 60_000 }).toBe(true);
      // A person ends what has no VM any more since the data went back: nothing else may.
      const known = new Set((await people.vms()).map(({ metadata }) => metadata.uid));
      for (const [node, host] of hosts) {
        for (const { uuid } of host.domains) {
          if (known.has(uuid)) continue;
          endByHand(node, uuid, 'destroyed');
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
        return [...missing, ...surplus, ...leftovers(join(directory, 'state'), nodeNames, vms, events), ...running.filter(({ uuid }) => !vms.some(({ metadata }) => metadata.uid === uuid)).map(({ uuid, node }) => `a domain of no VM, ${uuid}, runs on ${node}`)];
      };
      let left = await wrong();
      const leftAtFirst = left;
      for (const deadline = Date.now() + 120_000; left.length > 0 && Date.now() < deadline; left = await wrong()) await sleep(500);
      await log.stop();
      const count = (...types: readonly ChaosEvent['type'][]) => events.filter(({ type }) => types.includes(type)).length;
      const { kills: { all, midWork }, said } = processes;
      console.log(`chaos (seed ${seed}): ${all} kills in ${Math.round(tookMs / 1000)} s, ${midWork} of them in the middle of a write or of an act on a host; ${JSON.stringify(proxy.counts)}; `
        + `${count('table')} revisions of tables and ${count('vm')} of VMs, ${count('started')} starts, ${count('ended')} ends and ${count('refused')} refusals of domains, ${people.wishes.size} VMs in the end, all as wished after ${Math.round((performance.now() - beganMs - tookMs) / 1000)} s`);
      const breaches = breachesIn(events, capacity);
      const logPath = process.env['CHAOS_LOG'];
      if (logPath !== undefined) writeFileSync(logPath, [...events.map((event, i) => ({ atMs: times[i], ...event })), ...leftAtFirst, ...said].map((line) => `${JSON.stringify(line, (_, value: unknown) => (value instanceof Map ? [...value] : value))}\n`).join(''));
      expect({ breaches, left, story: storyOf(breaches, events, times), said: left.length > 0 ? said.slice(-30) : [] }).toEqual({ breaches: [], left: [], story: [], said: [] });
      expect(all).toBeGreaterThanOrEqual(Math.min(wantedKills, 25));
    } finally {
      [peopleAct, isAccepting] = [false, false];
      await Promise.all([acting, accepting]);
      await log.stop();
      await processes[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
