// Starts the container of a Deployment or DaemonSet on this machine, as its manifest says: arguments, user, capabilities, mounts and the
// ServiceAccount's files, by which it finds the API server. What a kubelet does beyond that (images, cgroups, seccomp) is not done.
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from './chart.ts';
import { repository, watched } from './local-host.ts';
import type { RunningRtvm } from './local-host.ts';

export interface PodPlace {
  readonly nodeName: string;
  /** An empty directory for the ServiceAccount's files. */
  readonly accountDirectory: string;
  readonly token: string;
  /** Certificate that the API server is to show. */
  readonly certificate: string;
  /** Of the API server, on loopback. */
  readonly port: number;
}

interface Container {
  readonly command?: readonly string[];
  readonly args: readonly string[];
  readonly env?: readonly { readonly name: string; readonly valueFrom: { readonly fieldRef: { readonly fieldPath: string } } }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
  readonly securityContext: { readonly capabilities: { readonly drop: readonly string[]; readonly add?: readonly string[] } };
}

interface PodSpec {
  readonly hostPID?: boolean;
  readonly securityContext: { readonly runAsUser: number };
  readonly containers: readonly [Container];
  readonly volumes?: readonly { readonly name: string; readonly hostPath: { readonly path: string; readonly type: string } }[];
}

/** Where the sandbox shows the repository, so that its path need not be open to the container's user. */
const program = '/mnt/rtvm';

export function startPod(workload: Manifest, place: PodPlace): RunningRtvm {
  const { securityContext, containers: [container], volumes = [] } = (workload['spec'] as { readonly template: { readonly spec: PodSpec } }).template.spec;
  const { command = ['rtvm'], args, env = [], volumeMounts = [], securityContext: { capabilities } } = container;
  if (capabilities.drop.join() !== 'ALL') throw new Error(`the sandbox drops all capabilities, the manifest ${capabilities.drop.join()}`);
  const mounts = volumeMounts.map(({ name, mountPath, readOnly = false }) => {
    const { path, type } = volumes.find((volume) => volume.name === name)!.hostPath;
    if (type === 'DirectoryOrCreate') mkdirSync(path, { recursive: true });
    return `${path}=${mountPath}${readOnly ? ':ro' : ''}`;
  });
  const child = spawn(join(repository, 'test/testbed/pod-sandbox'), [
    ...mounts, `${repository}=${program}:ro`, `${accountFiles(place)}=/run/secrets/kubernetes.io/serviceaccount:ro`,
    '--', String(securityContext.runAsUser), capabilities.add?.map((name) => `+${name.toLowerCase()}`).join(',') ?? 'none',
    ...command.map((word) => (word === 'rtvm' ? `${program}/bin/rtvm` : word)), ...args,
  ], {
    env: {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/', KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(place.port),
      ...Object.fromEntries(env.map(({ name, valueFrom: { fieldRef: { fieldPath } } }) => [name, fieldOf(fieldPath, place)])),
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.end();
  return watched(child);
}

function fieldOf(path: string, { nodeName }: PodPlace): string {
  if (path !== 'spec.nodeName') throw new Error(`the sandbox knows no ${path}`);
  return nodeName;
}

function accountFiles({ accountDirectory, token, certificate }: PodPlace): string {
  mkdirSync(accountDirectory, { recursive: true, mode: 0o755 });
  writeFileSync(join(accountDirectory, 'token'), token, { mode: 0o644 });
  writeFileSync(join(accountDirectory, 'namespace'), 'rtvm-system', { mode: 0o644 });
  copyFileSync(certificate, join(accountDirectory, 'ca.crt'));
  return accountDirectory;
}
