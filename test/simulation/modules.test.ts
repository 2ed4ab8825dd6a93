// What is simulated is the product: the modules that the simulation loads are those that `rtvm controller`, `rtvm agent`
// and `rtvm run` load, and nothing under src/ is replaced.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** Modules of src/ that a module loads, itself and through others. */
function loadedBy(...modules: readonly string[]): ReadonlySet<string> {
  const script = `
    const { registerHooks } = await import('node:module');
    const loaded = [];
    registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
    for (const path of ${JSON.stringify(modules.map((module) => join(root, module)))}) await import(path);
    console.log(JSON.stringify(loaded));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });
  const prefix = `file://${root}/src/`;
  return new Set((JSON.parse(output) as string[]).filter((url) => url.startsWith(prefix)).map((url) => url.slice(prefix.length)));
}

const simulated = loadedBy('test/simulation/history.ts');
const shipped = loadedBy(
  'src/cli/controller/run-controller.ts', 'src/cli/agent/run-agent.ts', 'src/cli/run/local-node.ts',
);
const ofRoom = (room: string) => [...shipped].filter((path) => path.startsWith(`${room}/`));

test.each(['controller', 'protocol', 'realtime'])('all of %s that is shipped is simulated', (room) => {
  expect(ofRoom(room).length).toBeGreaterThan(10);
  expect(ofRoom(room).filter((path) => !simulated.has(path))).toEqual([]);
});

test('and so is all of the agent, but for its edges: files, libvirt and threads of a real machine', () => {
  const edges = loadedBy(
    'src/node-agent/files-on-disk.ts', 'src/node-agent/libvirt-hypervisor.ts', 'src/node-agent/host/host-lock.ts',
  );
  expect(ofRoom('node-agent').length).toBeGreaterThan(50);
  expect(ofRoom('node-agent').filter((path) => !simulated.has(path) && !edges.has(path))).toEqual([]);
});

test('elections and Leases are the real ones', () => {
  expect([...simulated]).toEqual(expect.arrayContaining([
    'store/kubernetes/leader-election.ts', 'store/kubernetes/node-lease.ts', 'cli/run/forget-verdicts.ts',
  ]));
});
