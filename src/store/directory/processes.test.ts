import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import type { StoredMetadata } from '../resource.ts';
import { DirectoryStore } from './directory-store.ts';
import { readMarks } from './testing/crash-writer.ts';
import type { Claim, Mark } from './testing/crash-writer.ts';
import { numbers } from './testing/numbers.ts';
import { node } from './testing/samples.ts';
import { openStore, temporaryDirectory } from './testing/temporary.ts';

const script = (name: string) => path.join(import.meta.dirname, 'testing', name);

test('two processes that count 200 times each by compare-and-swap count to 400', async () => {
  const { directory, store } = await openStore();
  const created = await store.create(node('counter'));
  const run = promisify(execFile);
  await Promise.all([0, 1].map(() => run(process.execPath, [script('increment.ts'), directory, '200'])));
  expect(await store.get('RealtimeNode', { name: 'counter' })).toStrictEqual({
    ...created,
    metadata: { ...created.metadata, resourceVersion: '401' },
    status: { latency: { maxMicroseconds: 400 } },
  });
});

test('a process that holds the lock when it is killed leaves it free', async () => {
  const { directory, store } = await openStore();
  const holder = spawn(process.execPath, ['--input-type=module-typescript', '--eval', `
    import { DirectoryLock } from ${JSON.stringify(path.join(import.meta.dirname, 'directory-lock.ts'))};
    import { machineRuntime } from ${JSON.stringify(path.join(import.meta.dirname, '../../runtime/runtime.ts'))};
    await new DirectoryLock(${JSON.stringify(path.join(directory, 'state', 'lock'))}, machineRuntime).hold(() => { console.log('held'); return new Promise((resolve) => setTimeout(resolve, 60_000)); });`],
  { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => { holder.kill('SIGKILL'); });
  await once(holder.stdout, 'data');
  const waiting = store.create(node('host-a'));
  await expect(Promise.race([waiting, sleep(200, 'still waiting')])).resolves.toBe('still waiting');
  await expect(store.create(node('host-b'), AbortSignal.timeout(50))).rejects.toThrow(expect.objectContaining({ name: 'TimeoutError' }));
  holder.kill('SIGKILL');
  expect((await waiting).metadata.resourceVersion).toBe('1');
});

const kills = 100;

test(`after each of ${kills} kills at random moments, every acknowledged write is there, whole`, { timeout: 300_000 }, async () => {
  const directory = await temporaryDirectory();
  const next = numbers(20260131);
  let marks: Claim = {};
  let identities: ReadonlyMap<string, StoredMetadata> = new Map();
  let acknowledged = 0;
  let interrupted = 0;
  // What Node compiles it keeps when it ends, which a killed process does not: this one ends, and the others start in half the time.
  const compiled = await temporaryDirectory();
  await promisify(execFile)(process.execPath, ['--eval', `import(${JSON.stringify(script('crash-writer.ts'))})`], { env: { ...process.env, NODE_COMPILE_CACHE: compiled } });
  let writer = startWriter(directory, 1, compiled);
  for (let seed = 1; seed <= kills; seed += 1) {
    // The next one loads while this one writes.
    const following = seed < kills ? startWriter(directory, seed + 1, compiled) : undefined;
    const { claims, pending } = await killAfter(writer, 1 + (next() % 60));
    acknowledged += claims.length;
    if (pending !== undefined) interrupted += 1;

    const store = await DirectoryStore.open({ directory });
    const before = Object.assign({}, marks, ...claims) as Claim;
    const found = await readMarks(store);
    const possible = [before, ...(pending === undefined ? [] : [{ ...before, ...pending }])].map((claim) => withAbsent(claim, found));
    expect(possible, `kill ${seed}`).toContainEqual(found);
    expect(await store.diagnostics()).toStrictEqual([]);
    identities = await sameIdentities(store, identities, new Set([...claims, pending ?? {}].flatMap((claim) => Object.entries(claim).flatMap(([key, mark]) => (mark === null ? [key] : [])))));
    const vms = (await store.list('RealtimeVM')).map(({ metadata }) => `RealtimeVM_default_${metadata.name}.yaml`);
    expect(await readdir(path.join(directory, 'manifests'))).toStrictEqual(vms);
    expect((await readdir(path.join(directory, 'state'))).sort()).toStrictEqual(['deleted', 'events', 'lock', 'objects', ...(await hasFloor(directory)), 'version']);
    await store.close();
    marks = found;
    if (following !== undefined) writer = following;
  }
  // The kills must have met writes in hand, or nothing was tested.
  expect(acknowledged).toBeGreaterThan(kills);
  expect(interrupted).toBeGreaterThan(kills / 2);
});

function startWriter(directory: string, seed: number, compiled: string): ChildProcess {
  const writer = spawn(process.execPath, [script('crash-writer.ts'), directory, String(seed)], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, NODE_COMPILE_CACHE: compiled } });
  onTestFinished(() => { writer.kill('SIGKILL'); });
  return writer;
}

/** Lets the writer begin, kills it so many milliseconds after its first write began, and reads what it said. */
async function killAfter(writer: ChildProcess, delayMs: number): Promise<{ readonly claims: readonly Claim[]; readonly pending: Claim | undefined }> {
  let said = '';
  writer.stdout!.setEncoding('utf8').on('data', (text: string) => { said += text; });
  const closed = once(writer, 'close');
  const began = once(writer.stdout!, 'data');
  writer.stdin!.write('\n');
  await began;
  await sleep(delayMs);
  writer.kill('SIGKILL');
  await closed;
  const claims: Claim[] = [];
  let pending: Claim | undefined;
  for (const line of said.split('\n').slice(0, -1)) {
    if (line !== '') pending = JSON.parse(line) as Claim;
    else if (pending !== undefined) {
      claims.push(pending);
      pending = undefined;
    }
  }
  return { claims, pending };
}

/** The claim with null for what it does not speak of. */
function withAbsent(claim: Claim, found: Readonly<Record<string, Mark>>): Claim {
  return { ...Object.fromEntries(Object.keys(found).map((key) => [key, null])), ...claim };
}

/** Checks that an object is the same as before unless it was deleted, and that its version and generation never fall. */
async function sameIdentities(store: DirectoryStore, before: ReadonlyMap<string, StoredMetadata>, deleted: ReadonlySet<string>): Promise<ReadonlyMap<string, StoredMetadata>> {
  const now = new Map<string, StoredMetadata>();
  for (const { kind, metadata } of [...await store.list('RealtimeNode'), ...await store.list('RealtimeVM')]) {
    const key = `${kind}/${metadata.name}`;
    now.set(key, metadata);
    const earlier = before.get(key);
    if (earlier === undefined) continue;
    expect(BigInt(metadata.resourceVersion)).toBeGreaterThanOrEqual(BigInt(earlier.resourceVersion));
    if (deleted.has(key)) continue;
    expect(metadata.uid).toBe(earlier.uid);
    expect(metadata.generation).toBeGreaterThanOrEqual(earlier.generation);
  }
  return now;
}

async function hasFloor(directory: string): Promise<readonly string[]> {
  return (await readdir(path.join(directory, 'state'))).filter((name) => name === 'revision-floor');
}
