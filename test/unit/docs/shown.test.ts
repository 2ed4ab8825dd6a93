// What pages show of programs that no unit test can run (`rtvm run`, `kubectl get`) is made of what the code says.
import { expect, it } from 'vitest';
import { capturedRun } from '../../../src/cli/captured-run.ts';
import { columnsOf } from '../../../src/crds/definition/columns.ts';
import { pages } from './pages.ts';

/** Two CPUs on one node: CPU 1 for one vCPU alone, as the first VM's page says. */
const host = `apiVersion: rtvm.dev/v1alpha1
kind: RealtimeNode
metadata: {name: host-a}
spec: {dedicatedCpus: "1", sharedCpus: "0"}
status: {topology: {numaNodes: [{id: 0, cpus: "0-1", memoryMiB: 4096, hugepages: [{size: 2Mi, total: 64}]}]}}
`;

const texts = pages.flatMap(({ path, blocks }) => blocks.filter(({ language }) => language === 'text').map(({ text, line }) => ({ where: `${path}:${line}`, path, text })));

it.each(texts.filter(({ text }) => text.includes('running and verified → ')))('$where: the place that "rtvm run" tells is the one that placement gives', async ({ path, text }) => {
  const manifest = pages.find((page) => page.path === path)!.blocks.find(({ language, text: block }) => language === 'yaml' && block.includes('kind: RealtimeVM\n'))!.text;
  const image = 'apiVersion: rtvm.dev/v1alpha1\nkind: RealtimeImage\nmetadata: {name: probe}\nspec: {format: rom, source: {path: probe.rom}}\n';
  const { stdout, stderr } = await capturedRun(['plan', '-f', '-'], { stdin: [host, manifest, ...(manifest.includes('kind: RealtimeImage') ? [] : [image])].join('\n---\n'), env: { LANG: 'C.UTF-8' } });
  expect(stderr).toBe('');
  const planned = /^A {2}\S+ → (.*?)\n\n/s.exec(stdout)![1]!.replaceAll(/\s+/g, ' ');
  expect(text).toContain(`running and verified → ${planned}\n`);
});

it.each(texts.filter(({ text }) => text.startsWith('NAME ')))('$where: "kubectl get rtvm -o wide" has these columns', ({ text }) => {
  expect(text.split('\n')[0]!.split(/\s+/)).toEqual(['NAME', ...columnsOf.RealtimeVM.map(({ name }) => name.toUpperCase())]);
});

it('there is something shown', () => {
  expect(texts.map(({ where }) => where.replace(/:.*/, '')).toSorted()).toEqual(['README.md', 'docs/first-vm.md', 'docs/first-vm.md']);
});
