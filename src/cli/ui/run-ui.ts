/** Serves the page until a person has seen enough. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { loadKubeConfig } from '../../store/kubernetes/kube-config.ts';
import { DirectoryStore } from '../../store/directory/directory-store.ts';
import { nodeLeaseMs } from '../controller/node-lease-ms.ts';
import type { UiOptions } from '../commands/ui.ts';
import { CommandError } from '../exit.ts';
import type { ExitCode } from '../exit.ts';
import type { Io } from '../io.ts';
import { openCluster } from '../process/cluster.ts';
import { readVersion } from '../process/version.ts';
import { Interrupt } from '../run/interrupt.ts';
import { ClusterFeed } from './cluster-feed.ts';
import type { FeedSource } from './cluster-feed.ts';
import { pageHandler, pagePath } from './page-handler.ts';

export async function runUi(options: UiOptions, io: Io): Promise<ExitCode> {
  using interrupt = new Interrupt();
  const { title, ...source } = await openSource(options);
  const feed = new ClusterFeed(source, io.runtime.clock);
  const page = pageHandler({ feed, hello: { version: readVersion(), title }, hosts: [] });
  const server = createServer((request, response) => {
    if (!page(request, response)) response.writeHead(307, { location: pagePath }).end();
  });
  try {
    server.listen(options.address.port, options.address.host);
    await once(server, 'listening').catch((error: unknown) => {
      throw new CommandError('CANNOT_LISTEN', `${options.address.host ?? ''}:${options.address.port} cannot be listened on: ${error instanceof Error ? error.message : String(error)}; --address says another`, { cause: error });
    });
    const { address, port } = server.address() as AddressInfo;
    io.err(`rtvm: http://${address.includes(':') ? `[${address}]` : address}:${port}${pagePath} shows ${title}; Ctrl-C ends it`);
    await interrupt.happened;
    return 0;
  } finally {
    server.close();
    server.closeAllConnections();
    await feed.close();
    await source.store.close();
  }
}

async function openSource({ stateDir, kubeconfig, context, leaseNamespace }: UiOptions): Promise<FeedSource & { readonly title: string }> {
  if (stateDir !== undefined) {
    const directory = resolve(stateDir);
    if (!existsSync(directory)) throw new CommandError('STATE_MISSING', `${directory} is not there; accepted for --state-dir: the state directory of "rtvm run"`);
    return { title: directory, store: await DirectoryStore.open({ directory }) };
  }
  const where = { ...(kubeconfig === undefined ? {} : { kubeconfig }), ...(context === undefined ? {} : { context }) };
  const store = openCluster(where, 'rtvm-ui', () => undefined);
  return { title: loadKubeConfig(where).getCurrentContext(), store, cluster: { cluster: store, leaseNamespace, leaseMs: nodeLeaseMs } };
}
