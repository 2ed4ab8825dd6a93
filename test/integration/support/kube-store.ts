// Stores on the API server of a test.
import { readFileSync } from 'node:fs';
import { KubeConfig } from '@kubernetes/client-node';
import { onTestFinished } from 'vitest';
import { HttpsTransport } from '../../../src/store/kubernetes/https-transport.ts';
import { kubernetesStoreOver } from '../../../src/store/kubernetes/kubernetes-store.ts';
import type { KubernetesStore } from '../../../src/store/kubernetes/kubernetes-store.ts';
import { modify } from '../../../src/store/modify.ts';
import type { Transport, TransportRequest } from '../../../src/store/kubernetes/transport.ts';
import type { WatchTiming } from '../../../src/store/kubernetes/watch-stream.ts';
import type { KubeApi } from '../../testbed/kube-api.ts';

export interface TestStoreOptions {
  /** In place of the server's own address. */
  readonly url?: string;
  readonly watchTiming?: WatchTiming;
}

export interface TestStore {
  readonly store: KubernetesStore;
  /** Method and path with query of every request that was sent. */
  readonly requests: readonly string[];
}

/** A store with connections of its own, as another process would have; closed after the test. */
export function kubeStore(api: KubeApi, { url = api.url, watchTiming }: TestStoreOptions = {}): TestStore {
  const transport = new HttpsTransport({ loadConfig: () => configOf(api, url), userAgent: 'rtvm-test' });
  const requests: string[] = [];
  const store = kubernetesStoreOver(recording(transport, requests), { component: 'rtvm-test', watchTiming });
  onTestFinished(() => store.close());
  return { store, requests };
}

function configOf(api: KubeApi, url: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromString(readFileSync(api.kubeconfigPath, 'utf8').replace(api.url, url));
  return config;
}

function recording(transport: Transport, requests: string[]): Transport {
  return {
    server: transport.server,
    send: (request: TransportRequest) => {
      requests.push(`${request.method} ${request.path}`);
      return transport.send(request);
    },
    renewCredentials: () => transport.renewCredentials(),
    close: () => transport.close(),
  };
}

/** Removes every object of ours, whatever holds it. */
export async function removeAll(store: KubernetesStore): Promise<void> {
  for (const kind of ['RealtimeVM', 'RealtimeImage', 'RealtimeNode', 'RealtimeAllocation', 'RealtimeVMClass'] as const) {
    for (const object of await store.list(kind)) {
      await store.delete(kind, object.metadata);
      if (object.metadata.finalizers !== undefined) await modify(store, kind, object.metadata, (held) => ({ ...held, metadata: { ...held.metadata, finalizers: [] } }) as typeof held);
    }
  }
}
