// `rtvm run` and `rtvm delete`, killed with SIGKILL at random moments and started again: nothing is doubled, lost or restarted.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectDone } from './support/done.ts';
import { expectInvariants } from './support/invariants.ts';
import { identityOf, qemusOf } from './support/live-process.ts';
import { startLocalHost } from './support/local-host.ts';
import type { LocalHost } from './support/local-host.ts';
import { deaf, manifest, mixed, romImage, shared, vm } from './support/manifests.ts';
import { deafRom } from './support/roms.ts';
import { storedVm } from './support/stored.ts';
import { hasKvm } from './support/well-running.ts';

/** Another seed is another history; the moments also depend on how fast the machine is. */
const seed = 20_260_731;
const dedicated = [1];

let host: LocalHost;
beforeAll(async () => void (host = await startLocalHost({ roms: { deaf: deafRom } })));
afterAll(() => host[Symbol.asyncDispose]());

describe.each<{ readonly what: string; readonly specs: Readonly<Record<string, object>>; readonly lives: number; readonly killedRuns: number; readonly killedDeletes: number }>([
  { what: 'a Mixed realtime VM', specs: { lone: mixed }, lives: 6, killedRuns: 3, killedDeletes: 1 },
  { what: 'two Shared VMs and a Mixed one', specs: { left: shared, right: shared, realtime: mixed }, lives: 2, killedRuns: 3, killedDeletes: 2 },
])('$what', ({ specs, lives, killedRuns, killedDeletes }) => {
  const names = Object.keys(specs);
  const random = randomOf(seed);
  /** The longest that each command took when it was let be: a kill comes at any moment of that. */
  const tookMs = { run: 1200, delete: 1200 };
  /** Where a VM's QEMU was seen running, that very process. */
  const seen = new Map<string, string>();
  const uids = new Map<string, string>();
  let runArgs: readonly string[];

  beforeAll(() => {
    const file = host.write('killed.yaml', manifest(romImage('deaf'), ...Object.entries(specs).map(([name, spec]) => vm(name, { ...spec, ...deaf }))));
    runArgs = ['run', '--detach', '-f', host.nodeFile, '-f', file];
  });

  it.each(Array.from({ length: lives }, (_, life) => ({ life: life + 1 })))(`outlives kills of rtvm: life $life of ${lives}`, async () => {
    seen.clear();
    uids.clear();
    for (let round = 0; round < killedRuns; round++) {
      await killed('run', runArgs);
      expectSameAsSeen();
    }
    expectDone(await timed('run', runArgs));
    expect(names.filter((name) => qemusOf(host.libvirtd, name).length !== 1)).toEqual([]);
    expectSameAsSeen();
    // What is emulated is never verified.
    if (hasKvm) expectDone(await host.rtvm(['verify']));

    for (let round = 0; round < killedDeletes; round++) await killed('delete', ['delete', ...stored()]);
    // A delete that was killed may have been through with some of them.
    const left = stored();
    if (left.length > 0) expectDone(await timed('delete', ['delete', ...left]));
    await host.nothingIsLeft();
  });

  function stored(): readonly string[] {
    return names.filter((name) => storedVm(host.stateDir, name) !== undefined);
  }

  async function timed(command: 'run' | 'delete', args: readonly string[]) {
    const since = performance.now();
    const result = await host.rtvm(args);
    tookMs[command] = Math.max(tookMs[command], performance.now() - since);
    expectInvariants(host, names, dedicated);
    return result;
  }

  async function killed(command: 'run' | 'delete', args: readonly string[]): Promise<void> {
    const { process: child, ended } = host.start(args);
    await Promise.race([sleep(random() * tookMs[command]), once(child, 'exit')]);
    const running = names.flatMap((name) => qemusOf(host.libvirtd, name).map((pid) => ({ name, identity: identityOf(pid) })));
    child.kill('SIGKILL');
    await ended;
    if (command === 'run') for (const { name, identity } of running) if (identity !== undefined) seen.set(name, identity);
    expectInvariants(host, names, dedicated);
  }

  /** A QEMU that ran at the moment of a kill is the same process since, and a VM that was taken up keeps its UID. */
  function expectSameAsSeen(): void {
    expect(Object.fromEntries([...seen.keys()].map((name) => [name, qemusOf(host.libvirtd, name).map(identityOf)]))).toEqual(
      Object.fromEntries([...seen].map(([name, identity]) => [name, [identity]])),
    );
    for (const name of names) {
      const uid = storedVm(host.stateDir, name)?.metadata.uid;
      if (uid === undefined) expect(uids.has(name)).toBe(false);
      else {
        expect(uid).toBe(uids.get(name) ?? uid);
        uids.set(name, uid);
      }
    }
  }
});

/** Mulberry32: numbers in [0, 1), the same for the same seed. */
function randomOf(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let hash = Math.imul(state ^ (state >>> 15), state | 1);
    hash = (hash + Math.imul(hash ^ (hash >>> 7), hash | 61)) ^ hash;
    return ((hash ^ (hash >>> 14)) >>> 0) / 2 ** 32;
  };
}
