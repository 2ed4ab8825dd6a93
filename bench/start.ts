/**
 * What a process of rtvm costs before it does any work, from the bundle against from the sources: how long it takes to start, and the
 * memory that an idle controller and an idle agent hold, each on a real API server with the CRDs, the agent on a private libvirtd too.
 *
 *   node bench/start.ts [rounds]      needs root; default 11 rounds; exits with 1 when the bundle starts in over 500 ms (median) or an idle
 *                                     process of it holds more than 80 MB
 *
 * Both are run in turn, and compared by medians, since other work shares the machine. Memory is what the kernel counts as resident
 * (VmRSS); what is mapped from files, Node's own binary nearly all of it, is shared by all processes of the host.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { bundle } from '../scripts/bundle/bundle.ts';
import { installCrds } from '../test/testbed/install-crds.ts';
import { kubeApiMissing, startKubeApi } from '../test/testbed/kube-api.ts';
import { startPrivateLibvirtd } from '../test/testbed/libvirtd.ts';

const rounds = Number(process.argv[2] ?? 11);
const [wantedMs, wantedMB] = [500, 80];
/** Long enough for watches to be open, first timers to have run, and what the start left to be given back. */
const idleMs = 20_000;

const repository = join(import.meta.dirname, '..');
const directory = mkdtempSync(join(tmpdir(), 'rtvm-bench-start-'));
let missed = false;

await using bed = new AsyncDisposableStack();
bed.defer(() => rmSync(directory, { recursive: true, force: true }));
const made = await bundle(repository, directory);
/** Each as it is run: the bundle by itself, with `node` from the PATH. */
const programs = { bundle: [made.file], sources: [process.execPath, join(repository, 'src/cli/main.ts')] } as const;
const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH']}` };
console.log(`bundle: ${(made.bytes / 1e6).toFixed(2)} MB, Node ${process.version}`);

const starts: readonly (readonly [string, readonly string[]])[] = [
  ['rtvm --version', ['--version']],
  ['rtvm controller --help', ['controller', '--help']],
  ['rtvm controller, all of it loaded, no cluster there', ['controller', '--kubeconfig', join(directory, 'none')]],
  ['rtvm validate -f examples', ['validate', '-f', join(repository, 'examples')]],
];
const nothing = Array.from({ length: rounds }, () => timeMs([process.execPath, '-e', '0']));
console.log(`node -e 0: ${median(nothing).toFixed(0)} ms`);
for (const [name, args] of starts) {
  const times = { bundle: [] as number[], sources: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    for (const from of ['bundle', 'sources'] as const) times[from].push(timeMs([...programs[from], ...args]));
  }
  const bundled = median(times.bundle);
  console.log(`${name}: bundle ${bundled.toFixed(0)} ms (${Math.min(...times.bundle).toFixed(0)} to ${Math.max(...times.bundle).toFixed(0)}), sources ${median(times.sources).toFixed(0)} ms`);
  missed ||= bundled > wantedMs;
}
console.log(`wanted of the bundle: at most ${wantedMs} ms`);

const lacking = kubeApiMissing();
if (lacking === undefined) {
  const api = await startKubeApi();
  bed.defer(() => api.stop());
  await installCrds(api);
  const libvirtd = bed.use(await startPrivateLibvirtd());
  const cluster = ['--kubeconfig', api.kubeconfigPath, '--lease-namespace', 'default', '--metrics-address', '127.0.0.1:0'];
  const agent = ['--node-name', 'bench', '--libvirt-socket', libvirtd.socketPath, '--state-dir', join(directory, 'state'), '--lock-file', join(directory, 'lock')];
  for (const from of ['bundle', 'sources'] as const) {
    await weigh(`idle controller, ${from}`, [...programs[from], 'controller', ...cluster], 'this controller leads');
    await weigh(`idle agent, ${from}`, [...programs[from], 'agent', ...cluster, ...agent], 'agent started');
  }
  console.log(`wanted of the bundle: at most ${wantedMB} MB resident`);
} else console.log(`memory not measured: ${lacking}`);
if (missed) process.exitCode = 1;

function timeMs([program, ...args]: readonly string[]): number {
  const begin = performance.now();
  try {
    execFileSync(program!, args, { stdio: 'ignore', env });
  } catch {
    // The controller that finds no cluster ends with 1, as it should.
  }
  return performance.now() - begin;
}

/** @param ready - message of the log line after which the process idles. */
async function weigh(name: string, [program, ...args]: readonly string[], ready: string): Promise<void> {
  const begin = performance.now();
  const child = spawn(program!, args, { stdio: ['ignore', 'ignore', 'pipe'], env });
  const ended = once(child, 'exit');
  try {
    const told: string[] = [];
    const lines = createInterface(child.stderr);
    await Promise.race([
      new Promise<void>((resolve) => lines.on('line', (line) => {
        told.push(line);
        if (line.includes(`"${ready}"`)) resolve();
      })),
      ended.then(() => { throw new Error(`${name} ended: ${told.join('\n')}`); }),
    ]);
    const readyMs = performance.now() - begin;
    await sleep(idleMs);
    const status = readFileSync(`/proc/${child.pid!}/status`, 'utf8');
    const megabytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)![1]) * 1024 / 1e6;
    console.log(`${name}: ${megabytes('VmRSS').toFixed(1)} MB resident (${megabytes('RssAnon').toFixed(1)} its own, ${megabytes('RssFile').toFixed(1)} from files), at most ${megabytes('VmHWM').toFixed(1)}; ready after ${readyMs.toFixed(0)} ms`);
    missed ||= name.endsWith('bundle') && megabytes('VmRSS') > wantedMB;
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
