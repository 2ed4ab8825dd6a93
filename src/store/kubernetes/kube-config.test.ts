import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { HttpsTransport } from './https-transport.ts';
import { loadKubeConfig } from './kube-config.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'rtvm-home-'));
  vi.stubEnv('HOME', home);
  vi.stubEnv('KUBECONFIG', '');
  vi.stubEnv('KUBERNETES_SERVICE_HOST', '');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true });
});

function kubeconfig(server: string): string {
  const file = path.join(home, 'config');
  writeFileSync(file, `
apiVersion: v1
kind: Config
clusters: [{name: one, cluster: {server: "${server}"}}, {name: two, cluster: {server: "https://two.test"}}]
users: [{name: me, user: {token: t}}]
contexts: [{name: first, context: {cluster: one, user: me}}, {name: second, context: {cluster: two, user: me}}]
current-context: first
`);
  return file;
}

test('the named file counts first, then $KUBECONFIG, then the pod', () => {
  const file = kubeconfig('https://one.test');
  expect(loadKubeConfig({ kubeconfig: file }).getCurrentCluster()?.server).toBe('https://one.test');
  expect(loadKubeConfig({ kubeconfig: file, context: 'second' }).getCurrentCluster()?.server).toBe('https://two.test');
  vi.stubEnv('KUBERNETES_SERVICE_HOST', 'fd00::1');
  vi.stubEnv('KUBERNETES_SERVICE_PORT', '443');
  expect(loadKubeConfig().getCurrentCluster()?.server).toBe('https://[fd00::1]:443');
  vi.stubEnv('KUBECONFIG', file);
  expect(loadKubeConfig().getCurrentCluster()?.server).toBe('https://one.test');
});

test('what is missing is said', () => {
  expect(() => loadKubeConfig()).toThrow(`no cluster to talk to: $KUBECONFIG is not set, there is no ${home}/.kube/config, and this is no pod; name a kubeconfig file`);
  expect(() => loadKubeConfig({ kubeconfig: kubeconfig('https://one.test'), context: 'third' })).toThrow('the kubeconfig has no context "third"; it has: first, second');
  const config = loadKubeConfig({ kubeconfig: kubeconfig('http://one.test') });
  expect(() => new HttpsTransport({ loadConfig: () => config, userAgent: 'test' })).toThrow('the API server\'s address must begin with https://, found http://one.test');
  config.setCurrentContext('none');
  expect(() => new HttpsTransport({ loadConfig: () => config, userAgent: 'test' })).toThrow('the kubeconfig\'s current context "none" names no cluster; choose one with `kubectl config use-context`');
});

test('a server that cannot be reached, and credentials that cannot be had, are told apart from answers', async () => {
  const config = loadKubeConfig({ kubeconfig: kubeconfig('https://127.0.0.1:1') });
  const request = { method: 'GET', path: '/', signal: new AbortController().signal } as const;
  await expect(new HttpsTransport({ loadConfig: () => config, userAgent: 'test' }).send(request)).rejects.toThrow(expect.objectContaining({ name: 'TransportError', unsent: true, message: 'connect ECONNREFUSED 127.0.0.1:1' }));
  Object.assign(config.users[0]!, { token: undefined, exec: { apiVersion: 'client.authentication.k8s.io/v1', command: '/no/such/plugin' } });
  await expect(new HttpsTransport({ loadConfig: () => config, userAgent: 'test' }).send(request)).rejects.toThrow(expect.objectContaining({ unsent: true, message: 'no credentials for it: spawn /no/such/plugin ENOENT' }));
});
