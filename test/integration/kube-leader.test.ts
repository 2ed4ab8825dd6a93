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

  /** Terms in the order in which the server took their writes; a term comes twice where another wrote in between. */
  const termsByWrites = async (): Promise<readonly string[]> => {
    const writes: readonly Lease[] = await kubeStore(api).store.listForeign('Lease', { namespace: 'default', labelSelector: 'written=true' });
    const terms = writes
      .toSorted((one, other) => Number(BigInt(one.metadata.resourceVersion) - BigInt(other.metadata.resourceVersion)))
      .map(({ metadata }) => metadata.labels!['term']!);
    return terms.filter((term, index) => term !== terms[index - 1]);
  };

  test('a leader that was frozen past its lease writes nothing when it is thawed', { timeout: 170_000 }, async () => {
    const [a, b] = [start('a'), start('b')];
    let leader = await until('one leads', () => [a, b].find(({ told }) => told.some((line) => line.startsWith('leading'))));
    for (let round = 0; round < 4; round += 1) {
      const other = leader === a ? b : a;
      const before = other.writes();
      await leads(leader, leader.writes());
      // At another moment of its work each time.
      await sleep(round * 3);
      leader.process.kill('SIGSTOP');
      await leads(other, before);
      const stopped = leader;
      const toldBefore = stopped.told.length;
      stopped.process.kill('SIGCONT');
      await until(`${stopped.name} knows that it leads no more`, () => stopped.told.slice(toldBefore).some((line) => line.startsWith('lost: this process does not lead any more')));
      leader = other;
    }
    const terms = await termsByWrites();
    expect(terms).toHaveLength(5);
    expect(new Set(terms).size).toBe(terms.length);
    expect([...a.told, ...b.told].filter((line) => line.startsWith('refused')).length).toBeGreaterThan(0);
    // With a lease of 3 s, a leader that ends gracefully is followed much sooner than one that is missed.
    const other = leader === a ? b : a;
    const before = other.writes();
    const endedAtMs = Date.now();
    leader.process.kill('SIGTERM');
    await once(leader.process, 'exit');
    expect([leader.process.exitCode, leader.process.signalCode]).toStrictEqual([0, null]);
    await leads(other, before);
    expect(Date.now() - endedAtMs).toBeLessThan(2_000);
  });

  test('a leader that cannot reach the server stops writing, and leads again when it can', { timeout: 120_000 }, async () => {
    const only = start('c', 'listens');
    await leads(only, 0);
    api.freeze();
    onTestFinished(() => api.thaw());
    await until('it knows', () => only.told.some((line) => line.includes('was not renewed within 2 s')));
    const written = only.writes();
    await sleep(1_000);
    expect(only.writes()).toBe(written);
    api.thaw();
    await leads(only, written);
  });
});
