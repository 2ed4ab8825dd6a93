// What pages tell people to type at kubectl and helm is understood: run against an API server where one can answer (writes as a dry run),
// else looked up in the command's own help.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeWithKubeApi } from '../testbed/describe-with-kube-api.ts';
import { installCrds } from '../testbed/install-crds.ts';
import { startKubeApi } from '../testbed/kube-api.ts';
import type { KubeApi } from '../testbed/kube-api.ts';
import { kubeRequest } from '../testbed/kube-request.ts';
import { kubernetesTools } from '../testbed/kubectl.ts';
import { commandsOf, pages, root } from '../unit/docs/pages.ts';

const run = promisify(execFile);

/** Words of pages that stand for something, and what they stand for here. */
const meant: Readonly<Record<string, string>> = { NAME: 'probe', NODE: 'worker-1' };
const concrete = (word: string) => word.replaceAll(/\b(?:NAME|NODE)\b/g, (stands) => meant[stands]!);
const writes = ['apply', 'create', 'delete', 'label', 'patch', 'taint', 'uncordon'];
const reads = ['get', 'wait', 'explain'];
/** Kinds that the test API server does not have. */
const elsewhere = /^deploy(ments?)?(\/|$)/;

const vms = '/apis/rtvm.dev/v1alpha1/namespaces';

const commands = [...new Map(pages.flatMap((page) => commandsOf(page, ['kubectl', 'helm']))
  .filter(({ words }) => ['kubectl', 'helm'].includes(words[0]!) && words[1] !== undefined && words[1] !== 'rtvm')
  .map(({ where, words: [program, ...args] }) => [[program, ...args].join(' '), { where, program: program as 'kubectl' | 'helm', args: args.map(concrete), shown: [program, ...args].join(' ') }])).values()];

/** A sentence may name a verb and leave out what it is done to. */
const isWhole = ([verb, ...rest]: readonly string[]) => (verb === 'apply' ? rest.includes('-f') : verb === 'wait' ? rest.some((word) => word.startsWith('--for=')) : rest.length > 0);
const runnable = ({ program, args }: (typeof commands)[number]) => program === 'kubectl' && [...writes, ...reads].includes(args[0]!) && isWhole(args) && !args.some((word) => elsewhere.test(word));

function optionsIn(help: string): ReadonlySet<string> {
  return new Set(help.match(/(?<=[\s,]|^)--?[a-zA-Z][a-zA-Z-]*/gm));
}

async function helpOf(binary: string, verb: string): Promise<string> {
  const texts = [[verb, '--help'], binary.endsWith('kubectl') ? ['options'] : ['--help']].map(async (args) => (await run(binary, args, { maxBuffer: 1 << 24 })).stdout);
  return (await Promise.all(texts)).join('');
}

describe('commands in pages that only other programs can judge', () => {
  test.concurrent.each(commands.filter((command) => !runnable(command)))('$where: $shown', async ({ program, args }) => {
    const tools = await kubernetesTools();
    const known = optionsIn(await helpOf(tools[program], args[0]!));
    expect([...known]).toEqual(expect.arrayContaining(args.filter((word) => /^--?[a-zA-Z]/.test(word)).map((word) => word.replace(/=.*/, ''))));
  });
});

describeWithKubeApi('kubectl commands in pages', () => {
  let api: KubeApi;
  let checkout: string;

  const put = async (path: string, body: object) => {
    const { status } = await kubeRequest(api, 'POST', path, { body });
    expect({ path, status }).toEqual({ path, status: 201 });
  };

  /** A cluster as the pages have it: node worker-1, VMs probe and plant-1/press-4, a Lease of each process. */
  beforeAll(async () => {
    api = await startKubeApi();
    await installCrds(api);
    const ours = { apiVersion: 'rtvm.dev/v1alpha1' };
    for (const name of ['plant-1', 'rtvm-system']) await put('/api/v1/namespaces', { metadata: { name } });
    // Pages take that taint away, and give it with another effect.
    const taints = [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoSchedule' }];
    await put('/api/v1/nodes', { metadata: { name: 'worker-1' }, spec: { unschedulable: true, taints } });
    for (const name of ['worker-1', 'rtvm-controller']) await put('/apis/coordination.k8s.io/v1/namespaces/rtvm-system/leases', { metadata: { name }, spec: { holderIdentity: name } });
    for (const [plural, kind] of [['realtimenodes', 'RealtimeNode'], ['realtimeallocations', 'RealtimeAllocation']]) await put(`/apis/rtvm.dev/v1alpha1/${plural}`, { ...ours, kind, metadata: { name: 'worker-1' }, spec: {} });
    checkout = mkdtempSync(join(tmpdir(), 'rtvm-docs-'));
    for (const name of ['deploy', 'examples']) symlinkSync(join(root, name), join(checkout, name));
    const first = pages.find(({ path }) => path === 'docs/first-vm.md')!.blocks.findLast(({ language }) => language === 'yaml')!;
    writeFileSync(join(checkout, 'vm.yaml'), first.text);
    const { kubectl } = await kubernetesTools();
    await run(kubectl, ['--kubeconfig', api.kubeconfigPath, 'apply', '-f', 'vm.yaml'], { cwd: checkout });
    await put(`${vms}/plant-1/realtimevms`, { ...ours, kind: 'RealtimeVM', metadata: { name: 'press-4' }, spec: { className: 'rt-small' } });
    const ready = { type: 'Ready', status: 'True', reason: 'RunningVerified', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' };
    for (const path of ['default/realtimevms/probe', 'plant-1/realtimevms/press-4']) {
      const { status } = await kubeRequest(api, 'PATCH', `${vms}/${path}/status`, { body: { status: { conditions: [ready] } }, contentType: 'application/merge-patch+json' });
      expect(status).toBe(200);
    }
  });

  afterAll(async () => {
    rmSync(checkout, { recursive: true, force: true });
    await api.stop();
  });

  test.concurrent.each(commands.filter(runnable))('$where: $shown', async ({ args }) => {
    const { kubectl } = await kubernetesTools();
    const dry = writes.includes(args[0]!) ? ['--dry-run=server'] : [];
    // A refusal, an unknown option or a kind that there is not ends kubectl with an error, and with that the test.
    await run(kubectl, ['--kubeconfig', api.kubeconfigPath, ...args, ...dry], { cwd: checkout, maxBuffer: 1 << 24 }).catch((error: unknown) => {
      if (args[0] !== 'create' || !String(error).includes('(AlreadyExists)')) throw error;
    });
  });

  test('are enough to say so', () => {
    expect(commands.filter(runnable).length).toBeGreaterThan(20);
  });
});
