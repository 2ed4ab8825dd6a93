// kubectl rtvm on a real API server with the real controller and real agents over hosts that run nothing. What
// docs/kubectl-rtvm.md shows is what is printed. Where it matters that kubectl finds it as its plugin, kubectl runs it;
// elsewhere it runs in this process, which saves the start of two programs a call.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { capturedRun } from '../../src/cli/captured-run.ts';
import { kubectlForm } from '../../src/cli/program-form.ts';
import { describeWithKubeApi } from '../testbed/describe-with-kube-api.ts';
import { installCrds } from '../testbed/install-crds.ts';
import { startKubeApi } from '../testbed/kube-api.ts';
import type { KubeApi } from '../testbed/kube-api.ts';
import { kubernetesTools } from '../testbed/kubectl.ts';
import type { HollowCluster } from './support/hollow-cluster.ts';
import { kubeCondition, paths } from './support/kube-objects.ts';
import type { KubeVm } from './support/kube-objects.ts';
import { startSmallCluster, systemNamespace, vmsIn } from './support/small-cluster.ts';
import { until } from './support/until.ts';

const repository = resolve(import.meta.dirname, '../..');

interface Printed {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

describeWithKubeApi('kubectl rtvm', () => {
  let api: KubeApi;
  let cluster: HollowCluster;
  let bin: string;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    api = await startKubeApi();
    await installCrds(api);
    cluster = await startSmallCluster(api);
    bin = mkdtempSync(join(tmpdir(), 'rtvm-plugin-'));
    symlinkSync(join(repository, 'bin/rtvm'), join(bin, 'kubectl-rtvm'));
    const { kubectl } = await kubernetesTools();
    env = { ...process.env, PATH: `${bin}:${dirname(kubectl)}:${process.env['PATH'] ?? ''}`, KUBECONFIG: api.kubeconfigPath, LANG: 'C.UTF-8', RTVM_LEASE_NAMESPACE: systemNamespace };
    delete env['LC_ALL'];
    vi.stubEnv('KUBECONFIG', api.kubeconfigPath);
    vi.stubEnv('RTVM_LEASE_NAMESPACE', systemNamespace);
  });

  afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
    await api.stop();
    rmSync(bin, { recursive: true, force: true });
    vi.unstubAllEnvs();
  });

  /** As kubectl runs it, in this process. */
  const rtvm = (...args: readonly string[]) => capturedRun(args, { form: kubectlForm, env: { LANG: 'C.UTF-8' } });
  async function run(program: string, args: readonly string[]): Promise<Printed> {
    return new Promise((done) => {
      execFile(program, args, { cwd: repository, env }, (error, stdout, stderr) => done({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr }));
    });
  }
  const json = async (...args: readonly string[]) => JSON.parse((await rtvm(...args, '-o', 'json')).stdout) as { readonly items: readonly Readonly<Record<string, unknown>>[] } & Readonly<Record<string, unknown>>;
  const vm = (namespace: string, name: string) => cluster.objects.get<KubeVm>(`${vmsIn(namespace)}/${name}`);

  const page = readFileSync(join(repository, 'docs/kubectl-rtvm.md'), 'utf8');
  const examples = [...page.matchAll(/^```console\n\$ kubectl rtvm ([^\n]*)\n(.*?)\n```$/gms)].map(([, command, output]) => [command!, output!] as const);
  /** Ages are what they are when the test runs; a line of `...` stands for any lines. */
  const timeless = (text: string) => text.replace(/\b(\d+[dhms]){1,2}(?= |\)|$)/gm, 'AGE').replace(/ +/g, ' ');

  test.each(examples)('prints what the page shows: kubectl rtvm %s', async (command, shown) => {
    // Of a restart a little before, events are still told.
    const { stdout, stderr } = await rtvm(...command.split(' ').map((word) => (word.startsWith('examples/') ? join(repository, word) : word)));
    const printed = timeless((stdout + stderr).replace(/last events:\n(.*\n)*/, '')).trimEnd();
    const pattern = timeless(shown).split('\n...\n').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('\n(?:.*\n)*');
    expect(printed).toMatch(new RegExp(`^${pattern}$`));
  });

  test('stop notes the strategy, start takes it up again, and only what was asked is written', async () => {
    await cluster.objects.patch(`${vmsIn('ran')}/du-1`, { spec: { runStrategy: 'RerunOnFailure' } });
    const before = (await vm('ran', 'du-1'))!;
    const annotations = async () => ((await vm('ran', 'du-1'))!.metadata as { annotations?: Record<string, string> }).annotations ?? {};
    expect(await rtvm('stop', 'ran/du-1', '--wait')).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('RealtimeVM ran/du-1: stopped, and its CPUs are given back') as string });
    expect([(await vm('ran', 'du-1'))!.spec['runStrategy'], await annotations()]).toEqual(['Halted', { 'rtvm.dev/run-strategy': 'RerunOnFailure' }]);
    expect((await json('topology', 'worker-1')).items[0]!['cpus']).toSatisfy((cpus: readonly { use: string }[]) => cpus.every(({ use }) => use === 'free' || use === 'shared'));
    expect(await rtvm('restart', 'ran/du-1')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('it is halted; "kubectl rtvm start du-1 -n ran" lets it run') as string });
    expect(await rtvm('start', 'ran/du-1', '--wait')).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('ready on worker-') as string });
    expect([(await vm('ran', 'du-1'))!.spec, await annotations()]).toEqual([before.spec, {}]);
  });

  test('restart waits for another start of the domain, and takes up a changed spec', async () => {
    await cluster.objects.patch(`${vmsIn('ran')}/du-1`, { spec: { memory: { size: '48Mi' } } });
    await cluster.objects.when<KubeVm>(`${vmsIn('ran')}/du-1`, (object) => kubeCondition(object, 'RestartRequired')?.status === 'True');
    expect((await rtvm('why', 'du-1', '-n', 'ran')).stdout.replace(/\s+/g, ' ')).toContain('is taken up at the next start');
    const started = (await vm('ran', 'du-1'))!.status!.domain!.startedAt;
    expect(await rtvm('restart', 'du-1', '-n', 'ran', '--wait')).toMatchObject({ exitCode: 0 });
    const after = (await vm('ran', 'du-1'))!;
    expect(after.status!.domain!.startedAt).not.toBe(started);
    expect([kubeCondition(after, 'RestartRequired')?.status, JSON.stringify(after.status!.placement)]).toEqual(['False', expect.stringContaining('"memoryMiB":48')]);
  });

  test('plan says what the controller then does, and names every node', async () => {
    const file = join(bin, 'vms.yaml');
    const spec = (cpu: string) => `apiVersion: rtvm.dev/v1alpha1\nkind: RealtimeVM\nmetadata: {name: NAME}\nspec: {cpu: ${cpu}, memory: {size: 32Mi, pageSize: 2Mi}, disks: [{name: data, emptySize: 1Mi}], terminationGracePeriodSeconds: 0, placementPriority: PRIORITY}\n`;
    const vms = [
      ['first', '{vcpus: 2, policy: Dedicated, realtime: {priority: 7}}'], ['tolerant', '{vcpus: 2, policy: Dedicated, threadPolicy: Require, realtime: {}}'], ['greedy', '{vcpus: 40, policy: Dedicated}'],
    ].map(([name, cpu], index) => spec(cpu!).replace('NAME', name!).replace('PRIORITY', String(10 - index)));
    writeFileSync(file, vms.join('---\n'));
    const { items, exitCode } = await rtvm('plan', '-f', file, '-n', 'ran', '-o', 'json').then(({ stdout, exitCode: code }) => ({ ...JSON.parse(stdout) as { items: readonly Planned[] }, exitCode: code }));
    expect([exitCode, items.map(({ namespace, name, placement }) => [namespace, name, placement !== null])]).toEqual([1, [['ran', 'first', true], ['ran', 'tolerant', true], ['ran', 'greedy', false]]]);
    for (const { fitsOn, reasons } of items) expect([...fitsOn, ...reasons.map(({ host }) => host)].toSorted()).toEqual(['worker-1', 'worker-2', 'worker-3']);
    expect(await vm('ran', 'first')).toBeUndefined();

    for (const text of vms) {
      const part = join(bin, 'vm.yaml');
      writeFileSync(part, text);
      expect(await run('kubectl', ['apply', '-n', 'ran', '-f', part])).toMatchObject({ exitCode: 0 });
      const { name, placement, refusal } = items.find((item) => text.includes(`name: ${item.name}}`))!;
      const decided = (await cluster.objects.when<KubeVm>(`${vmsIn('ran')}/${name}`, (object) => kubeCondition(object, 'Placed') !== undefined))!;
      expect(decided.status?.placement ?? null).toEqual(placement);
      if (placement === null) expect(kubeCondition(decided, 'Placed')).toMatchObject({ status: 'False', ...refusal });
    }
    expect((await rtvm('plan', '-f', file, '-n', 'ran')).stdout).toContain('ran/first holds its place on');
    await Promise.all(['first', 'tolerant', 'greedy'].map(async (name) => {
      await cluster.objects.delete(`${vmsIn('ran')}/${name}`);
      await cluster.objects.when(`${vmsIn('ran')}/${name}`, (object) => object === undefined);
    }));
  });

  test('a node that is silent, cordoned or unlabelled, is told with what to do', async () => {
    const nodeName = (await vm('ran', 'du-1'))!.status!.placement!.nodeName;
    await cluster.objects.patch(`${paths.clusterNodes}/${nodeName}`, { spec: { unschedulable: true }, metadata: { labels: { 'rtvm.dev/realtime': null } } });
    await cluster.stopAgent(nodeName);
    // The plugin counts 40 s of silence, as the Lease says: made so by putting its last renewal back.
    await cluster.objects.patch(`${paths.leases}/${nodeName}`, { spec: { renewTime: new Date(Date.now() - 100_000).toISOString().replace('Z', '000Z') } });
    // To the controller, which goes by its own clock, that was one more renewal: the last.
    await cluster.objects.when<KubeVm>(`${vmsIn('ran')}/du-1`, (object) => kubeCondition(object, 'Ready')?.reason === 'NodeLost');
    const told = await rtvm('why', 'ran/du-1');
    expect(told.exitCode).toBe(1);
    expect(told.stdout.replace(/\s+/g, ' ')).toContain(`→ kubectl uncordon ${nodeName}`);
    expect(told.stdout.replace(/\s+/g, ' ')).toContain(`kubectl label node ${nodeName} rtvm.dev/realtime=true`);
    expect(told.stdout.replace(/\s+/g, ' ')).toMatch(/not renewed its Lease for 1m/);
    const checked = await json('host-check', nodeName);
    expect((checked.items[0]!['problems'] as readonly { reason: string }[]).map(({ reason }) => reason)).toEqual(['NotLabelled', 'Cordoned', 'AgentSilent']);
    expect((await rtvm('verify', 'ran/du-1')).exitCode).toBe(1);
    cluster.startAgent(nodeName);
    await cluster.objects.patch(`${paths.clusterNodes}/${nodeName}`, { spec: { unschedulable: null }, metadata: { labels: { 'rtvm.dev/realtime': 'true' } } });
    await cluster.objects.when<KubeVm>(`${vmsIn('ran')}/du-1`, (object) => kubeCondition(object, 'Ready')?.status === 'True');
  });

  test('is kubectl\'s plugin: its name in the help, its arguments, its exit status', async () => {
    const [help, listed, refused] = await Promise.all([run('kubectl', ['rtvm', '--help']), run('kubectl', ['rtvm', 'get', '-n', 'ran', '-o', 'name']), run('kubectl', ['rtvm', 'why', 'du-big', '--namespace=ran'])]);
    expect(help).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^Usage: kubectl rtvm \[options\] \[command\]\n/) as string });
    expect(listed).toEqual({ exitCode: 0, stdout: 'realtimevm.rtvm.dev/du-1\nrealtimevm.rtvm.dev/du-big\n', stderr: '' });
    expect(refused).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('ran/du-big is Pending') as string });
  });

  test('get --watch goes on with every change, and Ctrl-C ends it in order', async () => {
    const child = spawn('kubectl', ['rtvm', 'get', 'spare', '-w'], { env, cwd: repository, stdio: ['ignore', 'pipe', 'pipe'] });
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => void (printed += chunk));
    await until('the VM is listed', () => /^spare +Stopped/m.test(printed));
    await cluster.objects.patch(`${vmsIn('default')}/spare`, { spec: { runStrategy: 'Always' } });
    await until('its start is told', () => /^spare +Running +True +True/m.test(printed));
    const ended = once(child, 'exit');
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    await rtvm('stop', 'spare', '--wait');
  });

  test('ui serves the page of the cluster that kubectl talks to, until Ctrl-C', async () => {
    const child = spawn('kubectl', ['rtvm', 'ui', '--address', '127.0.0.1:0'], { env, cwd: repository, stdio: ['ignore', 'ignore', 'pipe'] });
    let printed = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => void (printed += chunk));
    await until('its address is told', () => /^rtvm: http:\S+ shows test; Ctrl-C ends it$/m.test(printed));
    const url = /http:\S+/.exec(printed)![0];
    expect(await (await fetch(url)).text()).toContain('<title>');
    const events = await fetch(new URL('events', url));
    let told = '';
    for await (const chunk of events.body!.pipeThrough(new TextDecoderStream())) {
      told += chunk;
      if (['du-1', 'du-big', 'worker-3'].every((name) => told.includes(name))) break;
    }
    const ended = once(child, 'exit');
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    expect(await rtvm('ui', '--address', '0.0.0.0:8090')).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('Accepted: 127.0.0.1:8090') as string });
  });

  test('what a tenant wrote steers no terminal', async () => {
    const evil = '\u001b]0;owned\u0007\u202e\u009b31m';
    await cluster.objects.patch(`${vmsIn('ran')}/du-big/status`, { status: { conditions: [{ type: 'Ready', status: 'False', reason: 'Evil', message: `see\n${evil}`, lastTransitionTime: new Date().toISOString(), observedGeneration: 1 }] } });
    for (const args of [['get', '-A'], ['get', '-A', '-o', 'json'], ['get', '-A', '-o', 'yaml'], ['why', 'ran/du-big'], ['verify', '-A']]) {
      const { stdout, stderr } = await rtvm(...args);
      expect(`${args.join(' ')}: ${stdout}${stderr}`).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    }
  });

  test('says what is wrong where nothing can be read', async () => {
    expect(await rtvm('get', 'du-2', '-n', 'ran')).toMatchObject({ exitCode: 1, stderr: 'rtvm: there is no RealtimeVM ran/du-2; did you mean du-1?\n' });
    expect(await rtvm('topology', 'worker-9')).toMatchObject({ exitCode: 1, stderr: 'rtvm: there is no RealtimeNode worker-9; did you mean worker-1?\n' });
    expect(await rtvm('console', 'ran/du-big')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('is on no node, so it has no serial port') as string });
    expect(await rtvm('console', 'ran/du-1')).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/no agent runs on node worker-\d, nor on any other node/) as string });
    expect((await rtvm('get', '--context', 'nowhere')).stderr).toMatch(/has no context "nowhere"; it has: test/);
    const away = join(bin, 'away');
    writeFileSync(away, readFileSync(api.kubeconfigPath, 'utf8').replace(api.url, 'https://127.0.0.1:1'));
    expect(await rtvm('get', '--kubeconfig', away)).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/^rtvm: realtimevms in namespace default: list failed: the API server at https:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/) as string });
    expect(await rtvm('stop')).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('(kubectl rtvm stop --help shows its options)') as string });
  });

  test('completes through kubectl\'s own completion: commands, options, VMs, nodes', async () => {
    const complete = async (...words: readonly string[]) => (await rtvm('__complete', '--', ...words)).stdout.trim().split('\n').map((line) => line.split('\t')[0]);
    expect(await complete('w')).toEqual(['why', ':4']);
    expect(await complete('get', '-n', 'ran', 'du-')).toEqual(['du-1', 'du-big', ':4']);
    expect(await complete('why', 'ran/')).toEqual(['ran/du-1', 'ran/du-big', ':4']);
    expect(await complete('host-check', '')).toEqual(['worker-1', 'worker-2', 'worker-3', ':4']);
    expect(await complete('get', '-n', 'ra')).toEqual(['ran', ':4']);
    expect(await complete('get', '-o', 'j')).toEqual(['json', ':4']);
    expect(await complete('get', '--output=w')).toEqual(['--output=wide', ':4']);
    expect(await complete('plan', '-f', '')).toEqual([':0']);
    // The way that a shell goes: kubectl is asked, and asks the program that `completion kubectl` prints.
    writeFileSync(join(bin, 'kubectl_complete-rtvm'), (await rtvm('completion', 'kubectl')).stdout, { mode: 0o755 });
    expect((await run('kubectl', ['__complete', 'rtvm', 'topology', 'worker-'])).stdout.split('\n').slice(0, 3)).toEqual(['worker-1', 'worker-2', 'worker-3']);
    // And bash, where it is, with the script for the program by itself.
    symlinkSync(join(repository, 'bin/rtvm'), join(bin, 'rtvm'));
    const bash = await run('bash', ['-c', 'source <(rtvm completion bash); COMP_WORDS=(rtvm kubectl host-check worker-2); COMP_CWORD=3; _rtvm; echo "${COMPREPLY[@]}"']);
    expect(bash.stdout).toBe('worker-2\n');
  });
});

describeWithKubeApi('kubectl rtvm on a cluster without rtvm', () => {
  test('says that the CRDs are missing, and what installs them', async () => {
    await using api = await startKubeApi();
    const { stderr, exitCode } = await new Promise<Printed>((done) => {
      execFile(join(repository, 'bin/rtvm'), ['kubectl', 'get', '--kubeconfig', api.kubeconfigPath], (error, stdout, text) => done({ exitCode: Number(error?.code ?? 0), stdout, stderr: text }));
    });
    expect([exitCode, stderr]).toEqual([1, 'rtvm: the API server does not serve realtimevms.rtvm.dev (rtvm.dev/v1alpha1). Install the CRDs of this version: kubectl apply -f deploy/crds\n']);
  });
});

interface Planned {
  readonly namespace: string;
  readonly name: string;
  readonly placement: object | null;
  readonly refusal: { readonly reason: string; readonly message: string } | null;
  readonly fitsOn: readonly string[];
  readonly reasons: readonly { readonly host: string }[];
}
