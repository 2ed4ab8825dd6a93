/** Finds the cluster to talk to, as kubectl does. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';

export interface KubeConfigSource {
  /** A kubeconfig file. Default: `$KUBECONFIG`, else the pod's service account, else `~/.kube/config`. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}

/** @throws Error that says where was looked, and what to give. */
export function loadKubeConfig({ kubeconfig, context }: KubeConfigSource = {}): KubeConfig {
  const config = new KubeConfig();
  const inHome = path.join(homedir(), '.kube', 'config');
  if (kubeconfig !== undefined) config.loadFromFile(kubeconfig);
  else if (isSet('KUBECONFIG')) config.loadFromDefault();
  else if (isSet('KUBERNETES_SERVICE_HOST')) config.loadFromCluster();
  else if (existsSync(inHome)) config.loadFromFile(inHome);
  else throw new Error(`no cluster to talk to: $KUBECONFIG is not set, there is no ${inHome}, and this is no pod; name a kubeconfig file`);
  if (context === undefined) return config;
  if (config.getContextObject(context) === null) {
    throw new Error(`the kubeconfig has no context ${JSON.stringify(context)}; it has: ${config.getContexts().map(({ name }) => name).join(', ')}`);
  }
  config.setCurrentContext(context);
  return config;
}

function isSet(variable: string): boolean {
  return (process.env[variable] ?? '') !== '';
}
