// Leader election between processes on a real API server: one is frozen past its lease and thawed, and never two of them write.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Lease } from '../../src/store/foreign.ts';
import { describeWithKubeApi } from '../testbed/describe-with-kube-api.ts';
import { startKubeApi } from '../testbed/kube-api.ts';
import type { KubeApi } from '../testbed/kube-api.ts';
import { kubeStore } from './support/kube-store.ts';
import { until } from './support/until.ts';

interface Candidate {
  readonly name: string;
  readonly process: ChildProcess;
  readonly told: string[];
  readonly writes: () => number;
}

describeWithKubeApi('leader election', () => {
  let api: KubeApi;
  beforeAll(async () => {
    api = await startKubeApi();
  });
  afterAll(async () => {
    await api.stop();
  });

  const start = (name: string, ...how: readonly string[]): Candidate => {
    const child = spawn(process.execPath, [path.join(import.meta.dirname, 'support', 'leader-process.ts'), api.kubeconfigPath, name, ...how], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => { child.kill('SIGKILL'); });
    const told: string[] = [];
    createInterface(child.stdout).on('line', (line) => told.push(line));
    return { name, process: child, told, writes: () => told.filter((line) => line === 'wrote').length };
  };

  const leads = (candidate: Candidate, after: number) => until(`${candidate.name} leads and writes`, () => candidate.writes() > after + 5);

  /** The one of them that writes now: on a machine that stalls for longer than the lease, it may be another than before. */
  const leaderOf = async (candidates: readonly Candidate[]): Promise<Candidate> => {
    const before = new Map(candidates.map((candidate) => [candidate, candidate.writes()]));
    const leads = (candidate: Candidate) => candidate.writes() > before.get(candidate)! + 5;
    return until('one leads and writes', () => candidates.find(leads));
  };

  /**
   * Terms in the order in which the server took their writes; a term comes twice where another wrote in between. The last
   * write of each is left out: a process that is frozen after it was let write, and before its request has left it, sends
   * that one request when it is thawed. No clock keeps it from that, only what the request says it was decided on.
   */
  const termsByWrites = async (): Promise<readonly string[]> => {
    const writes: readonly Lease[] = await kubeStore(api).store.listForeign('Lease', { namespace: 'default', labelSelector: 'written=true' });
    const all = writes
      .toSorted((one, other) => Number(BigInt(one.metadata.resourceVersion) - BigInt(other.metadata.resourceVersion)))
      .map(({ metadata }) => metadata.labels!['term']!);
    const terms = all.filter((term, index) => all.includes(term, index + 1));
    return terms.filter((term, index) => term !== terms[index - 1]);
  };

  test('a leader that was frozen past its lease writes nothing when it is thawed', { timeout: 170_000 }, async () => {
    const [a, b] = [start('a'), start('b')];
    for (let round = 0; round < 4; round += 1) {
      const stopped = await leaderOf([a, b]);
      const other = stopped === a ? b : a;
      const before = other.writes();
      // At another moment of its work each time.
      await sleep(round * 3);
      stopped.process.kill('SIGSTOP');
      await leads(other, before);
      const toldBefore = stopped.told.length;
      stopped.process.kill('SIGCONT');
      await until(`${stopped.name} knows that it leads no more`, () => stopped.told.slice(toldBefore).some((line) => line.startsWith('lost: this process does not lead any more')));
    }
    const leader = await leaderOf([a, b]);
    const terms = await termsByWrites();
    expect(terms.length).toBeGreaterThanOrEqual(5);
    expect(new Set(terms).size).toBe(terms.length);
    expect([...a.told, ...b.told].filter((line) => line.startsWith('refused')).length).toBeGreaterThan(0);
    // A leader that ends gracefully gives its Lease back, so that nobody waits for it to lapse. The other is stopped, so
    // that it is seen.
    const other = leader === a ? b : a;
    const before = other.writes();
    other.process.kill('SIGSTOP');
    leader.process.kill('SIGTERM');
    await once(leader.process, 'exit');
    expect([leader.process.exitCode, leader.process.signalCode]).toStrictEqual([0, null]);
    const given = await kubeStore(api).store.getForeign('Lease', { namespace: 'default', name: 'leader' });
    expect(given?.spec?.holderIdentity).toBe('');
    other.process.kill('SIGCONT');
    await leads(other, before);
  });

  test('a leader that cannot reach the server stops writing, and leads again when it can', { timeout: 120_000 }, async () => {
    const only = start('c', 'listens');
    await leads(only, 0);
    api.freeze();
    onTestFinished(() => api.thaw());
    await until('it knows', () => only.told.some((line) => line.includes('was not renewed within 3 s')));
    const written = only.writes();
    await sleep(1_000);
    expect(only.writes()).toBe(written);
    api.thaw();
    await leads(only, written);
  });
});
