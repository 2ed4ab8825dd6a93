// A release's life on a real API server: installed over its predecessor, rolled back, its policies in force, taken away and installed again,
// with VMs there all the time. No controller and no agent runs: whatever changes, helm changed it.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { nodeStatus } from '../../src/crds/realtime-node-status.ts';
import { describeWithKubeApi } from '../testbed/describe-with-kube-api.ts';
import { helm } from '../testbed/helm.ts';
import { startKubeApi } from '../testbed/kube-api.ts';
import type { KubeApi } from '../testbed/kube-api.ts';
import { kubectl } from '../testbed/kubectl.ts';
import { servePolicy } from '../testbed/policy-proxy.ts';
import type { ServedApi } from '../testbed/policy-proxy.ts';
import { AsUser, agentOf, controller } from './support/as-user.ts';
import type { Person } from './support/as-user.ts';
import { chartDirectory, manifestsIn, nameOf, releaseNamespace, renderText } from './support/chart.ts';
import type { Manifest } from './support/chart.ts';
import { KubeObjects, paths } from './support/kube-objects.ts';
import { repository } from './support/local-host.ts';

const inNamespace = ['--namespace', releaseNamespace];
const kinds = 'realtimevms,realtimevmclasses,realtimeimages,realtimenodes,realtimeallocations';
const shape = { cpu: { vcpus: 2, policy: 'Mixed', realtime: { mask: '^0', priority: 1 } }, memory: { size: '32Mi', pageSize: '2Mi' } };
const plain = { cpu: { vcpus: 1 }, memory: { size: '32Mi' } };
const ours = (kind: string, name: string, rest: object) => ({ apiVersion: 'rtvm.dev/v1alpha1', kind, metadata: { name }, ...rest });
const vm = (name: string, spec: object) => ours('RealtimeVM', name, { spec });

/** An object of ours, as the server keeps it. */
interface Kept {
  readonly spec?: object;
  readonly status?: object;
}

describeWithKubeApi('a release of the chart', () => {
  let api: KubeApi;
  let served: ServedApi & AsyncDisposable;
  let objects: KubeObjects;
  const predecessor = mkdtempSync(join(tmpdir(), 'rtvm-chart-'));

  beforeAll(async () => {
    api = await startKubeApi();
    served = await servePolicy(api);
    objects = new KubeObjects(served);
    makePredecessor();
  });

  afterAll(async () => {
    rmSync(predecessor, { recursive: true, force: true });
    await served[Symbol.asyncDispose]();
    await api.stop();
  });

  /** The chart as an earlier version might have been: VMs cannot be selected by node, and realtime is everybody's. */
  function makePredecessor(): void {
    cpSync(chartDirectory, predecessor, { recursive: true });
    edit('Chart.yaml', /ersion: 0\.1\.0/g, 'ersion: 0.0.9');
    edit('templates/crds/rtvm.dev_realtimevms.yaml', /\n *selectableFields:\n.*/, '');
  }

  function edit(file: string, what: RegExp, by: string): void {
    const path = join(predecessor, file);
    const text = readFileSync(path, 'utf8');
    if (text.search(what) < 0) throw new Error(`${file} has nothing like ${what.source}`);
    writeFileSync(path, text.replace(what, by));
  }

  async function helmSays(...args: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await helm(served.kubeconfigPath, ...args);
    if (exitCode !== 0) throw new Error(stderr);
    return stdout;
  }

  async function told(...args: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await kubectl(served.kubeconfigPath, ...args);
    if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  /** What kubectl creates, unless an earlier try of the same test did. */
  async function isThere(...args: readonly string[]): Promise<void> {
    const { exitCode, stderr } = await kubectl(served.kubeconfigPath, 'create', ...args);
    if (exitCode !== 0 && !/already ?exists/i.test(stderr)) throw new Error(`kubectl create ${args.join(' ')}: ${stderr}`);
  }

  /** Every object of ours, to the letter. */
  const everything = async () => told('get', kinds, '--all-namespaces', '-o', 'json');
  const image = async () => told('get', 'daemonset', 'rtvm-agent', ...inNamespace, '-o', 'jsonpath={.spec.template.spec.containers[0].image}');
  const byNode = async () => kubectl(served.kubeconfigPath, 'get', 'realtimevms', '--field-selector', 'status.placement.nodeName=n1', '-o', 'name');
  const as = (person: Person) => new AsUser(served, person);
  const somebody: Person = { user: 'somebody' };
  const tenant: Person = { user: 'tenant' };
  const tried = '?dryRun=All';

  it('is installed by one command, which says what to do next', async () => {
    const notes = await helmSays('install', 'rtvm', predecessor, ...inNamespace, '--create-namespace', '--set', 'policies.inlineRealtime.enabled=false');
    expect(notes).toContain('kubectl label node NODE rtvm.dev/realtime=true');
    expect(notes).toContain(`kubectl label namespace ${releaseNamespace} pod-security.kubernetes.io/enforce=privileged`);
    await told('wait', '--for=condition=Established', 'crd', '-l', 'app.kubernetes.io/name=rtvm', '--timeout=60s');
    const manifest = await helmSays('get', 'manifest', 'rtvm', ...inNamespace);
    const file = join(predecessor, 'installed.yaml');
    writeFileSync(file, manifest);
    const { items } = JSON.parse(await told('get', '-f', file, '-o', 'json')) as { readonly items: readonly Manifest[] };
    rmSync(file);
    expect(items.map(nameOf).sort()).toEqual(manifestsIn(manifest).map(nameOf).sort());
  });

  it.each(['default', 'least', 'most'])('would be taken with %s values, as far as the API server has the kinds', async (name) => {
    const served = new Set((await told('api-resources', '--no-headers')).trim().split('\n').map((line) => line.split(/\s+/).at(-1)));
    const manifests = manifestsIn(await renderText('--values', join(repository, `test/fixtures/chart/${name}.values.yaml`), '--set', 'crds.install=false')).filter(({ kind }) => served.has(kind));
    expect(manifests.length).toBeGreaterThan(1);
    const file = join(predecessor, 'rendered.json');
    writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests }));
    const taken = await told('apply', '--dry-run=server', '-f', file, ...inNamespace, '-o', 'name');
    rmSync(file);
    expect(taken.trim().split('\n')).toHaveLength(manifests.length);
  });

  it('is there once', async () => {
    await expect(helmSays('install', 'rtvm', chartDirectory, ...inNamespace)).rejects.toThrow('cannot reuse a name that is still in use');
    await expect(helmSays('install', 'second', chartDirectory, '--namespace', 'elsewhere', '--create-namespace')).rejects.toThrow(/cannot be imported into the current release.*current value is "rtvm"/);
    await told('delete', 'namespace', 'elsewhere', '--wait=false', '--ignore-not-found');
  });

  it('is upgraded, rolled back and upgraded again with its CRDs, and touches no VM', async () => {
    await objects.create(paths.nodes, ours('RealtimeNode', 'n1', { spec: { dedicatedCpus: '1', sharedCpus: '0' } }));
    await objects.create(paths.nodes, ours('RealtimeNode', 'n2', { spec: { dedicatedCpus: '1', sharedCpus: '0' } }));
    for (const name of ['n1', 'n2']) await objects.create(paths.tables, ours('RealtimeAllocation', name, { spec: { guests: [] } }));
    for (const name of ['small', 'large']) await objects.create(paths.classes, ours('RealtimeVMClass', name, { spec: shape }));
    await objects.create(paths.vms, vm('inline', shape));
    await objects.create(paths.vms, vm('classy', { className: 'small' }));
    await objects.create(paths.vms, vm('plain', plain));
    await objects.patch(`${paths.vms}/inline/status`, { status: { phase: 'Running' } });
    const before = await everything();
    expect(await byNode()).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('status.placement.nodeName') as unknown });

    const values = ['--set', 'policies.classUse.enabled=true,policies.inlineRealtime.allowedNamespaces={lab}'];
    await helmSays('upgrade', 'rtvm', chartDirectory, ...inNamespace, ...values);
    expect(await image()).toBe('ghcr.io/rtvm-dev/rtvm:0.1.0');
    await expect.poll(byNode, { timeout: 30_000 }).toMatchObject({ exitCode: 0 });
    await helmSays('rollback', 'rtvm', '1', ...inNamespace);
    expect(await image()).toBe('ghcr.io/rtvm-dev/rtvm:0.0.9');
    await expect.poll(byNode, { timeout: 30_000 }).toMatchObject({ exitCode: 1 });
    await helmSays('upgrade', 'rtvm', chartDirectory, ...inNamespace, ...values);
    expect(await everything()).toBe(before);
  });

  // A policy counts a moment after it was written, which nothing tells but a refusal. That of classes waits in its own test.
  it('has its policies in force', async () => {
    await isThere('clusterrolebinding', 'somebody', '--clusterrole', 'cluster-admin', '--user', 'somebody');
    const refusals: readonly [said: string, () => Promise<string>][] = [
      ['the agent of node n1 may not touch realtimenodes n2', async () => as(agentOf('n1')).put(`${paths.nodes}/n2`, '/status?dryRun=All', { status: {} })],
      ['is written by', async () => as(somebody).patch(`${paths.tables}/n1${tried}`, { spec: { term: 'mine' } })],
      ['is not allowed in namespace default', async () => as(somebody).create(`${paths.vms}${tried}`, vm('refused', shape))],
    ];
    for (const [said, ask] of refusals) await expect.poll(ask, { timeout: 60_000 }).toContain(said);
  });

  describe('lets an agent', () => {
    const node = (name: string) => `${paths.nodes}/${name}`;
    const table = (name: string) => `${paths.tables}/${name}`;
    const leases = `/apis/coordination.k8s.io/v1/namespaces/${releaseNamespace}/leases`;
    const lease = (name: string) => ({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name }, spec: {} });
    const event = (apiVersion: string, name: string) => ({ apiVersion: 'v1', kind: 'Event', metadata: { name }, involvedObject: { apiVersion, kind: 'X', namespace: 'default', name: 'x' }, reason: 'R', message: 'm', type: 'Normal' });
    const status = { status: { versions: { kernel: '6.12' } } };

    it('write what is its own node\'s', async () => {
      const agent = as(agentOf('n1'));
      expect(await agent.put(node('n2'), '/status', status)).toContain('the agent of node n1 may not touch realtimenodes n2');
      expect(await agent.put(node('n1'), '/status', status)).toBe('ok');
      const statement = { guests: [], session: 's1', number: 1, term: 't1/1', wentBack: 'Yes', unlisted: [] };
      expect(await agent.put(table('n1'), '/status', { status: statement })).toBe('ok');
      expect((await objects.get<Kept>(table('n1')))?.status).toMatchObject(statement);
      expect(await agent.create(`${leases}${tried}`, lease('n1'))).toBe('ok');
      expect(await agent.create(`/api/v1/namespaces/default/events${tried}`, event('rtvm.dev/v1alpha1', 'e1'))).toBe('ok');
    });

    it('write nothing else, whatever its account is allowed', async () => {
      const agent = as(agentOf('n1'));
      expect(await agent.put(table('n2'), '/status', { status: { guests: [] } })).toContain('may not touch realtimeallocations n2');
      expect(await agent.create(paths.nodes, ours('RealtimeNode', 'n3', { spec: { dedicatedCpus: '1' } }))).toContain('may not touch realtimenodes n3');
      const saysOff = ours('RealtimeNode', 'n9', { spec: { dedicatedCpus: '1' } });
      Object.assign(saysOff.metadata, { annotations: { 'rtvm.dev/out-of-service': 'it says so' } });
      expect(await as(agentOf('n9')).create(`${paths.nodes}${tried}`, saysOff)).toContain('an agent does not say that a machine is off');
      expect(await agent.create(leases, lease('rtvm-controller'))).toContain('may not touch leases rtvm-controller');
      expect(await agent.create('/api/v1/namespaces/default/events', event('v1', 'e2'))).toContain('an agent tells only of resources of rtvm.dev');
      expect(await agent.put(`${paths.vms}/inline`, '', {})).toMatch(/may not touch realtimevms inline|cannot update resource/);
      expect(await agent.delete(node('n2'))).toMatch(/may not touch realtimenodes n2|cannot delete resource/);
    });

    it('write nothing at all with a token that was issued for no node', async () => {
      expect(await as(agentOf(undefined)).put(node('n1'), '/status', status)).toContain('this token of an agent names no node');
    });
  });

  describe('has of each status one writer', () => {
    const writes = (what: string, who: string) => `${what} is written by system:serviceaccount:rtvm-system:rtvm-${who} alone, not by somebody`;

    it('who is not a tenant, even one who may do everything', async () => {
      const anybody = as(somebody);
      expect(await anybody.patch(`${paths.vms}/inline/status`, { status: { phase: 'Failed' } })).toContain(writes('realtimevms/status', 'controller'));
      expect(await anybody.patch(`${paths.nodes}/n1/status`, { status: { versions: { kernel: '1' } } })).toContain(writes('realtimenodes/status', 'agent'));
      expect(await anybody.patch(`${paths.tables}/n1/status`, { status: { guests: [] } })).toContain(writes('realtimeallocations/status', 'agent'));
      expect(await anybody.create(paths.tables, ours('RealtimeAllocation', 'n3', { spec: { guests: [] } }))).toContain(writes('realtimeallocations', 'controller'));
      expect(await anybody.patch(`${paths.tables}/n1`, { spec: { term: 'mine' } })).toContain(writes('realtimeallocations', 'controller'));
      expect(await anybody.patch(`${paths.tables}/n1`, { metadata: { labels: { a: 'b' } } })).toBe('ok');
    });

    it('who is the controller, for VMs and allocations', async () => {
      const run = { count: 1, grant: 'g1', node: 'n1', state: 'Open' };
      expect(await as(controller).put(`${paths.vms}/inline`, '/status', { status: { phase: 'Pending', run } })).toBe('ok');
      expect((await objects.get<Kept>(`${paths.vms}/inline`))?.status).toMatchObject({ run });
      const spec = { guests: [], term: 'its/1', session: 's1', restore: 'r1', fenced: true, kept: ['g2'] };
      expect(await as(controller).put(`${paths.tables}/n1`, '', { spec })).toBe('ok');
      expect((await objects.get<Kept>(`${paths.tables}/n1`))?.spec).toMatchObject(spec);
    });

    it('who is the agent, for its RealtimeNode, but for whether it lives: that is the controller\'s to say', async () => {
      const alive = (status: string) => ({
        type: 'AgentAlive', status, reason: 'LeaseLapsed', message: 'm', lastTransitionTime: '2026-01-01T00:00:00Z',
      });
      const versions = { kernel: '6.12' };
      const said = async (who: Person, status: object) => as(who).put(`${paths.nodes}/n1`, '/status', { status });
      await objects.patch(`${paths.nodes}/n1/status`, { status: { versions, conditions: null } });
      const onlyThat = 'the controller writes the condition AgentAlive alone';
      expect(await said(controller, { versions, conditions: [alive('False')] })).toBe('ok');
      expect(await said(controller, {})).toContain(onlyThat);
      const policy = await told('get', 'validatingadmissionpolicy', 'rtvm-status-writers', '-o', 'jsonpath={.spec.validations[*].expression}');
      for (const field of Object.keys(nodeStatus.shape).filter((name) => name !== 'conditions')) {
        expect(policy).toContain(`object.?status.?${field} == oldObject.?status.?${field}`);
      }
      const ready = { ...alive('True'), type: 'Ready' };
      expect(await said(controller, { versions, conditions: [alive('False'), ready] })).toContain(onlyThat);
      const byAgent = 'the condition AgentAlive of a RealtimeNode is written by the controller alone';
      const agent = agentOf('n1');
      expect(await said(agent, { versions, conditions: [alive('True')] })).toContain(byAgent);
      expect(await said(agent, { versions })).toContain(byAgent);
      expect(await said(agent, { versions: { kernel: '6.13' }, conditions: [ready, alive('False')] })).toBe('ok');
    });

    it('or an administrator who repairs', async () => {
      await objects.patch(`${paths.vms}/inline/status`, { status: { phase: 'Running' } });
    });
  });

  describe('gives realtime', () => {
    it('by class, or in the namespaces that the values name', async () => {
      await isThere('namespace', 'lab');
      for (const namespace of ['default', 'lab']) await isThere('rolebinding', 'tenant', '--clusterrole', 'rtvm-edit', '--user', 'tenant', '-n', namespace);
      // A role too counts a moment after it was given.
      await expect.poll(async () => as(tenant).create(`${paths.vms}${tried}`, vm('refused', shape)), { timeout: 60_000 }).toContain('spec.cpu.realtime: realtime in a VM of its own is not allowed in namespace default; accepted: spec.className');
      await expect.poll(async () => as(tenant).create(`${paths.vms.replace('default', 'lab')}${tried}`, vm('in-lab', shape)), { timeout: 60_000 }).toBe('ok');
      expect(await as(tenant).create(`${paths.vms}${tried}`, vm('plain-too', plain))).toBe('ok');
    });

    it('to a VM that had it before, as it was', async () => {
      expect(await as(tenant).patch(`${paths.vms}/inline`, { spec: { runStrategy: 'Halted' } })).toBe('ok');
      expect(await as(tenant).patch(`${paths.vms}/inline`, { spec: { cpu: { realtime: { priority: 2 } } } })).toContain('is not allowed in namespace default');
      expect(await as(tenant).patch(`${paths.vms}/plain`, { spec: shape })).toContain('is not allowed in namespace default');
    });

    // Without RBAC everybody may use every class: the policy's answer is turned round then, which shows whom it asks about.
    it('of a class to whom may use it, asked whenever another class is named', async () => {
      const turnedBack = api.kind === 'kube-apiserver' ? undefined : await turnRound();
      onTestFinished(async () => {
        if (turnedBack === undefined) await told('delete', 'clusterrole,clusterrolebinding', 'use-large', '--ignore-not-found');
        else await turnedBack();
      });
      const refusal = 'tenant may not use RealtimeVMClass ';
      await expect.poll(async () => as(tenant).create(`${paths.vms}${tried}`, vm('by-class', { className: 'large' })), { timeout: 60_000 }).toContain(`${refusal}large`);
      expect(await as(tenant).patch(`${paths.vms}/classy`, { spec: { className: 'large' } })).toContain(`${refusal}large`);
      expect(await as(tenant).patch(`${paths.vms}/plain`, { spec: { cpu: null, memory: null, className: 'small' } })).toContain(`${refusal}small`);
      expect(await as(tenant).patch(`${paths.vms}/classy`, { spec: { runStrategy: 'Halted' } })).toBe('ok');
      expect(await as(tenant).create(`${paths.vms}${tried}`, vm('plain-too', plain))).toBe('ok');
      if (turnedBack === undefined) {
        const rules = [{ apiGroups: ['rtvm.dev'], resources: ['realtimevmclasses'], resourceNames: ['large'], verbs: ['use'] }];
        await objects.create('/apis/rbac.authorization.k8s.io/v1/clusterroles', { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'use-large' }, rules });
        await told('create', 'clusterrolebinding', 'use-large', '--clusterrole=use-large', '--user=tenant');
      } else await turnedBack();
      await expect.poll(async () => as(tenant).create(`${paths.vms}${tried}`, vm('by-class', { className: 'large' })), { timeout: 60_000 }).toBe('ok');
    });

    /** @returns turns it back. */
    async function turnRound(): Promise<() => Promise<void>> {
      const path = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/rtvm-class-use';
      const { spec } = (await objects.get<{ readonly spec: { readonly validations: readonly { readonly expression: string }[] } }>(path))!;
      const write = async (expression: (text: string) => string) => {
        await objects.patch(path, { spec: { ...spec, validations: spec.validations.map((validation) => ({ ...validation, expression: expression(validation.expression) })) } });
      };
      await write((text) => `!(${text})`);
      return async () => write((text) => text);
    }
  });

  it('says who has edited a CRD by hand, and puts it right when told to', async () => {
    await told('patch', 'crd', 'realtimevms.rtvm.dev', '--type', 'json', '--patch', '[{"op": "remove", "path": "/spec/versions/0/additionalPrinterColumns/0"}]');
    const columns = async () => told('get', 'crd', 'realtimevms.rtvm.dev', '-o', 'jsonpath={.spec.versions[0].additionalPrinterColumns[*].name}');
    expect(await columns()).not.toContain('Phase');
    await expect(helmSays('upgrade', 'rtvm', chartDirectory, ...inNamespace)).rejects.toThrow(/realtimevms\.rtvm\.dev[^]*conflicts? with "kubectl-patch"[^]*\.spec\.versions/);
    await helmSays('upgrade', 'rtvm', chartDirectory, ...inNamespace, '--force-conflicts');
    expect(await columns()).toContain('Phase');
  });

  it('is uninstalled without its VMs and CRDs, and goes on with them when it is installed again', async () => {
    const before = await everything();
    const installed = manifestsIn(await helmSays('get', 'manifest', 'rtvm', ...inNamespace));
    await helmSays('uninstall', 'rtvm', ...inNamespace);
    expect(await everything()).toBe(before);
    const rest = await told('get', [...new Set(installed.map(({ kind }) => kind))].join(','), '-l', 'app.kubernetes.io/instance=rtvm', ...inNamespace, '-o', 'name', '--ignore-not-found');
    expect(rest.trim().split('\n').sort()).toEqual(kinds.split(',').map((plural) => `customresourcedefinition.apiextensions.k8s.io/${plural}.rtvm.dev`).sort());
    await helmSays('install', 'rtvm', chartDirectory, ...inNamespace);
    expect(await everything()).toBe(before);
  });

  it('is taken away with everything by the commands that its README gives', async () => {
    const [, block] = /To remove everything[^]*?```sh\n([^]*?)```/.exec(readFileSync(join(chartDirectory, 'README.md'), 'utf8'))!;
    const commands = block!.trim().split('\n').map((line) => line.replace(/ +#.*/, '').split(' '));
    expect(commands.map(([program]) => program)).toEqual(['kubectl', 'helm', 'kubectl', 'kubectl']);
    for (const [program, ...args] of commands) {
      // Nobody here ends the namespaces of a server without controllers.
      if (args[1] === 'namespace') args.push('--wait=false');
      if (program === 'helm') await helmSays(...args);
      else await told(...args);
    }
    expect(await told('get', 'crd', '-o', 'name')).not.toContain('rtvm.dev');
    expect(await told('get', 'clusterroles,validatingadmissionpolicies', '-o', 'name')).not.toContain('/rtvm-');
  });
});
