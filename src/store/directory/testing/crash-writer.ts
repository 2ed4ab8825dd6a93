/**
 * A process that writes to a store until it is killed: `crash-writer.ts DIRECTORY SEED`, begun by a line on its standard input.
 * Before each write it prints what the write makes true, after it an empty line.
 */
import { writeSync } from 'node:fs';
import { once } from 'node:events';
import type { Stored } from '../../resource.ts';
import { DirectoryStore } from '../directory-store.ts';
import { numbers } from './numbers.ts';
import { node, vmYaml } from './samples.ts';

/** The mark that the last write left on an object, or null where there is none. */
export type Mark = { readonly written: number; readonly reported: number } | null;
/** By kind and name: what a write makes true, all of it or nothing. */
export type Claim = Readonly<Record<string, Mark>>;

export const nodeNames = ['node-a', 'node-b'];
export const vmNames = ['vm-a', 'vm-b', 'vm-c'];
const label = 'rtvm.dev/mark';

export async function readMarks(store: DirectoryStore): Promise<Record<string, Mark>> {
  const marks: Record<string, Mark> = {};
  for (const name of nodeNames) marks[`RealtimeNode/${name}`] = markOf(await store.get('RealtimeNode', { name }));
  for (const name of vmNames) marks[`RealtimeVM/${name}`] = markOf(await store.get('RealtimeVM', { namespace: 'default', name }));
  return marks;
}

function markOf(object: Stored<'RealtimeNode' | 'RealtimeVM'> | undefined): Mark {
  if (object === undefined) return null;
  const reported = object.kind === 'RealtimeNode' ? object.status?.latency?.maxMicroseconds : undefined;
  return { written: Number(object.metadata.labels?.[label]), reported: reported ?? 0 };
}

function markedVm(name: string, mark: number): string {
  return vmYaml(name, 1 + (mark % 8)).replace(`{name: ${name}}`, `{name: ${name}, labels: {"${label}": "${mark}"}}`);
}

async function writeForEver(directory: string, seed: number): Promise<never> {
  const store = await DirectoryStore.open({ directory });
  const marks = await readMarks(store);
  const next = numbers(seed);
  const pick = (names: readonly string[]) => names[next() % names.length]!;
  for (let mark = seed * 10_000 + 1; ; mark += 1) {
    const [claim, write] = choose(mark);
    writeSync(1, `${JSON.stringify(claim)}\n`);
    await write();
    Object.assign(marks, claim);
    writeSync(1, '\n');
  }

  function choose(mark: number): readonly [Claim, () => Promise<unknown>] {
    const name = pick(nodeNames);
    const key = `RealtimeNode/${name}`;
    const current = marks[key] ?? null;
    const change = async (edit: (object: Stored<'RealtimeNode'>) => Promise<unknown>) => edit((await store.get('RealtimeNode', { name }))!);
    const marked = (object: Stored<'RealtimeNode'>) => ({ ...object, metadata: { ...object.metadata, labels: { [label]: String(mark) } }, spec: { ...object.spec, maxPriority: 1 + (mark % 99) } });
    switch (next() % 6) {
      case 0:
      case 1: {
        const names = vmNames.filter(() => next() % 2 === 0);
        return [Object.fromEntries(names.map((vm) => [`RealtimeVM/${vm}`, { written: mark, reported: 0 }])), () => store.applyManifests([{ file: 'vms.yaml', text: names.map((vm) => markedVm(vm, mark)).join('---\n') }])];
      }
      case 2: {
        const vm = pick(vmNames);
        return [{ [`RealtimeVM/${vm}`]: null }, async () => { if (marks[`RealtimeVM/${vm}`] !== null) await store.delete('RealtimeVM', { namespace: 'default', name: vm }); }];
      }
      case 3:
        if (current === null) return [{ [key]: { written: mark, reported: 0 } }, () => store.create({ ...node(name), metadata: { name, labels: { [label]: String(mark) } } })];
        return [{ [key]: { ...current, written: mark } }, () => change((object) => store.update(marked(object)))];
      case 4:
        if (current === null || next() % 4 === 0) return [{ [key]: null }, async () => { if (current !== null) await store.delete('RealtimeNode', { name }); }];
        return [{ [key]: { ...current, reported: mark } }, () => change((object) => store.updateStatus({ ...object, status: { latency: { maxMicroseconds: mark } } }))];
      default:
        if (current === null) return [{}, () => Promise.resolve()];
        return [{}, () => change(({ metadata }) => store.recordEvent({ about: { kind: 'RealtimeNode', name, uid: metadata.uid }, type: 'Normal', reason: 'Marked', message: String(mark) }))];
    }
  }
}

if (process.argv[1] === import.meta.filename) {
  const [directory, seed] = process.argv.slice(2) as [string, string];
  await once(process.stdin, 'data');
  await writeForEver(directory, Number(seed));
}
