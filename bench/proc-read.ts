/**
 * What one audit reading costs, since the agent shares its host with realtime guests: synchronous reads of procfs, against the
 * same files read through Node's thread pool.
 *
 *     node bench/proc-read.ts [PID]      (default: this process)
 *
 * Needs no root for one's own processes. Figures are of the machine at hand; the ratio is what matters.
 */
import { readFile, readdir } from 'node:fs/promises';
import { findCgroupTree } from '../src/node-agent/host/cgroup-tree.ts';
import { findKernelThreads } from '../src/node-agent/host/kernel-threads.ts';
import { ProcessReader } from '../src/node-agent/host/process-reader.ts';
import { readProcess } from '../src/node-agent/host/process.ts';
import { scanThreads } from '../src/node-agent/host/thread-scan.ts';
import { machineClock } from '../src/runtime/clock.ts';
import { thisHost } from '../src/node-agent/host/host-root.ts';

const readings = 500;
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
const tree = findCgroupTree(thisHost);
const withGroups = await microseconds(() => {
  readProcess(thisHost, pid, [], tree);
});
const reader = new ProcessReader(thisHost);
const whole = await microseconds(() => {
  reader.read(pid);
});
const { signal } = new AbortController();
const scan = await microseconds(async () => {
  await scanThreads(thisHost, new Set(), machineClock, signal);
}, 20);
const kernelThreads = await microseconds(() => {
  findKernelThreads(thisHost);
});

console.log(`process ${pid}, ${threads} threads, median of ${readings} readings`);
console.log(`one reading          ${synchronous.toFixed(0)} µs, ${(synchronous / threads).toFixed(1)} µs a thread`);
console.log(`by the thread pool   ${pooled.toFixed(0)} µs (the files alone, unparsed), ×${(pooled / synchronous).toFixed(1)}`);
console.log(`with control groups  ${withGroups.toFixed(0)} µs${tree === undefined ? ', though none can be seen from here' : ''}`);
console.log(`as an audit reads    ${whole.toFixed(0)} µs, with which CPUs are online too`);
console.log(`kernel threads       ${kernelThreads.toFixed(0)} µs, once a domain start and every five minutes`);
console.log(`all of the host      ${scan.toFixed(0)} µs in slices of 8 threads, every five minutes`);

/** The median of all rounds, the first tenth of which only warms up. */
async function microseconds(work: () => void | Promise<void>, rounds = readings): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds * 1.1; round += 1) {
    const start = performance.now();
    await work();
    times.push((performance.now() - start) * 1000);
  }
  return times.slice(-rounds).sort((a, b) => a - b)[rounds / 2]!;
}
