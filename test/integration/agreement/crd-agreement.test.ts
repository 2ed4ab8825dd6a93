// The API server, by the rules in the CRDs, and our own parser and resolver must accept the same documents.
//
// What they differ in on purpose, and what no random document therefore has:
// - a disk named "boot" beside `image`: a clash unless the image is of format rom, which only the cluster knows;
// - classes and images that are missing, what a class allows, masks of images: only the cluster knows them;
// - a mask of class or VM that an image's mask overrides: resolving looks at the image's alone, the API server demands that
//   what a document says holds by itself;
// - text with characters beyond U+FFFF near its longest: the API server counts characters, our schemas UTF-16 units.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kinds } from '../../../src/crds/resource.ts';
import { describeWithKubeApi } from '../../testbed/describe-with-kube-api.ts';
import { installCrds } from '../../testbed/install-crds.ts';
import { startKubeApi } from '../../testbed/kube-api.ts';
import type { KubeApi } from '../../testbed/kube-api.ts';
import { kubeRequest } from '../../testbed/kube-request.ts';
import type { KubeRefusal } from '../../testbed/kube-request.ts';
import { randomDocument } from './documents.ts';
import type { RandomDocument } from './documents.ts';
import { ownVerdict } from './own-verdict.ts';

const documents = 600;

async function serverVerdict(api: KubeApi, document: RandomDocument): Promise<readonly string[]> {
  const { plural, scope } = kinds[document.kind];
  const path = `/apis/rtvm.dev/v1alpha1/${scope === 'Cluster' ? '' : 'namespaces/default/'}${plural}?dryRun=All&fieldValidation=Strict`;
  const { status, body } = await kubeRequest<KubeRefusal>(api, 'POST', path, { body: document });
  if (status === 201) return [];
  return body.details?.causes?.map(({ field, message }) => `${field ?? ''}: ${message}`) ?? [body.message];
}

describeWithKubeApi('CRDs and resolver', () => {
  let api: KubeApi;

  beforeAll(async () => {
    api = await startKubeApi();
    await installCrds(api);
  });

  afterAll(async () => {
    await api.stop();
  });

  test(`agree on ${documents} random documents`, async () => {
    const accepted = new Map<string, number>();
    const refused = new Map<string, number>();
    await fc.assert(fc.asyncProperty(randomDocument, async (document) => {
      const own = ownVerdict(document);
      const server = await serverVerdict(api, document);
      expect({ refuses: server.length > 0, own, server }).toEqual({ refuses: own.length > 0, own, server });
      expect(server.filter((line) => /conversion|overflow|no such|cost|rule:|evaluat/i.test(line))).toEqual([]);
      const counts = own.length === 0 ? accepted : refused;
      counts.set(document.kind, (counts.get(document.kind) ?? 0) + 1);
    }), { seed: 20261122, numRuns: documents });
    // Neither verdict may be rare, or agreeing would prove little.
    expect([...accepted.keys()].toSorted()).toEqual([...refused.keys()].toSorted());
    for (const count of [...accepted.values(), ...refused.values()]) expect(count).toBeGreaterThan(documents / 60);
  });
});
