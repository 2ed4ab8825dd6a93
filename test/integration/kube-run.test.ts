// The whole of it: kubectl, a real API server, the real controller and agent as processes, real libvirt and KVM, and the
// threads read from /proc by other code than the product's.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithKubeApi } from '../testbed/describe-with-kube-api.ts';
import { startKubeApi } from '../testbed/kube-api.ts';
import type { KubeApi } from '../testbed/kube-api.ts';
import { createNode } from '../testbed/kube-node.ts';
import { kubectl } from '../testbed/kubectl.ts';
import { identityOf, qemuOf, qemusOf, vcpuThread } from './support/live-process.ts';
import { nodeName, repository, rtvmPath, startLocalHost } from './support/local-host.ts';
import type { LocalHost, RunningRtvm } from './support/local-host.ts';
import { startPodProxy } from './support/pod-proxy.ts';
import { until } from './support/until.ts';
import { hasKvm } from './support/well-running.ts';

const leaseNamespace = 'rtvm-system';
const examples = join(repository, 'examples');

describeWithKubeApi('a VM that kubectl applies', () => {
  let api: KubeApi;
  let host: LocalHost;
  let agent: RunningRtvm;
  let controller: RunningRtvm;

  beforeAll(async () => {
    [api, host] = [await startKubeApi(), await startLocalHost()];
    await told('apply', '-f', join(repository, 'deploy/crds'));
    await told('wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s');
    for (const namespace of [leaseNamespace, 'factory', 'ran']) await told('create', 'namespace', namespace);
    await createNode(api, nodeName);
    await told('apply', '-f', host.nodeFile);
    controller = start('controller');
    agent = start('agent', '--node-name', nodeName);
    await told('apply', '-f', examples);
    await told('wait', `--for=condition=${hasKvm ? 'Ready' : 'Running'}`, 'rtvm/probe', '--timeout=120s');
  }, 300_000);

  afterAll(async () => {
    for (const running of [agent, controller]) running.process.kill('SIGKILL');
    await host[Symbol.asyncDispose]();
    await api.stop();
  });

  /** What kubectl prints; its refusals fail the test. */
  async function told(...args: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await kubectl(api.kubeconfigPath, ...args);
    if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  function start(what: 'agent' | 'controller', ...args: readonly string[]): RunningRtvm {
    return host.start([what, '--kubeconfig', api.kubeconfigPath, '--lease-namespace', leaseNamespace, '--metrics-address', '127.0.0.1:0', ...args]);
  }

  function startAgent(): RunningRtvm {
    return start('agent', '--node-name', nodeName, '--audit-interval', '2');
  }

  async function asked(running: RunningRtvm, path: string): Promise<{ readonly status: number; readonly text: string }> {
    const response = await fetch(`${/"url":"([^"]+)"/.exec(running.stderr())![1]!}${path}`);
    return { status: response.status, text: await response.text() };
  }

  const field = (path: string) => told('get', 'rtvm', 'probe', '-o', `jsonpath={${path}}`);
  const identity = () => identityOf(qemuOf(host.libvirtd, 'probe'));
  const vcpu = (number: number) => vcpuThread(qemuOf(host.libvirtd, 'probe'), number);

  it('runs on its pCPU at its priority, by /proc', () => {
    expect([vcpu(0).scheduling, vcpu(0).cpus, vcpu(1).scheduling, vcpu(1).cpus]).toEqual(['OTHER', '0', 'FIFO 1', '1']);
  });

  it.runIf(hasKvm)('is shown by kubectl, and so is why the others wait (skipped where there is no KVM)', async () => {
    const [header, ...rows] = (await told('get', 'rtvm', '--all-namespaces')).trim().split('\n').map((line) => line.split(/\s{2,}/));
    expect(header).toEqual(['NAMESPACE', 'NAME', 'PHASE', 'READY', 'REALTIME', 'NODE', 'AGE']);
    expect(rows.find(([, name]) => name === 'probe')?.slice(0, 6)).toEqual(['default', 'probe', 'Running', 'True', 'True', nodeName]);
    await expect.poll(async () => told('get', 'rtvm', 'plc', '-n', 'factory', '-o', 'jsonpath={.status.conditions[?(@.type=="Placed")].message}')).toMatch(/1 host: .*dedicated CPU/);
  });

  it('runs on a node that tells what it runs with', async () => {
    const versions = async () => JSON.parse(await told('get', 'realtimenode', nodeName, '-o', 'jsonpath={.status.versions}')) as Readonly<Record<string, string>>;
    const libvirtd = execFileSync('/usr/sbin/libvirtd', ['--version'], { encoding: 'utf8' });
    await expect.poll(versions).toEqual({
      rtvm: (JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { readonly version: string }).version,
      kernel: execFileSync('uname', ['-r'], { encoding: 'utf8' }).trim(),
      libvirt: /(\d+\.\d+\.\d+)\s*$/.exec(libvirtd)?.[1],
      qemu: /version (\d+\.\d+\.\d+)/.exec(execFileSync('qemu-system-x86_64', ['--version'], { encoding: 'utf8' }))?.[1],
    });
  });

  it.runIf(hasKvm)('has its figures on /metrics (skipped where there is no KVM)', async () => {
    expect(await asked(agent, '/readyz')).toEqual({ status: 200, text: 'ok\n' });
    const ofAgent = async () => (await asked(agent, '/metrics')).text;
    await expect.poll(ofAgent).toMatch(/^rtvm_vcpu_involuntary_switches_total\{namespace="default",name="probe",vcpu="1"\} \d+$/m);
    await expect.poll(ofAgent).toMatch(/^rtvm_vcpu_run_delay_seconds_total\{namespace="default",name="probe",vcpu="1"\} [\d.e-]+$/m);
    await expect.poll(ofAgent).toMatch(/^rtvm_audits_total\{verdict="verified"\} [1-9]/m);
    await expect.poll(ofAgent).toMatch(new RegExp(`^rtvm_allocated_cpus\\{node="${nodeName}"\\} 1$`, 'm'));
    await expect.poll(ofAgent).toMatch(new RegExp(`^rtvm_allocated_hugepages\\{node="${nodeName}",numa_node="0",size="2Mi"\\} 16$`, 'm'));
    const ofController = async () => (await asked(controller, '/metrics')).text;
    await expect.poll(ofController).toMatch(/^leader_election_master_status\{name="rtvm-controller"\} 1$/m);
    await expect.poll(ofController).toMatch(/^rtvm_pending_vms\{reason="TooFewDedicatedCpus"\} \d+$/m);
    await expect.poll(ofController).toMatch(/^rest_client_requests_total\{code="201",method="POST",host="kubernetes"\} \d+$/m);
  });

  it.runIf(hasKvm)('is looked into by kubectl rtvm through its agent: figures, threads, serial port (skipped where there is no KVM)', async () => {
    // This API server has no kubelet. A proxy in front of it answers for the agent's pod from the agent itself, and `kubectl exec` runs its
    // command here; the agent, libvirt, the guest and all of rtvm are what they are.
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'rtvm-agent-x', namespace: leaseNamespace, labels: { 'app.kubernetes.io/name': 'rtvm', 'app.kubernetes.io/component': 'agent' } }, spec: { nodeName, containers: [{ name: 'agent', image: 'rtvm' }] } };
    await told('create', '-f', host.write('pod.json', JSON.stringify(pod)));
    await told('patch', 'pod', 'rtvm-agent-x', '-n', leaseNamespace, '--subresource=status', '--type=merge', '-p', '{"status":{"phase":"Running"}}');
    await using proxy = await startPodProxy(api, { [`${leaseNamespace}/rtvm-agent-x:8081`]: () => /"url":"([^"]+)"/.exec(agent.stderr())![1]! });
    const bin = join(host.dir, 'bin');
    mkdirSync(bin);
    symlinkSync(rtvmPath, join(bin, 'rtvm'));
    const calls = join(host.dir, 'kubectl-calls');
    writeFileSync(join(bin, 'kubectl'), `#!/bin/sh\necho "$*" >> ${calls}\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec "$@"\n`, { mode: 0o755 });
    const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}`, LANG: 'C.UTF-8' };
    const reach = ['--kubeconfig', proxy.kubeconfigPath];
    const called = (...flags: readonly string[]) => `--kubeconfig ${proxy.kubeconfigPath} exec ${flags.join(' ')} -n ${leaseNamespace} rtvm-agent-x -c agent -- rtvm`;

    const delayNs = () => Number(readFileSync(`/proc/${qemuOf(host.libvirtd, 'probe')}/task/${vcpu(1).tid}/schedstat`, 'utf8').split(' ')[1]);
    const least = delayNs();
    const top = await host.rtvm(['kubectl', 'top', 'probe', '--interval', '0.5', '-o', 'json', ...reach], { env });
    expect(top).toMatchObject({ exitCode: 0, stderr: '' });
    const { items } = JSON.parse(top.stdout) as { readonly items: readonly { readonly vcpu: number; readonly cpus: string; readonly realtime: boolean; readonly runDelaySeconds: number }[] };
    expect(items.map(({ vcpu: number, cpus, realtime }) => [number, cpus, realtime])).toEqual([[0, '0', false], [1, '1', true]]);
    // Read while the metrics were asked for, not at the last audit.
    expect(Math.round(items[1]!.runDelaySeconds * 1e9)).toBeGreaterThanOrEqual(least);
    expect(Math.round(items[1]!.runDelaySeconds * 1e9)).toBeLessThanOrEqual(delayNs());

    const verified = await host.rtvm(['kubectl', 'verify', 'probe', '--live', ...reach], { env });
    expect(verified).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^default\/probe on demo: verified: domain \S+, process \d+, \d+ threads and memory read\n/) as string });
    expect(verified.stdout).toMatch(/CPU 1\/KVM +vCPU 1 +FIFO +1 +1 +FIFO 1 on 1 +ok/);

    const session = spawn(rtvmPath, ['kubectl', 'console', 'probe', ...reach], { env: { ...process.env, ...host.env, ...env } });
    let [printed, said] = ['', ''];
    session.stdout.on('data', (chunk: Buffer) => void (printed += chunk.toString('latin1')));
    session.stderr.on('data', (chunk: Buffer) => void (said += chunk.toString('latin1')));
    await until('the probe prints on its serial port', () => printed.includes('\n'));
    expect(await host.rtvm(['console', 'probe'], { env })).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('somebody is connected to the console of probe already; --force ends that session') as string });
    const ended = once(session, 'exit');
    session.stdin.write('\u001d');
    expect([await ended, said]).toEqual([[0, null], expect.stringContaining('Left; the VM runs on.')]);
    const uid = await field('.metadata.uid');
    expect(readFileSync(calls, 'utf8').trim().split('\n')).toEqual([`${called('-i')} verify --allocation - -o table default/probe`, `${called('-i')} console ${uid}`]);
    await told('delete', 'pod', 'rtvm-agent-x', '-n', leaseNamespace, '--wait=false');
  });

  it('is left alone by an agent that has nothing to do', async () => {
    // The start is over, and its timers are too.
    await sleep(5000);
    const pid = agent.process.pid!;
    const [before, beganMs] = [workOf(pid), performance.now()];
    await sleep(60_000);
    const [after, seconds] = [workOf(pid), (performance.now() - beganMs) / 1000];
    const [cpu, wakeups] = [(after.cpuMs - before.cpuMs) / seconds, (after.switches - before.switches) / seconds];
    process.stdout.write(`agent with one idle VM, ${seconds.toFixed(0)} s: ${cpu.toFixed(2)} ms of CPU and ${wakeups.toFixed(1)} wakeups a second\n`);
    expect(cpu).toBeLessThan(20);
    expect(wakeups).toBeLessThan(50);
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)('outlives its agent\'s %s, and is taken up as it is', async (signal) => {
    const before = identity();
    agent.process.kill(signal);
    const { exitCode } = await agent.ended;
    expect(exitCode).toBe(signal === 'SIGTERM' ? 0 : null);
    expect(identity()).toBe(before);
    agent = startAgent();
    execFileSync('chrt', ['--other', '--pid', '0', String(vcpu(1).tid)]);
    await until('the next agent has set the thread right', () => vcpu(1).scheduling === 'FIFO 1');
    await told('wait', `--for=condition=${hasKvm ? 'Ready' : 'Running'}`, 'rtvm/probe', '--timeout=60s');
    expect(identity()).toBe(before);
    expect(await field('.status.domain.restarts')).toBe('0');
  });

  it('is kept, corrected and started again while the API server is away, which is told afterwards', async () => {
    const before = identity();
    await api.stopServer('SIGKILL');
    execFileSync('chrt', ['--other', '--pid', '0', String(vcpu(1).tid)]);
    await until('the thread is set right without the API server', () => vcpu(1).scheduling === 'FIFO 1');
    expect(identity()).toBe(before);
    process.kill(qemuOf(host.libvirtd, 'probe'), 'SIGKILL');
    const again = await until('it runs again', () => {
      const [pid] = qemusOf(host.libvirtd, 'probe');
      return pid !== undefined && identityOf(pid) !== before && vcpuThread(pid, 1).scheduling === 'FIFO 1' && identityOf(pid);
    });
    await api.start();
    await until('the restart is told', async () => {
      // It has ended where the API server was away for longer than its Lease; a Deployment starts it anew.
      if (controller.process.exitCode !== null) controller = start('controller');
      return await field('.status.domain.restarts') === '1';
    });
    await told('wait', `--for=condition=${hasKvm ? 'Ready' : 'Running'}`, 'rtvm/probe', '--timeout=120s');
    expect(identity()).toBe(again);
    expect(agent.process.exitCode).toBeNull();
  });

  it('goes on under another controller, which takes over at once where the first ends in order', async () => {
    const before = identity();
    const second = start('controller');
    await second.said('another controller leads');
    expect(await asked(second, '/readyz')).toEqual({ status: 200, text: 'ok\n' });
    // While the second cannot take it, the Lease is seen to have been given back: nobody waits for it to lapse.
    second.process.kill('SIGSTOP');
    controller.process.kill('SIGTERM');
    const { exitCode, stderr } = await controller.ended;
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('controller ended') as unknown });
    controller = second;
    expect(await told('get', 'lease', 'rtvm-controller', '-n', leaseNamespace, '-o', 'jsonpath={.spec.holderIdentity}')).toBe('');
    second.process.kill('SIGCONT');
    await second.said('this controller leads');
    expect(identity()).toBe(before);
  });

  it('goes on under another controller when the first was frozen past its lease, which then writes nothing and ends', async () => {
    const before = identity();
    const second = start('controller');
    await second.said('another controller leads');
    controller.process.kill('SIGSTOP');
    await second.said('this controller leads');
    controller.process.kill('SIGCONT');
    const { exitCode, stderr } = await controller.ended;
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('leadership is lost') as unknown });
    controller = second;
    await told('wait', `--for=condition=${hasKvm ? 'Ready' : 'Running'}`, 'rtvm/probe', '--timeout=60s');
    expect(identity()).toBe(before);
  });

  it('leaves nothing behind when it is deleted', async () => {
    await told('delete', '-f', examples, '--timeout=120s');
    await host.nothingIsLeft();
    expect(await told('get', 'rtalloc', nodeName, '-o', 'jsonpath={.spec.guests}')).toBe('[]');
    await until('its figures are gone', async () => !(await asked(agent, '/metrics')).text.includes('name="probe"'));
  });
});

/** CPU time and how often any of its threads was woken up, since the process began. */
function workOf(pid: number): { readonly cpuMs: number; readonly switches: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // proc(5): utime and stime are fields 14 and 15, in ticks of 10 ms; the list begins with field 3.
  const cpuMs = 10 * (Number(fields[11]) + Number(fields[12]));
  const switches = readdirSync(`/proc/${pid}/task`).map((tid) => Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/task/${tid}/status`, 'utf8'))![1]));
  return { cpuMs, switches: switches.reduce((sum, count) => sum + count, 0) };
}
