// Puts the committed CRDs into the API server of a test.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { load } from 'js-yaml';
import type { KubeApi } from './kube-api.ts';
import { kubeRequest } from './kube-request.ts';

export const crdDirectory = join(import.meta.dirname, '..', '..', 'deploy', 'crds');

interface Definition {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly names: { readonly plural: string }; readonly group: string; readonly versions: readonly { readonly name: string }[] };
}

/** Installs `deploy/crds/` and waits until every resource is served. @throws Error with what the API server says of a CRD that it refuses. */
export async function installCrds(api: KubeApi): Promise<void> {
  for (const file of readdirSync(crdDirectory)) {
    const definition = load(readFileSync(join(crdDirectory, file), 'utf8')) as Definition;
    const { status, body } = await kubeRequest<{ message?: string }>(api, 'POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', { body: definition });
    if (status !== 201) throw new Error(`${file}: ${body.message ?? `status ${status}`}`);
    const { group, names: { plural }, versions } = definition.spec;
    const deadline = Date.now() + 30_000;
    while ((await kubeRequest(api, 'GET', `/apis/${group}/${versions[0]!.name}/${plural}`)).status !== 200) {
      if (Date.now() > deadline) throw new Error(`${definition.metadata.name} is installed, but not served after 30 s`);
      await sleep(50);
    }
  }
}
