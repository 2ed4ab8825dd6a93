import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { checkManifests } from '../../../src/cli/input/manifests.ts';
import { formatProblem } from '../../../src/crds/document-problem.ts';
import { parseFiles } from '../../../src/crds/parse-files.ts';
import type { RealtimeNode } from '../../../src/crds/realtime-node.ts';
import { toHostInventory } from '../../../src/crds/to-host-inventory.ts';
import { requireValid } from '../../../src/crds/require-valid.ts';
import { Cluster } from '../../../src/realtime/place/cluster.ts';
import { formatRefusal } from '../../../src/realtime/place/refusal-groups.ts';
import { repository } from '../../gitops/argocd-files.ts';

const root = join(repository, 'examples/gitops');
const folders = ['cluster/nodes', 'cluster/classes', 'tenants/ran', 'tenants/factory'];
const files = folders.flatMap((folder) => readdirSync(join(root, folder)).filter((name) => name.endsWith('.yaml')).map((name) => ({ file: `${folder}/${name}`, text: readFileSync(join(root, folder, name), 'utf8') })));

/** The hosts that the specs of the nodes are written for, as their agents would tell of them. */
const topologies: Readonly<Record<string, NonNullable<RealtimeNode['status']>['topology']>> = {
  'edge-1': {
    numaNodes: [
      { id: 0, cpus: '0-15,32-47', memoryMiB: 131_072, distances: [10, 21], hugepages: [{ size: '1Gi', total: 64, free: 64 }] },
      { id: 1, cpus: '16-31,48-63', memoryMiB: 131_072, distances: [21, 10], hugepages: [{ size: '1Gi', total: 64, free: 64 }] },
    ],
    cores: Array.from({ length: 32 }, (_, core) => `${core},${core + 32}`),
    caches: [{ level: 3, cpus: '0-15,32-47' }, { level: 3, cpus: '16-31,48-63' }],
    pciDevices: ['0000:3b:02.0', '0000:3b:02.1', '0000:3b:02.2', '0000:3b:02.3', '0000:51:00.1', '0000:51:00.2'].map((address) => ({ address, numaNode: 0 })),
  },
  'edge-2': {
    numaNodes: [{ id: 0, cpus: '0-7', memoryMiB: 32_768, distances: [10], hugepages: [{ size: '2Mi', total: 2048, free: 2048 }] }],
    caches: [],
    pciDevices: [],
  },
};

it('is a repository whose VMs all resolve, and fit on its hosts beside each other', () => {
  const { vms, documents, problems, warnings } = checkManifests(parseFiles(files), 'warn');
  expect([...problems, ...warnings].map(formatProblem)).toEqual([]);
  const nodes = documents.flatMap(({ resource }) => (resource.kind === 'RealtimeNode' ? [resource] : []));
  expect(nodes.map(({ metadata }) => metadata.name)).toEqual(Object.keys(topologies));
  const cluster = new Cluster(nodes.map((node) => requireValid(toHostInventory({ ...node, status: { topology: topologies[node.metadata.name] } }), node.metadata.name)), []);
  const placed = vms.map(({ spec: { identity }, guest }) => {
    const decision = cluster.decide(guest);
    if (decision.kind === 'refused') return [identity.name, formatRefusal(decision.groups)];
    cluster.commit(identity.uid, decision.placement);
    return [identity.name, guest.cpu.policy, guest.cpu.realtime?.vcpus.toString() ?? 'none', decision.placement.host];
  });
  expect(placed).toEqual([
    ['du-east-1', 'Dedicated', '0-7', 'edge-1'],
    ['du-east-2', 'Dedicated', '0-7', 'edge-1'],
    ['gateway', 'Mixed', '2-3', 'edge-2'],
    ['historian', 'Shared', 'none', 'edge-2'],
    ['plc-press-4', 'Dedicated', '0', 'edge-2'],
  ]);
});
