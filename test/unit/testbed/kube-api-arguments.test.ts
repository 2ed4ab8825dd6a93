// The command lines by which a test's API server is started; the real kube-apiserver takes only flags that it knows, each once.
import { describe, expect, it } from 'vitest';
import { etcdArguments, serverArguments } from '../../testbed/kube-api-arguments.ts';

const ports = { etcd: 2001, etcdPeer: 2002, api: 2003 };
const files = { certificates: '/t/certs', tokens: '/t/tokens.csv', serviceAccountKey: '/t/sa.key' };

describe('the API server of a test', () => {
  it('is kube-apiserver as envtest starts it, with tokens and RBAC', () => {
    const args = serverArguments('kube-apiserver', ports, files);
    expect(Object.fromEntries(args.map((arg) => arg.replace(/^--/, '').split(/=(.*)/s)))).toEqual({
      'etcd-servers': 'http://127.0.0.1:2001', 'bind-address': '127.0.0.1', 'advertise-address': '127.0.0.1', 'secure-port': '2003', 'cert-dir': '/t/certs',
      'token-auth-file': '/t/tokens.csv', 'authorization-mode': 'RBAC', 'allow-privileged': 'true', 'service-cluster-ip-range': '10.0.0.0/24',
      'service-account-issuer': 'https://127.0.0.1:2003/', 'service-account-key-file': '/t/sa.key', 'service-account-signing-key-file': '/t/sa.key', 'disable-admission-plugins': 'ServiceAccount',
    });
  });

  it('is the small server of the same libraries otherwise', () => {
    expect(serverArguments('kube-api', ports, files)).toEqual(['-etcd', 'http://127.0.0.1:2001', '-port', '2003', '-cert-dir', '/t/certs', '-tokens', '/t/tokens.csv']);
  });

  it('has an etcd that talks to nobody else', () => {
    const urls = etcdArguments('/t/etcd', ports).filter((arg) => arg.includes('://')).map((arg) => arg.replace('default=', ''));
    expect(new Set(urls)).toEqual(new Set(['http://127.0.0.1:2001', 'http://127.0.0.1:2002']));
  });
});
