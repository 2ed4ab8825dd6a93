// The bundle as processes of a cluster: a controller and an agent, started as the image starts them, on a real API server.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { bundle } from '../../scripts/bundle/bundle.ts';
import { describeWithKubeApi } from '../testbed/describe-with-kube-api.ts';
import { installCrds } from '../testbed/install-crds.ts';
import { startKubeApi } from '../testbed/kube-api.ts';
import type { KubeApi } from '../testbed/kube-api.ts';
import { kubeCondition, KubeObjects, paths } from './support/kube-objects.ts';
import type { KubeVm } from './support/kube-objects.ts';

interface LogLine {
  readonly level: string;
  readonly msg: string;
}

describeWithKubeApi('the bundle on an API server', () => {
  const directory = mkdtempSync(join(tmpdir(), 'rtvm-bundled-'));
  let api: KubeApi;
  let file: string;

  beforeAll(async () => {
    ({ file } = await bundle(join(import.meta.dirname, '../..'), directory));
    api = await startKubeApi();
    await installCrds(api);
  });
  afterAll(async () => {
    await api.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** By its own first line, with Node from the PATH. */
  function start(...args: readonly string[]) {
    const child = spawn(file, [...args, '--kubeconfig', api.kubeconfigPath, '--lease-namespace', 'default', '--metrics-address', '127.0.0.1:0'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: `${dirname(process.execPath)}:${process.env['PATH']!}` },
    });
    onTestFinished(() => { child.kill('SIGKILL'); });
    const log = text(child.stderr);
    const ended = once(child, 'exit');
    return {
      stop: async () => {
        child.kill('SIGTERM');
        const [code] = await ended as [number | null];
        return { code, log: (await log).trimEnd().split('\n').map((line) => JSON.parse(line) as LogLine) };
      },
    };
  }

  test('a controller reads VMs, writes what it finds, and gives its Lease back; an agent offers its host', async () => {
    const objects = new KubeObjects(api);
    const controller = start('controller');
    await objects.create(paths.vms, { apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeVM', metadata: { name: 'nowhere' }, spec: { cpu: { vcpus: 1 }, memory: { size: '64Mi' }, disks: [{ name: 'data', emptySize: '1Mi' }] } });
    const vm = await objects.when<KubeVm>(`${paths.vms}/nowhere`, (object) => object !== undefined && kubeCondition(object, 'Placed')?.status === 'False');
    expect(kubeCondition(vm, 'Placed')!.message).toBe('there is no RealtimeNode');

    const agent = start('agent', '--node-name', 'bundled', '--state-dir', join(directory, 'state'), '--lock-file', join(directory, 'lock'), '--libvirt-socket', join(directory, 'no-libvirt'));
    await objects.when(`${paths.nodes}/bundled`, (object) => object !== undefined);

    const agentEnded = await agent.stop();
    expect(agentEnded.code, JSON.stringify(agentEnded.log)).toBe(0);
    // By its own name, which minifying takes from classes.
    expect(agentEnded.log).toContainEqual(expect.objectContaining({
      level: 'warn', node: 'bundled', msg: 'libvirt is not reached; running VMs are audited all the same',
      error: expect.objectContaining({ name: 'LibvirtConnectionError', code: 'SOCKET_MISSING' }) as unknown,
    }));
    const controllerEnded = await controller.stop();
    expect(controllerEnded.code, JSON.stringify(controllerEnded.log)).toBe(0);
    expect(controllerEnded.log.map(({ msg }) => msg)).toContain('this controller leads');
    const lease = await objects.when<{ readonly metadata: object; readonly spec: { readonly holderIdentity?: string } }>(`${paths.leases}/rtvm-controller`, (object) => object !== undefined);
    expect(lease!.spec.holderIdentity ?? '').toBe('');
  });
});
