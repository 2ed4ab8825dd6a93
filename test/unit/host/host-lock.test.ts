import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { takeHostLock } from '../../../src/node-agent/host/host-lock.ts';
import { thisHost } from '../../../src/node-agent/host/host-root.ts';

const module = join(import.meta.dirname, '../../../src/node-agent/host');
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'rtvm-lock-'));
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

/** Another process that holds the lock until it is killed. */
async function holder(path: string): Promise<ChildProcessByStdio<null, Readable, null>> {
  const program = `
    import { takeHostLock } from '${module}/host-lock.ts';
    import { thisHost } from '${module}/host-root.ts';
    takeHostLock(thisHost, process.argv[1]);
    globalThis.gc(); // a lock that no variable holds stays
    console.log('held');
    setInterval(() => {}, 1 << 30);
  `;
  const child = spawn(process.execPath, ['--expose-gc', '--input-type=module-typescript', '-e', program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(([code]) => { throw new Error(`the holder ended with ${String(code)}`); })]);
  return child;
}

test('one process has it, the other is told which', async () => {
  const path = join(directory, 'made/on/the/way/agent.lock');
  const child = await holder(path);
  try {
    expect(() => takeHostLock(thisHost, path)).toThrow(expect.objectContaining({
      code: 'LOCK_HELD',
      message: expect.stringMatching(new RegExp(`^process ${child.pid} \\(.*${path} ?\\) works on this host already and holds ${path}: only one`, 's')) as unknown,
    }));
  } finally {
    child.kill();
  }
});

test('kill -9 leaves nothing stale', async () => {
  const path = join(directory, 'killed.lock');
  for (let round = 0; round < 3; round += 1) {
    const child = await holder(path);
    child.kill('SIGKILL');
    await once(child, 'exit');
    using lock = takeHostLock(thisHost, path);
    expect(lock.path).toBe(path);
  }
});

test('given back, it can be taken again; twice in one process it cannot', () => {
  const path = join(directory, 'again.lock');
  const first = takeHostLock(thisHost, path);
  expect(() => takeHostLock(thisHost, path)).toThrow(expect.objectContaining({ code: 'LOCK_HELD', message: expect.stringContaining(`process ${process.pid} (`) as unknown }));
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  using second = takeHostLock(thisHost, path);
  expect(second.path).toBe(path);
});

test('where no lock can be made, it says so', () => {
  const file = join(directory, 'file');
  writeFileSync(file, '');
  expect(() => takeHostLock(thisHost, join(file, 'agent.lock'))).toThrow(expect.objectContaining({ code: 'LOCK_FAILED', message: expect.stringContaining(join(file, 'agent.lock')) as unknown }));
});
