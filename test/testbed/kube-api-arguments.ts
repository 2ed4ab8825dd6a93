// How etcd and the API server of a test are started: pure, since the real kube-apiserver is not at hand everywhere to be tried.
import type { KubeApiBinaries } from './kube-api-binaries.ts';

export interface Ports {
  readonly etcd: number;
  readonly etcdPeer: number;
  readonly api: number;
}

export interface ServerFiles {
  readonly certificates: string;
  readonly tokens: string;
  readonly serviceAccountKey: string;
}

const loopback = '127.0.0.1';

export function etcdArguments(dataDirectory: string, ports: Ports): readonly string[] {
  const client = `http://${loopback}:${ports.etcd}`;
  const peer = `http://${loopback}:${ports.etcdPeer}`;
  return [
    '--data-dir', dataDirectory, '--unsafe-no-fsync', '--log-level', 'warn',
    '--listen-client-urls', client, '--advertise-client-urls', client,
    '--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`,
  ];
}

/** Of kube-apiserver those that envtest gives it (sigs.k8s.io/controller-runtime, pkg/internal/testing/controlplane), and tokens instead of certificates. */
export function serverArguments(kind: KubeApiBinaries['kind'], ports: Ports, { certificates, tokens, serviceAccountKey }: ServerFiles): readonly string[] {
  const etcd = `http://${loopback}:${ports.etcd}`;
  const port = String(ports.api);
  if (kind === 'kube-api') return ['-etcd', etcd, '-port', port, '-cert-dir', certificates, '-tokens', tokens];
  return [
    `--etcd-servers=${etcd}`, `--bind-address=${loopback}`, `--secure-port=${port}`, `--cert-dir=${certificates}`,
    // Else it looks for an interface with a default route, and ends where there is none.
    `--advertise-address=${loopback}`,
    `--token-auth-file=${tokens}`, '--authorization-mode=RBAC', '--allow-privileged=true', '--service-cluster-ip-range=10.0.0.0/24',
    `--service-account-issuer=https://${loopback}:${port}/`, `--service-account-key-file=${serviceAccountKey}`, `--service-account-signing-key-file=${serviceAccountKey}`,
    // No controller makes the default ServiceAccount here, without which every pod would be refused.
    '--disable-admission-plugins=ServiceAccount',
  ];
}
