/**
 * What one audit reading costs, since the agent shares its host with realtime guests: synchronous reads of procfs, against the
 * same files read through Node's thread pool.
 *
 *     node bench/proc-read.ts [PID]      (default: this process)
 *
 * Needs no root for one's own processes. Figures are of the machine at hand; the ratio is what matters.
 */
import { readFile, readdir } from 'node:fs/promises';
import { findKernelThreads } from '../src/node-agent/host/kernel-threads.ts';
import { readProcess } from '../src/node-agent/host/process.ts';
import { thisHost } from '../src/node-agent/host/host-root.ts';

const rounds = 500;
const pid = Number(process.argv[2] ?? process.pid);

const threads = readProcess(thisHost, pid)?.threads.length;
if (threads === undefined) throw new Error(`no process ${pid}`);

const synchronous = await microseconds(() => {
  readProcess(thisHost, pid);
});
const pooled = await microseconds(async () => {
  for (const tid of await readdir(`/proc/${pid}/task`)) {
    for (const file of ['stat', 'status', 'schedstat']) await readFile(`/proc/${pid}/task/${tid}/${file}`, 'latin1');
  }
});
const kernelThreads = await microseconds(() => {
  findKernelThreads(thisHost, pid);
});

console.log(`process ${pid}, ${threads} threads, median of ${rounds} readings`);
console.log(`one reading          ${synchronous.toFixed(0)} µs, ${(synchronous / threads).toFixed(1)} µs a thread`);
console.log(`by the thread pool   ${pooled.toFixed(0)} µs (the files alone, unparsed), ×${(pooled / synchronous).toFixed(1)}`);
console.log(`kernel threads       ${kernelThreads.toFixed(0)} µs, once a domain start`);

/** The median of all rounds, the first tenth of which only warms up. */
async function microseconds(work: () => void | Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds * 1.1; round += 1) {
    const start = performance.now();
    await work();
    times.push((performance.now() - start) * 1000);
  }
  return times.slice(-rounds).sort((a, b) => a - b)[rounds / 2]!;
}
