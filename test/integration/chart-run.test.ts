// The chart in force: controller and agent run as their manifests say (user, capabilities, mounts, command line, ServiceAccount), against a
// real API server with the chart's policies, on real libvirt. All that they ask the API server is recorded where it leaves them and
// compared with the chart's roles, both ways. What seldom happens, such as a conflict, is made to happen for real.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiRequest } from '../testbed/api-request.ts';
import { describeWithKubeApi } from '../testbed/describe-with-kube-api.ts';
import { helm } from '../testbed/helm.ts';
import { startKubeApi } from '../testbed/kube-api.ts';
import type { KubeApi } from '../testbed/kube-api.ts';
import { createNode } from '../testbed/kube-node.ts';
import { kubeRequest } from '../testbed/kube-request.ts';
import type { KubeRefusal } from '../testbed/kube-request.ts';
import { kubectl } from '../testbed/kubectl.ts';
import { servePolicy } from '../testbed/policy-proxy.ts';
import type { ServedApi } from '../testbed/policy-proxy.ts';
import { RecordingProxy } from '../testbed/recording-proxy.ts';
import type { Interference } from '../testbed/recording-proxy.ts';
import { chartDirectory, manifestsIn, only, releaseNamespace } from './support/chart.ts';
import type { Manifest } from './support/chart.ts';
import { grantsOf, ungranted, unused } from './support/granted.ts';
import { identityOf, qemuOf, vcpuThread } from './support/live-process.ts';
import { nodeName, probeVm, startLocalHost } from './support/local-host.ts';
import type { LocalHost, RunningRtvm } from './support/local-host.ts';
import { startPod } from './support/pod-process.ts';
import { until } from './support/until.ts';
import { hasKvm } from './support/well-running.ts';

type Component = 'controller' | 'agent';

describeWithKubeApi('the chart\'s controller and agent', () => {
  let api: KubeApi;
  let served: ServedApi & AsyncDisposable;
  let host: LocalHost;
  let installed: readonly Manifest[];
  const proxies = new Map<Component, { readonly proxy: RecordingProxy; readonly port: number; readonly token: string }>();
  const running = new Map<Component, RunningRtvm>();
  const ports = new Map<Component, number>();

  beforeAll(async () => {
    [api, host] = [await startKubeApi(), await startLocalHost()];
    served = await servePolicy(api);
    for (const component of ['controller', 'agent'] as const) ports.set(component, await freePort());
    await installChart();
    await createNode(api, nodeName);
    for (const component of ['controller', 'agent'] as const) proxies.set(component, await openProxy(component));
    for (const { proxy } of proxies.values()) proxy.withoutWatchList = true;
    start('controller');
    start('agent');
  }, 300_000);

  afterAll(async () => {
    for (const { process } of running.values()) process.kill('SIGKILL');
    for (const { proxy } of proxies.values()) await proxy[Symbol.asyncDispose]();
    await served[Symbol.asyncDispose]();
    await host[Symbol.asyncDispose]();
    await api.stop();
  });

  async function installChart(): Promise<void> {
    const values = {
      'agent.stateDir': host.stateDir, 'agent.imageRoot': host.imageRoot, 'agent.libvirtDir': join(host.libvirtd.dir, 'run'), 'agent.libvirtSocket': 'libvirt-sock',
      'agent.lockDir': join(host.dir, 'lock'), 'agent.virtType': host.virtType, 'agent.cpuList': '0', 'agent.auditIntervalSeconds': '2',
      'agent.metricsPort': String(ports.get('agent')), 'controller.metricsPort': String(ports.get('controller')), 'policies.inlineRealtime.allowedNamespaces': '{default}',
    };
    const { exitCode, stderr } = await helm(served.kubeconfigPath, 'install', 'rtvm', chartDirectory, '--namespace', releaseNamespace, '--create-namespace', ...Object.entries(values).flatMap(([key, value]) => ['--set', `${key}=${value}`]));
    if (exitCode !== 0) throw new Error(stderr);
    const { stdout } = await helm(served.kubeconfigPath, 'get', 'manifest', 'rtvm', '--namespace', releaseNamespace);
    installed = manifestsIn(stdout);
    await told('wait', '--for=condition=Established', 'crd', '-l', 'app.kubernetes.io/name=rtvm', '--timeout=60s');
  }

  /** The real API server knows ServiceAccounts; the small one is told whose request it is, and from which node. */
  async function openProxy(component: Component) {
    const account = `rtvm-${component}`;
    const isReal = api.kind === 'kube-apiserver';
    const proxy = new RecordingProxy({ api, upstream: served, headers: isReal ? undefined : headersOf(account, component === 'agent' ? nodeName : undefined) });
    return { proxy, port: await proxy.listen(), token: isReal ? await boundToken(account) : 'whoever has this port' };
  }

  function headersOf(account: string, node: string | undefined): Readonly<Record<string, string>> {
    return {
      authorization: `Bearer ${api.token}`,
      'impersonate-user': `system:serviceaccount:${releaseNamespace}:${account}`,
      'impersonate-group': 'system:serviceaccounts',
      ...(node === undefined ? {} : { 'impersonate-extra-authentication.kubernetes.io%2Fnode-name': node }),
    };
  }

  async function boundToken(account: string): Promise<string> {
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: account }, spec: { serviceAccountName: account, nodeName, containers: [{ name: 'main', image: 'none' }] } };
    await told('apply', '-n', releaseNamespace, '-f', host.write(`${account}-pod.json`, JSON.stringify(pod)));
    return (await told('create', 'token', account, '-n', releaseNamespace, '--bound-object-kind', 'Pod', '--bound-object-name', account)).trim();
  }

  /** What kubectl prints, as an administrator; its refusals fail the test. */
  async function told(...args: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await kubectl(served.kubeconfigPath, ...args);
    if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  function start(component: Component): void {
    const { port, token } = proxies.get(component)!;
    const workload = only(installed, component === 'controller' ? 'Deployment/rtvm-controller' : 'DaemonSet/rtvm-agent');
    const accountDirectory = join(host.dir, `account-${component}`);
    mkdirSync(accountDirectory, { recursive: true });
    running.set(component, startPod(workload, { nodeName, accountDirectory, token, port, certificate: join(api.dir, 'certs', 'apiserver.crt') }));
  }

  /** As an upgrade does; the next one finds a server that sends the state with its watches. */
  async function restart(component: Component): Promise<void> {
    running.get(component)!.process.kill('SIGTERM');
    const { exitCode, stderr } = await running.get(component)!.ended;
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    proxies.get(component)!.proxy.withoutWatchList = false;
    start(component);
  }

  const proxyOf = (component: Component) => proxies.get(component)!.proxy;
  const vcpu = (number: number) => vcpuThread(qemuOf(host.libvirtd, 'probe'), number);
  const metrics = async (component: Component) => (await fetch(`http://127.0.0.1:${ports.get(component)!}/metrics`)).text();
  const becomesReady = async () => told('wait', `--for=condition=${hasKvm ? 'Ready' : 'Running'}`, 'rtvm/probe', '--timeout=120s');
  const isNewEvent = ({ verb, resource }: ApiRequest) => verb === 'create' && resource === 'events';
  /** As a predecessor would have; the event is counted then. */
  const saidAlready: Interference = async (sendAhead) => sendAhead();
  const annotate = (what: string) => async () => {
    await told('annotate', ...what.split(' '), `touched-at=${Date.now()}`, '--overwrite');
  };

  async function drift(): Promise<void> {
    execFileSync('chrt', ['--other', '--pid', '0', String(vcpu(1).tid)]);
    await until('the thread is set right', () => vcpu(1).scheduling === 'FIFO 1');
  }

  it('tell what the host is, without anybody having described it', async () => {
    await until('the RealtimeNode is there', async () => (await kubectl(served.kubeconfigPath, 'get', 'rtnode', nodeName, '-o', 'jsonpath={.status.topology.numaNodes[0].cpus}')).stdout !== '');
    await told('patch', 'rtnode', nodeName, '--type', 'merge', '--patch', '{"spec": {"dedicatedCpus": "1", "sharedCpus": "0"}}');
  });

  it('run a VM, whatever else is written at the same moment', async () => {
    proxyOf('controller').beforeNext(({ verb, resource }) => verb === 'update' && resource === 'realtimevms/status', annotate('rtvm probe'));
    proxyOf('controller').beforeNext(({ verb, resource }) => verb === 'update' && resource === 'realtimeallocations', annotate(`rtalloc ${nodeName}`));
    proxyOf('agent').beforeNext(({ verb, resource }) => verb === 'update' && resource === 'realtimeallocations/status', annotate(`rtalloc ${nodeName}`));
    proxyOf('controller').beforeNext(isNewEvent, saidAlready);
    await told('apply', '-f', probeVm);
    await becomesReady();
    expect([vcpu(0).scheduling, vcpu(1).scheduling, vcpu(1).cpus]).toEqual(['OTHER', 'FIFO 1', '1']);
    await expect.poll(async () => metrics('agent')).toMatch(/^rtvm_vcpu_realtime\{namespace="default",name="probe",vcpu="1"\} 1$/m);
    await expect.poll(async () => metrics('agent')).toMatch(/^rtvm_libvirt_reached 1$/m);
    await expect.poll(async () => metrics('controller')).toMatch(/^rtvm_vms\{phase="Running"\} 1$/m);
  });

  it('need no more of the machine than the chart gives them', () => {
    const status = (component: Component) => execFileSync('sh', ['-c', `grep -E '^(Uid|CapBnd|NoNewPrivs|Cpus_allowed_list)' /proc/${running.get(component)!.process.pid!}/status`], { encoding: 'utf8' }).replaceAll('\t', ' ');
    // Bit 23 is CAP_SYS_NICE.
    expect(status('agent')).toBe('Uid: 0 0 0 0\nCapBnd: 0000000000800000\nNoNewPrivs: 1\nCpus_allowed_list: 0\n');
    expect(status('controller')).toMatch(/^Uid: 65532 65532 65532 65532\nCapBnd: 0000000000000000\nNoNewPrivs: 1\n/);
    expect(running.get('agent')!.stderr()).not.toContain('may run on the dedicated CPUs');
    expect(running.get('agent')!.stderr()).not.toContain('KVM is not usable');
  });

  it('pass the chart\'s own test', async () => {
    const { spec } = installedHook(await helm(served.kubeconfigPath, 'get', 'hooks', 'rtvm', '--namespace', releaseNamespace));
    const [{ command, args }] = spec.containers;
    const called = (url: string) => execFileSync(process.execPath, [...command.slice(1), ...args], { env: { METRICS_URL: url }, encoding: 'utf8', timeout: 60_000 });
    expect(called(`http://127.0.0.1:${ports.get('controller')!}/metrics`)).toBe('a controller leads\n');
  });

  it('set a thread right, before and after an upgrade of the agent', async () => {
    proxyOf('agent').beforeNext(isNewEvent, saidAlready);
    const before = identityOf(qemuOf(host.libvirtd, 'probe'));
    await drift();
    await restart('agent');
    await drift();
    expect(identityOf(qemuOf(host.libvirtd, 'probe'))).toBe(before);
  });

  it('stop and start a VM after an upgrade of the controller', async () => {
    await restart('controller');
    await told('patch', 'rtvm', 'probe', '--type', 'merge', '--patch', '{"spec": {"runStrategy": "Halted"}}');
    await told('wait', '--for=jsonpath={.status.phase}=Stopped', 'rtvm/probe', '--timeout=120s');
    await told('patch', 'rtvm', 'probe', '--type', 'merge', '--patch', '{"spec": {"runStrategy": "Always"}}');
    await becomesReady();
  });

  it('leave nothing of it when it is deleted', async () => {
    await told('delete', '-f', probeVm, '--timeout=120s');
    await host.nothingIsLeft();
    const gone = (what: string) => async () => (await told('get', what, '-n', releaseNamespace, '-l', 'rtvm.dev/guard', '-o', 'name')) === '';
    await until('the budget is gone', gone('poddisruptionbudgets'));
    await until('a guard was deleted', () => proxyOf('controller').requests.some(({ verb, resource }) => verb === 'delete' && resource === 'pods'));
  });

  it('have a token that is of no use against another node, or against a VM', async () => {
    const other = { apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeAllocation', metadata: { name: 'other' } };
    await told('apply', '-f', host.write('other.json', JSON.stringify({ ...other, spec: { guests: [] } })), '-f', probeVm);
    const path = (plural: string, name: string) => `/apis/rtvm.dev/v1alpha1/${plural}/${name}`;
    const asAgent = api.kind === 'kube-apiserver' ? { authorization: `Bearer ${proxies.get('agent')!.token}` } : headersOf('rtvm-agent', nodeName);
    /** Around the proxy, which counts what the agent itself asks. @returns `ok`, or what the API server says against it. */
    const rewrite = async (objectPath: string) => {
      for (;;) {
        const { body } = await kubeRequest<object>(api, 'GET', objectPath);
        const answer = await kubeRequest<KubeRefusal>(api, 'PUT', `${objectPath}/status`, { body: { ...body, status: { guests: [] } }, headers: asAgent });
        // Somebody who may has just written it.
        if (answer.status !== 409) return answer.status === 200 ? 'ok' : answer.body.message;
      }
    };
    expect(await rewrite(path('realtimeallocations', 'other'))).toContain(`the agent of node ${nodeName} may not touch realtimeallocations other`);
    // Without RBAC nothing but the policies stands before a VM, and they let its controller alone write its status.
    expect(await rewrite(path('namespaces/default/realtimevms', 'probe'))).toMatch(/cannot update resource "realtimevms\/status"|may not touch realtimevms probe|is written by/);
    await becomesReady();
    expect(await rewrite(path('realtimeallocations', nodeName))).toBe('ok');
    await told('delete', '-f', probeVm, '--timeout=120s');
  });

  it.each(['controller', 'agent'] as const)('were refused nothing, and ask for what their roles allow, all of it and nothing else: %s', async (component) => {
    const { requests, otherPaths } = proxyOf(component);
    const grants = grantsOf(`rtvm-${component}`, installed);
    // Leases are renewed, and what has happened is reported, in their time.
    await expect.poll(() => unused(requests, grants)).toEqual([]);
    expect(otherPaths).toEqual([]);
    expect(requests.filter(({ status }) => status === 403)).toEqual([]);
    expect(ungranted(requests, grants)).toEqual([]);
    expect(grants.size).toBeGreaterThan(10);
  });

  it('stay up without permission, and say what was refused', async () => {
    if (api.kind === 'kube-apiserver') await told('delete', 'clusterrolebinding', 'rtvm-agent');
    else proxyOf('agent').actAs(headersOf('rtvm-agent', undefined));
    await restart('agent');
    await running.get('agent')!.said(/this token of an agent names no node|cannot (?:list|watch) resource/);
    expect(running.get('agent')!.process.exitCode).toBeNull();
  });
});

function installedHook({ stdout }: { readonly stdout: string }) {
  return only(manifestsIn(stdout), 'Pod/rtvm-test') as unknown as { readonly spec: { readonly containers: readonly [{ readonly command: readonly string[]; readonly args: readonly string[] }] } };
}

/** That was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
